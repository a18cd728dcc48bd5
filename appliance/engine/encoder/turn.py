"""Taking turns at the one engine: a question goes before an import.

Rules kept here: one holder at a time; an urgent one waits for the current holder only, never for
another that is not urgent. Imports ask for many small turns, so a question waits for one at most.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock with two classes of waiters."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._taken = False
        self._urgent_waiting = 0

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        """Holds the turn for the block."""
        with self._condition:
            if urgent:
                self._urgent_waiting += 1
            try:
                self._condition.wait_for(
                    lambda: not self._taken and (urgent or self._urgent_waiting == 0)
                )
                self._taken = True
            finally:
                if urgent:
                    self._urgent_waiting -= 1
        try:
            yield
        finally:
            with self._condition:
                self._taken = False
                self._condition.notify_all()
