"""How work under way is told to stop: set from any thread, looked at between steps."""

from __future__ import annotations

import threading


class Cancellation:
    """Set from any thread; the work looks at it between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()
