"""How many threads this process has, as the kernel counts them."""

from __future__ import annotations

import os
import time

JOINED = 1.0
"""Seconds that a thread which was joined may still be counted."""


def threads_left() -> int:
    """1 once all but one have ended. A thread that was joined is still there for a moment: the
    kernel takes it away after it has said that it ended."""
    deadline = time.monotonic() + JOINED
    while (threads := len(os.listdir("/proc/self/task"))) != 1:  # noqa: PTH208 - names only
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return threads
