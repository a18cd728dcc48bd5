"""How many threads this process has.

Rules kept here: the kernel is asked, not Python, which does not know of those that libraries start.
A thread that was joined is the kernel's for a moment longer; it is given that moment.
"""

from __future__ import annotations

import os
import time

ENDING = 2.0
"""Seconds within which a thread that has come to its end is gone."""


def threads_that_stay() -> int:
    """At once where there is but one; else those that are still there ENDING seconds later."""
    ended = time.monotonic() + ENDING
    while (count := len(os.listdir("/proc/self/task"))) > 1:  # noqa: PTH208 - names only
        if time.monotonic() > ended:
            break
        time.sleep(0.001)
    return count
