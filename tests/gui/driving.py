"""Doing with the window what a person does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.ask.turn import TurnView
from gui.shell import Shell
from gui.workplace import Workplace

PASSPHRASE = "tidal lantern orchard mosaic"
QUESTION = "When can apixaban be restarted after a high bleeding-risk procedure?"


def workplace(shell: Shell) -> Workplace:
    place = shell.workplace
    assert place is not None
    return place


def ask(shell: Shell, qtbot: QtBot, text: str, *, wait: bool = True) -> TurnView:
    """Types the question, presses Enter, and waits for the end of it."""
    screen = workplace(shell).ask
    screen.composer.typing.setPlainText(text)
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Return)
    view = screen.stream.views[-1]
    if wait:
        qtbot.waitUntil(lambda: view.stages is None, timeout=5000)
        qtbot.waitUntil(lambda: screen.composer.send.accessibleName() == "Ask")
    return view
