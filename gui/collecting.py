"""Python's garbage collector, on the window's thread and between its events alone.

Left to itself it runs on whichever thread happens to allocate, in the middle of whatever that is
doing: on a lane it would destroy Qt's objects off their thread, in a paint event under Qt's feet.

Rules kept here: while a window has lanes nothing is collected by itself; the youngest generation is
looked at several times a second, and an older one when Python's own thresholds say so.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 200


class Collecting(QObject):
    """From when it is made until `stop`. What it counts is the whole process's."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collects the oldest generation that is due."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """The lanes have ended: Python goes on by itself."""
        self._timer.stop()
        gc.enable()
