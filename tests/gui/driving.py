"""Doing with the window what a person does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog
from pytestqt.qtbot import QtBot

from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage
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


def dialog(kind: type[QDialog]) -> QDialog | None:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found[0] if found else None


def passage(text: str, title: str = "Guide") -> Passage:
    return Passage("k1", "d1", 1, title, text, ((0, len(text)),), (), ())


def answered(text: str, title: str = "Guide") -> Answer:
    cited = Citation(1, passage(text, title), 0, len(text))
    sentence = AnswerSentence(text, (1,))
    return Answer((sentence,), (cited,), AnswerMode.QUOTE, "m", 0.9, 0.3)


def row_text(listed: QAbstractItemView, row: int, role: int = Qt.ItemDataRole.DisplayRole) -> str:
    """What a row of a list says; empty for nothing."""
    return str(listed.model().index(row, 0).data(role) or "")


def point_at_row(listed: QAbstractItemView, row: int) -> None:
    listed.setCurrentIndex(listed.model().index(row, 0))


def open_row(listed: QAbstractItemView, row: int) -> None:
    """As by a click."""
    listed.clicked.emit(listed.model().index(row, 0))
