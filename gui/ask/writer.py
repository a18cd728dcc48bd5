"""Who writes the answers, and how that stands: asked again while the model is being started."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from appliance.values import Writing
from gui.desk import Desk
from gui.worker import Lane

AGAIN = 2_000
"""Milliseconds between two looks while the model is being started."""


class Writer(QObject):
    """`changed` when it may be another; `state` is None while nobody knows."""

    changed = Signal()

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self.state: Writing | None = None
        self.interval = AGAIN
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)

    def look(self) -> None:
        self._desk.worker.run(
            self,
            Lane.READ,
            self._desk.appliance.writing,
            self._take,
            lambda _: self._take(None),  # a courtesy: its lack is no news
        )

    def forget(self) -> None:
        self._take(None)

    def _take(self, state: Writing | None) -> None:
        self.state = state
        self._timer.stop()
        if state is not None and state.starting and state.allowed:
            self._timer.start(self.interval)
        self.changed.emit()
