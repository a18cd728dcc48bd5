"""Waiting for the real product in a window, with the event loop turning."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 90.0


def until(ready: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
    """Returns once `ready()` is true. Raises TimeoutError."""
    from PySide6.QtWidgets import QApplication  # late: the guards come before Qt

    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what or 'the window'}")
        QApplication.processEvents()
        time.sleep(0.005)
