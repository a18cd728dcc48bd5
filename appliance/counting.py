"""Counts what happens while somebody is logged in: numbers alone, no ids, no text.

Rule kept here: counting never fails and never waits for anything but its own lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counted:
    """As values.Insights names them."""

    ended: tuple[tuple[str, int], ...]
    open: int
    waiting: int
    answer_seconds: float
    tokens: int
    token_seconds: float


def _nobody_waits() -> int:
    return 0


@dataclass(slots=True)
class Meter:
    """Safe to call from several threads. waiting: tells how many calls wait now."""

    waiting: Callable[[], int] = _nobody_waits
    _ended: Counter[str] = field(default_factory=Counter)
    _open: int = 0
    _answer_seconds: float = 0.0
    _tokens: int = 0
    _token_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self) -> None:
        with self._lock:
            self._open += 1

    def ended(self, outcome: str, seconds: float) -> None:
        """seconds: of the answer, 0 where there is none."""
        with self._lock:
            self._open = max(0, self._open - 1)
            self._ended[outcome] += 1
            self._answer_seconds += seconds

    def wrote(self, tokens: int, seconds: float) -> None:
        with self._lock:
            self._tokens += tokens
            self._token_seconds += seconds

    def read(self) -> Counted:
        waiting = self.waiting()
        with self._lock:
            return Counted(
                tuple(sorted(self._ended.items())),
                self._open,
                waiting,
                self._answer_seconds,
                self._tokens,
                self._token_seconds,
            )
