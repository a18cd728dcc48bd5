"""How long the event loop was held up.

Rule kept here: what other work on the machine takes is not counted, what our own threads take is.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QTimer

HELD_UP = 0.05
"""Seconds: what a person begins to feel."""


def scheduled() -> dict[int, tuple[float, float]]:
    """Seconds each thread of ours ran, and was ready to run while the kernel had no processor for
    it. Empty where the kernel does not tell."""
    told = {}
    for thread in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            ran, waited, _ = thread.read_text().split()
            told[int(thread.parent.name)] = int(ran) / 1e9, int(waited) / 1e9
    return told


class Watchdog:
    """The longest time between two turns of the event loop, in seconds, less what other work on the
    machine took from us: what the GUI thread ran counts in full, what it slept or waited for counts
    unless a thread of ours (which may hold Python's lock) was kept from running meanwhile."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last, self._before = monotonic(), scheduled()
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    def beat(self) -> None:
        now, told = monotonic(), scheduled()
        held = now - self._last
        mine = threading.get_native_id()
        if mine in told:
            (ran, waited), (ran_before, waited_before) = told[mine], self._before[mine]
            away = held - (ran - ran_before) - (waited - waited_before)
            kept = [told[one][1] - self._before.get(one, told[one])[1] for one in told]
            held = ran - ran_before + max(0.0, away - max(kept))
        self.longest = max(self.longest, held)
        self._last, self._before = now, told
