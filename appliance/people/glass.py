"""Broken glass: a collection that somebody came to in need, for a time.

Rules kept here: a written reason and a limit, both bounded; a glass is over when its time is, by
the clock on the wall or by the time that never goes back, whichever comes first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.errors import UsageError
from appliance.people.errors import ReasonMissing, RemarkMissing

SHORTEST_REASON = 10
LONGEST_REASON = 2_000
LONGEST = 8 * 60
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Glass:
    """Of one collection. `ends` is what the log says, `stops` is in seconds of `ticking`."""

    id: str
    collection: str
    title: str
    ends: datetime
    stops: float


class Glasses:
    """Those that are broken now. Safe to call from several threads."""

    def __init__(self, ticking: Callable[[], float], clock: Callable[[], datetime]) -> None:
        self._ticking, self._clock = ticking, clock
        self._lock = threading.Lock()
        self._broken: dict[str, Glass] = {}

    def put(self, id: str, collection: str, title: str, ends: datetime) -> Glass:
        left = max((ends - self._clock()).total_seconds(), 0.0)
        glass = Glass(id, collection, title, ends, self._ticking() + left)
        with self._lock:
            self._broken[collection] = glass
        return glass

    def holds(self, collection: str) -> bool:
        """Whether its glass is broken and its time is not over."""
        with self._lock:
            glass = self._broken.get(collection)
        return glass is not None and not self._over(glass)

    def all(self) -> tuple[Glass, ...]:
        with self._lock:
            return tuple(self._broken.values())

    def over(self) -> tuple[Glass, ...]:
        """Those whose time is over, in no order."""
        return tuple(glass for glass in self.all() if self._over(glass))

    def drop(self, collection: str) -> Glass | None:
        """None if there is none: whoever gets it closes the collection, nobody else does."""
        with self._lock:
            return self._broken.pop(collection, None)

    def _over(self, glass: Glass) -> bool:
        return self._ticking() >= glass.stops or self._clock() >= glass.ends


def require_reason(untrusted: str) -> str:
    """Single spaces. Raises ReasonMissing."""
    return _required(untrusted, "A reason", ReasonMissing)


def require_remark(untrusted: str) -> str:
    """What an auditor says of an alert, as `require_reason`. Raises RemarkMissing."""
    return _required(untrusted, "A remark", RemarkMissing)


def _required(untrusted: str, what: str, missing: type[UsageError]) -> str:
    text = " ".join(untrusted.split())
    if not SHORTEST_REASON <= len(text) <= LONGEST_REASON:
        raise missing(
            f"{what} has {SHORTEST_REASON} to {LONGEST_REASON:,} characters; this has {len(text)}."
        )
    return text


def require_minutes(untrusted: int, most: int = LONGEST) -> timedelta:
    """Raises UsageError."""
    if not 1 <= untrusted <= most:
        raise UsageError(
            f"A glass stays broken for 1 to {most} minutes.", hint="Ask for as long as you need."
        )
    return timedelta(minutes=untrusted)
