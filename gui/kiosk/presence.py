"""Whether the visitor is still there: a countdown at the end of which all of theirs is wiped.

Rules kept here: only what a person does now counts, never work that goes on or a key that is held;
the time runs while the machine sleeps, so that waking up finds it over.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.idle import Limit

WARNED = 20
"""Seconds before the end from which on it is said (WCAG 2.2, 2.2.1: twenty to answer in)."""
_LOOK_MS = 250


class Presence(QObject):
    """`warned(seconds)` while the end is near, `welcome` when somebody came back, `due` at the
    end, once."""

    warned = Signal(int)
    welcome = Signal()
    due = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._limit: Limit | None = None
        self._said = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def begin(self, limit: Limit) -> None:
        """From now on; a visitor has come."""
        self._limit, self._said = limit, False
        self._timer.start()

    def end(self) -> None:
        self._limit, self._said = None, False
        self._timer.stop()

    def touch(self) -> None:
        """The visitor did something. What comes too late wakes nobody's session up."""
        self.look()
        if self._limit is None:
            return
        self._limit.touch()
        if self._said:
            self._said = False
            self.welcome.emit()

    def look(self) -> None:
        if self._limit is None:
            return
        left = self._limit.left
        if left <= 0:
            self.end()
            self.due.emit()
        elif left <= WARNED:
            self._said = True
            self.warned.emit(int(left) + 1)
