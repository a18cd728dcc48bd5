"""Python's garbage collector, on the window's thread and between its events alone.

Left to itself it runs on whichever thread happens to allocate, in the middle of whatever that is
doing: on a lane it would destroy Qt's objects off their thread, in a paint event under Qt's feet.

Rules kept here: while a window has lanes nothing is collected by itself. The young generations are
looked at ten times a second, by Python's own thresholds. All of it, which takes longer, waits
until no lane has worked for a while; what was there at the first such rest is left alone from then
on, for most of it is the program itself.
"""

from __future__ import annotations

import gc
from time import monotonic

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 100
REST = 2.0
"""Seconds without work."""
_AT_LAST = 50
"""So many times its threshold, the oldest generation waits for no rest any more."""


class Collecting(QObject):
    """From when it is made until `stop`. What it counts is the whole process's."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._worked = monotonic()
        self._settled = False
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def work(self) -> None:
        """A lane begins or brings something."""
        self._worked = monotonic()

    def look(self) -> None:
        """Collects the oldest generation that is due."""
        young, middle, old = gc.get_count()
        least = self._thresholds
        resting = monotonic() - self._worked > REST
        if (resting and not self._settled) or old > least[2] * (1 if resting else _AT_LAST):
            gc.collect()
            if not self._settled:
                gc.freeze()
                self._settled = True
        elif middle > least[1]:
            gc.collect(1)
        elif young > least[0]:
            gc.collect(0)

    def stop(self) -> None:
        """The lanes have ended: Python goes on by itself."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
