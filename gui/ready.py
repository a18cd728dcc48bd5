"""The screens behind the log-in, made while somebody types the passphrase.

Rules kept here: one a turn of the event loop, once the log-in was painted, so that neither typing
nor the log-in is held up; there is nothing in them, and nothing of the product is asked for them.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from gui.ask.screen import AskScreen
from gui.desk import Desk
from gui.library.screen import LibraryScreen
from gui.log.screen import LogScreen

EVERY_MS = 80


class Ready(QObject):
    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.desk = desk
        self._ask: AskScreen | None = None
        self._library: LibraryScreen | None = None
        self._log: LogScreen | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._make)
        self._timer.start()

    def screens(self) -> tuple[AskScreen, LibraryScreen, LogScreen]:
        """All three; what is not made yet is made now. They belong to who asks, and are made anew
        for the next."""
        self._timer.stop()
        made = (
            self._ask or AskScreen(self.desk),
            self._library or LibraryScreen(self.desk),
            self._log or LogScreen(self.desk),
        )
        self._ask = self._library = self._log = None
        return made

    def _make(self) -> None:
        if self._ask is None:
            self._ask = AskScreen(self.desk)
        elif self._library is None:
            self._library = LibraryScreen(self.desk)
        else:
            self._log = LogScreen(self.desk)
            self._timer.stop()
