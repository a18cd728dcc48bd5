"""Documents of a person's own beside a conversation, in the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from gui.ask.screen import AskScreen
from gui.shell import Shell
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
