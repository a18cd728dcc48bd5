"""An answer in the clipboard: once the product has said so, and nothing but what is shown."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from appliance.values import CopyForm
from gui.ask.actions import Act
from gui.ask.copying import copied
from gui.shell import Shell
from tests.gui.driving import QUESTION, answered, ask, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace
from tests.gui.test_turn_actions import press


def test_an_answer_is_copied_with_its_sources_or_without_once_the_product_has_said_so(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    board = QGuiApplication.clipboard()
    board.clear()
    press(view, Act.COPY)
    qtbot.waitUntil(lambda: "48 to 72 hours" in board.text())
    bare = board.text()
    assert "[1]" not in bare
    press(view, Act.CITE)
    qtbot.waitUntil(lambda: "[1] Anticoagulation Guideline 2026, p. 1" in board.text())
    assert product.copied == [(CopyForm.WORDS, len(bare)), (CopyForm.CITED, len(board.text()))]


def test_a_part_is_copied_the_same_way_and_by_no_other(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    board = QGuiApplication.clipboard()
    board.clear()
    view.text.selectAll()
    assert not view.text.createMimeDataFromSelection().formats()  # nor can it be dragged away
    view.text.setFocus()
    QTest.keyClick(view.text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "48 to 72 hours" in board.text())
    assert product.copied == [(CopyForm.PART, len(board.text()))]
    where = view.text.mapToGlobal(view.text.rect().center())
    menu_of = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), where)
    QApplication.sendEvent(view.text.viewport(), menu_of)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.actions()[0].trigger()
    menu.close()
    qtbot.waitUntil(lambda: len(product.copied) == 2)


def test_what_the_policy_keeps_here_is_not_copied_and_says_so(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    board = QGuiApplication.clipboard()
    board.setText("before")
    pace.forbids = True
    place = workplace(shell)
    for act in (Act.COPY, Act.CITE):
        place.notice.hide()
        press(view, act)
        qtbot.waitUntil(place.notice.isVisible)
    place.notice.hide()
    view.text.selectAll()
    QTest.keyClick(view.text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(place.notice.isVisible)
    assert board.text() == "before"


def test_what_no_passage_supports_is_copied_as_such_either_way() -> None:
    answer = answered("Two tablets.")
    answer = replace(answer, sentences=(replace(answer.sentences[0], supported=False),))
    for cited in (True, False):
        assert "(no passage supports this)" in copied(answer, cited=cited)


def test_what_is_copied_holds_nothing_that_is_not_shown() -> None:
    hostile = "Give 10 mg.\x1b[2J\r\nrm\u202e"
    said = copied(answered(hostile, "Title\u202e\x07"), cited=True)
    assert said == "Give 10 mg.[2J rm [1]\n\n[1] Title, p. 1"
    assert copied(answered(hostile), cited=False) == "Give 10 mg.[2J rm"
