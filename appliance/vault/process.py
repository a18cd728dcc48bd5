"""What the process does to itself before it holds a key.

Rules kept here: nothing is reported that was not read back from the kernel; calling twice changes
nothing. POSIX only; what the platform lacks is left out of the answer, never pretended.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

_PR_GET_DUMPABLE = 3  # linux/prctl.h
_PR_SET_DUMPABLE = 4

CORE_DUMPS_OFF = "core dumps off"
NOT_DUMPABLE = "memory closed to other processes"
FILES_PRIVATE = "new files private to this user"


def harden_process() -> tuple[str, ...]:
    """Turns core dumps off, closes memory to other processes of the user (Linux), umask 077.

    Returns what holds now, in words. Idempotent. Children made by exec inherit the limit and the
    umask but not the memory guard; they call this again.
    """
    holds: list[str] = []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0):
        holds.append(CORE_DUMPS_OFF)
    if sys.platform == "linux" and _close_memory():
        holds.append(NOT_DUMPABLE)
    os.umask(0o077)
    if os.umask(0o077) == 0o077:
        holds.append(FILES_PRIVATE)
    return tuple(holds)


def _close_memory() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    # prctl is variadic and reads five unsigned longs; ints alone would leave garbage in the rest.
    zero = ctypes.c_ulong(0)
    libc.prctl(_PR_SET_DUMPABLE, zero, zero, zero, zero)
    return int(libc.prctl(_PR_GET_DUMPABLE, zero, zero, zero, zero)) == 0
