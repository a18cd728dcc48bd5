"""Whether a child is gone once the process that made it was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest


def require_gone(orphaning: str) -> None:
    """orphaning: a program that starts a child, prints its number and kills itself."""
    done = subprocess.run(
        [sys.executable, "-c", orphaning], capture_output=True, text=True, check=False
    )
    child = int(done.stdout)
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":  # ended; only its reaper is missing
            return
        time.sleep(0.05)
    pytest.fail("the host is still running")
