"""Sticks that are plugged in: looked for now and then, and told of once each.

Rules kept here: only where the system mounts sticks for this person; nothing on a stick is read
here but whether a parcel lies on it; what is then done about it is asked for in a dialog.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from gui.desk import Desk
from gui.outbox import mounted
from gui.worker import Lane

EVERY_MS = 4_000


class Sticks(QObject):
    """`found(folder)` once for a stick with a parcel; again when it was taken out meanwhile."""

    found = Signal(Path)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._known: set[Path] = set()
        self._busy = False
        self.timer = QTimer(self)
        self.timer.setInterval(EVERY_MS)
        self.timer.timeout.connect(self.look)

    def start(self) -> None:
        self._busy = False
        self.timer.start()

    def stop(self) -> None:
        """Until the next `start`; every stick is news again."""
        self.timer.stop()
        self._known = set()

    def look(self) -> None:
        if self._busy:
            return
        self._busy = True

        def work() -> tuple[Path, ...]:
            folders = mounted()
            if not folders:
                return ()
            with self._desk.appliance.administration() as care:
                return tuple(folder for folder in folders if care.is_parcel(folder))

        # A stick that cannot be looked at is chosen by hand.
        self._desk.worker.run(self, Lane.CARRY, work, self._take, lambda _: self._take(()))

    def unsaid(self, folder: Path) -> None:
        """Nobody could be told just now: it is news the next time."""
        self._known.discard(folder)

    def _take(self, folders: tuple[Path, ...]) -> None:
        self._busy = False
        fresh = [folder for folder in folders if folder not in self._known]
        self._known = set(folders)
        if self.timer.isActive():
            for folder in fresh[:1]:  # one dialog at a time
                self._known.difference_update(fresh[1:])
                self.found.emit(folder)
