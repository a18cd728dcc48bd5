"""Whether anybody is there: what a person does to the program, and for how long nothing.

Rules kept here: only keys, buttons, the wheel, touches and the moving mouse count, never work that
goes on by itself; the time is the appliance's, which runs while the machine sleeps.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

_DOING = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.TabletPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.Wheel,
        QEvent.Type.InputMethod,
    }
)
_LOOK_MS = 1_000


class Limit(Protocol):
    """Counts the time since it was touched; `left` is 0 when it is over."""

    def touch(self) -> None: ...

    @property
    def left(self) -> float: ...


class Idle(QObject):
    """Emits `due` once when nobody has done anything for as long as the limit says."""

    due = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._limit: Limit | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def begin(self, limit: Limit) -> None:
        """From now on; somebody has just logged in."""
        self._limit = limit
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        self._timer.start()

    def end(self) -> None:
        """Until the next `begin`."""
        self._limit = None
        self._timer.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def look(self) -> None:
        if self._limit is not None and self._limit.left <= 0:
            self.end()
            self.due.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Lets everything through."""
        if self._limit is not None and event.type() in _DOING:
            self.look()  # waking up with a key press is no reason to stay open
            if self._limit is not None:
                self._limit.touch()
        return super().eventFilter(watched, event)
