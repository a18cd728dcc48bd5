"""The time, at the product's edge: everything below is given it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_TICKING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux counts sleep in it


def now() -> datetime:
    return datetime.now(UTC)


def ticking() -> float:
    """Seconds that never go back and, on Linux, go on while the machine sleeps."""
    return time.clock_gettime(_TICKING)
