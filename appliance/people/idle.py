"""When nobody has touched the program for so long that it locks.

Rules kept here: time runs while the machine sleeps, so that waking up finds it locked; nothing but
a person's own doing counts as touching, a running import does not.
"""

from __future__ import annotations

from collections.abc import Callable


class Idleness:
    """`ticking` gives seconds that never go back (appliance.clock.ticking). Not for several
    threads."""

    def __init__(self, limit: float, ticking: Callable[[], float]) -> None:
        """limit: seconds."""
        self._limit, self._ticking = limit, ticking
        self._touched = ticking()

    def touch(self) -> None:
        """A key, the mouse, the wheel."""
        self._touched = self._ticking()

    @property
    def left(self) -> float:
        """Seconds until it locks; 0 when it is due."""
        return max(0.0, self._touched + self._limit - self._ticking())
