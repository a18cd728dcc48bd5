"""The end of a child process that was told to end.

Rules kept here: nobody waits without a limit. A process that is stuck inside a driver (state D)
does not even end by SIGKILL until the driver lets go of it; then a thread of its own waits for it.
"""

from __future__ import annotations

import subprocess
import threading
from typing import Any

AFTER_KILL = 3.0
"""Seconds that whoever kills a process waits for its end; usually it takes milliseconds."""


def kill(process: subprocess.Popen[Any]) -> bool:
    """Kills it; whether its end was seen within AFTER_KILL. One that stays is reaped when it ends,
    by a thread that keeps nobody."""
    process.kill()
    try:
        process.wait(timeout=AFTER_KILL)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name=f"reaper-{process.pid}", daemon=True).start()
        return False
    return True
