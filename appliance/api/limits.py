"""How much one caller may take, and how much of turning it away is logged.

Rules kept here: every bound is counted before anything is done for a call; what is turned away is
logged once at once and then as a count, so that a flood cannot fill the log, and every one of it is
accounted for. Seconds are passed in, from a clock that never runs backwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from appliance.api.errors import Busy, TooManyCalls

WRONG_REVOCATIONS_PER_MINUTE = 30
WRONG_TOKENS_PER_MINUTE = 30
"""Of all callers together: 256 bits are not guessed, but a flood would cost something."""
WINDOW = 60.0
"""Seconds for which what is alike is only counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """connections: open at once, others are turned away. asks: answered at once; waiting: further
    ones that wait, for `patience` seconds. head, body: bytes of a request. The rest is seconds: for
    a request's head, for its body, for 64 KiB of a reply to be taken, between two requests,
    between two looks at whether to stop."""

    connections: int = 16
    asks: int = 2
    waiting: int = 8
    patience: float = 30.0
    head: int = 16_384
    body: int = 1 << 20
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    send_seconds: float = 15.0
    idle_seconds: float = 60.0
    look_seconds: float = 0.25


class Rate:
    """So many a minute, a third of them at once; one bucket for each name."""

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._most = max(per_minute / 3, 1.0)
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, now: float, sentence: str) -> None:
        """Raises TooManyCalls."""
        with self._lock:
            filled, when = self._buckets.get(name, (self._most, now))
            filled = min(self._most, filled + (now - when) * self._per_second)
            if filled < 1:
                self._buckets[name] = (filled, now)
                wait = int((1 - filled) / self._per_second) + 1
                raise TooManyCalls(sentence, wait)
            self._buckets[name] = (filled - 1, now)


class Turns:
    """At most `at_once` at the same time, and at most `waiting` that wait for it."""

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._waiting = threading.Semaphore(waiting)
        self._patience = patience
        self._count = 0
        self._lock = threading.Lock()

    @property
    def queue(self) -> int:
        """How many wait now."""
        return self._count

    def begin(self, cancelled: Callable[[], bool]) -> None:
        """Raises Busy. `cancelled` is asked four times a second while it waits."""
        if self._free.acquire(blocking=False):
            return
        if not self._waiting.acquire(blocking=False):
            raise Busy("Too many questions are waiting already.", 10)
        try:
            with self._lock:
                self._count += 1
            left = self._patience
            while left > 0 and not cancelled():
                if self._free.acquire(timeout=min(0.25, left)):
                    return
                left -= 0.25
            raise Busy("The questions before this one take too long.", 10)
        finally:
            with self._lock:
                self._count -= 1
            self._waiting.release()

    def end(self) -> None:
        self._free.release()


class Refusals:
    """What was turned away: the first of a kind is told at once, what follows within a minute as
    one count. Safe to call from several threads."""

    def __init__(self, tell: Callable[[str, str, int], None]) -> None:
        """tell: code, who (a token's label, or ""), how many."""
        self._tell = tell
        self._counted: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def add(self, code: str, who: str, now: float) -> None:
        told: list[tuple[str, str, int]] = []
        with self._lock:
            told += self._due(now)
            begun = self._counted.get((code, who))
            if begun is None:
                self._counted[code, who] = (now, 0)
                told.append((code, who, 1))
            else:
                self._counted[code, who] = (begun[0], begun[1] + 1)
        self._say(told)

    def tell(self, now: float = float("inf")) -> None:
        """Tells what is only counted yet and whose minute is over by then."""
        with self._lock:
            told = self._due(now)
        self._say(told)

    def _due(self, now: float) -> list[tuple[str, str, int]]:
        """What was counted and whose minute is over. The lock is held."""
        over = [key for key, (begun, _) in self._counted.items() if now - begun >= WINDOW]
        counts = [(key, self._counted.pop(key)[1]) for key in over]
        return [(*key, count) for key, count in counts if count]

    def _say(self, told: list[tuple[str, str, int]]) -> None:
        for code, who, count in told:
            self._tell(code, who, count)
