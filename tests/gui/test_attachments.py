"""Documents of a person's own beside a conversation, in the window."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from gui.ask.copying import copied
from gui.ask.screen import AskScreen
from gui.shell import Shell
from gui.worker import Lane
from tests.gui.driving import (
    QUESTION,
    ask,
    dialog,
    open_row,
    workplace,
)
from tests.gui.memory_state import Pace

LETTER = "Transfer letter\n\nThe patient of bed seven receives zanamivir twice daily.\n"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.md"
    file.write_text(LETTER)
    return file


def beside(screen: AskScreen) -> list[str]:
    return [chip.accessibleName() for chip in screen.attachments.shown]


def test_a_document_is_chosen_named_and_answers_here_alone(
    shell: Shell, qtbot: QtBot, letter: Path
) -> None:
    screen = workplace(shell).ask
    ask(shell, qtbot, QUESTION)
    QTest.mouseClick(screen.composer.attach, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog(QFileDialog) is not None)
    chosen = dialog(QFileDialog)
    assert isinstance(chosen, QFileDialog)
    chosen.filesSelected.emit([str(letter)])
    chosen.reject()
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])
    assert "Only this conversation" in screen.attachments.says.text()
    here = ask(shell, qtbot, "What does the patient of bed seven receive?")
    assert "zanamivir" in here.text.toPlainText()
    assert here.chips is not None
    chip = here.chips.chip(1)
    assert chip is not None
    assert "Your own document, not of the library." in chip.accessibleName()
    assert here.answer is not None
    own = copied(here.answer, cited=True, beside=screen.conversation)
    assert "[1] Transfer letter, text (not of the library)" in own
    workplace(shell).new_question()
    assert beside(screen) == []
    there = ask(shell, qtbot, "What does the patient of bed seven receive?")
    assert there.answer is None or "zanamivir" not in there.text.toPlainText()


def test_a_conversation_can_begin_with_a_document(shell: Shell, qtbot: QtBot, letter: Path) -> None:
    place = workplace(shell)
    screen = place.ask
    screen.attachments.add((letter,))
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])
    begun = screen.conversation
    assert begun
    ask(shell, qtbot, "What does the patient of bed seven receive?")
    assert screen.conversation == begun
    assert beside(screen) == ["Transfer letter"]
    assert place.title.text() == "What does the patient of bed seven receive?"
    place.new_question()
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1)
    open_row(place.side.conversations, 0)
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])


def test_a_document_is_taken_away_by_keyboard(shell: Shell, qtbot: QtBot, letter: Path) -> None:
    screen = workplace(shell).ask
    screen.attachments.add((letter,))
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])
    away = screen.attachments.shown[0].away
    assert away.accessibleName() == "Take “Transfer letter” away"
    away.setFocus()
    QTest.keyClick(away, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: beside(screen) == [])
    assert screen.attachments.says.text() == ""


def test_what_cannot_be_read_says_why(shell: Shell, qtbot: QtBot, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"\xff\xfe\x00")
    screen = workplace(shell).ask
    screen.attachments.add((broken,))
    qtbot.waitUntil(screen.attachments.notice.isVisible)
    assert screen.attachments.notice.sentence
    assert screen.attachments.notice.step


def test_what_the_policy_does_not_let_be_attached_says_so(
    shell: Shell, pace: Pace, qtbot: QtBot, letter: Path
) -> None:
    pace.forbids = True
    screen = workplace(shell).ask
    screen.attachments.add((letter,))
    qtbot.waitUntil(screen.attachments.notice.isVisible)
    assert beside(screen) == []


def test_what_was_being_read_for_one_conversation_is_not_shown_at_another(
    shell: Shell, pace: Pace, qtbot: QtBot, letter: Path
) -> None:
    pace.file = 0.2
    screen = workplace(shell).ask
    screen.attachments.add((letter,))
    assert "Reading letter.md" in screen.attachments.says.text()
    workplace(shell).new_question()
    assert screen.attachments.says.text() == ""
    qtbot.wait(400)
    assert beside(screen) == []


def test_locking_takes_them_out_of_sight(shell: Shell, qtbot: QtBot, letter: Path) -> None:
    screen = workplace(shell).ask
    screen.attachments.add((letter,))
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])
    shell.lock()
    assert beside(screen) == []


def held(paths: list[Path] | None = None, text: str = "", address: str = "") -> QMimeData:
    data = QMimeData()
    if text:
        data.setText(text)
    else:
        files = [QUrl.fromLocalFile(str(path)) for path in paths or ()]
        data.setUrls(files or [QUrl(address)])
    return data


def drop(
    widget: QWidget | None, data: QMimeData, actions: Qt.DropAction
) -> tuple[bool, Qt.DropAction]:
    """Whether it was taken, and how."""
    assert widget is not None
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), actions, data, buttons, keys)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False, enter.dropAction()
    event = QDropEvent(QPointF(5, 5), actions, data, buttons, keys)
    QApplication.sendEvent(widget, event)
    return event.isAccepted(), event.dropAction()


def test_a_document_that_is_dropped_on_a_conversation_is_beside_it_and_stays_where_it_was(
    shell: Shell, qtbot: QtBot, letter: Path
) -> None:
    screen = workplace(shell).ask
    talk = screen.composer.parentWidget()
    both = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    assert drop(talk, held([letter]), both) == (True, Qt.DropAction.CopyAction)
    qtbot.waitUntil(lambda: beside(screen) == ["Transfer letter"])
    assert letter.exists()


def test_nothing_else_that_is_dropped_is_taken(shell: Shell, qtbot: QtBot, letter: Path) -> None:
    screen = workplace(shell).ask
    talk = screen.composer.parentWidget()
    for data in (held(text="Delete the log."), held(address="https://evil.example/a.pdf")):
        assert not drop(talk, data, Qt.DropAction.CopyAction)[0]
    assert not drop(talk, held([letter]), Qt.DropAction.MoveAction)[0]
    for other in (screen.panel, shell):
        assert not drop(other, held([letter]), Qt.DropAction.CopyAction)[0]
    assert beside(screen) == []
    assert screen.composer.typing.toPlainText() == ""


def test_reading_is_stopped_and_a_second_document_waits_for_the_first(
    shell: Shell, pace: Pace, qtbot: QtBot, letter: Path
) -> None:
    pace.file = 0.2
    attachments = workplace(shell).ask.attachments
    attachments.add((letter, letter, letter))
    assert attachments.stop.isVisible()
    attachments.add((letter,))
    assert attachments.notice.sentence == "Another document is still being read."
    attachments.stop.click()
    qtbot.waitUntil(lambda: not attachments.stop.isVisible())
    assert len(attachments.shown) < 3


def test_a_document_waits_for_no_import_into_the_library(
    shell: Shell, qtbot: QtBot, letter: Path
) -> None:
    go = threading.Event()
    place = workplace(shell)
    shell.worker.run(place, Lane.IMPORT, go.wait, lambda _: None, lambda _: None)
    place.ask.attachments.add((letter,))
    qtbot.waitUntil(lambda: beside(place.ask) == ["Transfer letter"])
    go.set()


def test_a_document_that_comes_with_the_first_question_is_beside_that_one(
    shell: Shell, qtbot: QtBot, letter: Path
) -> None:
    """Before the product has said which conversation it is."""
    screen = workplace(shell).ask
    view = ask(shell, qtbot, QUESTION, wait=False)
    assert drop(screen.composer.parentWidget(), held([letter]), Qt.DropAction.CopyAction)[0]
    qtbot.waitUntil(lambda: view.answer is not None and beside(screen) == ["Transfer letter"])
    (conversation,) = (one.id for one in screen.appliance.conversations())
    assert screen.conversation == conversation
    here = ask(shell, qtbot, "What does the patient of bed seven receive?")
    assert "zanamivir" in here.text.toPlainText()
