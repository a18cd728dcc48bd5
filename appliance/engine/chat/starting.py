"""One attempt to have a chat host: under way, done, or failed.

Rules kept here: nobody waits for it who does not want to; what it failed with is known to all who
ask, and whether another attempt is worth making.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from appliance.engine.chat.errors import EngineStopped
from appliance.engine.chat.process import LASTING, HostProcess, again
from appliance.engine.errors import MemoryShort
from appliance.errors import EngineFailed

LEAVE = 5.0
"""Seconds that closing waits for a start under way."""
RETRY = 60.0
"""Seconds after which a start is tried again that failed for a reason which may pass."""


class Start:
    """One attempt to have a host: under way, done, or failed; also later, when its host ends.

    bring_up(start, before) runs in a thread of its own; `before` is what ended the host before."""

    def __init__(
        self,
        bring_up: Callable[[Start, EngineFailed | None], None],
        before: EngineFailed | None,
    ) -> None:
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._host: HostProcess | None = None
        self._failure: EngineFailed | None = None
        self._failed = 0.0
        self._thread = threading.Thread(
            target=bring_up, args=(self, before), name="chat-start", daemon=True
        )
        self._thread.start()

    @property
    def failure(self) -> EngineFailed | None:
        """Why there is no host that is fit for use; None while there is one, or may come."""
        if not self.done.is_set():
            return None
        return self._failure or (self._host.failure if self._host is not None else None)

    @property
    def problem(self) -> EngineFailed | None:
        """Why it failed, unless it is time to try again; not how a host ended later."""
        failure = self._failure if self.done.is_set() else None
        passes = not isinstance(failure, LASTING) or isinstance(failure, MemoryShort)
        if passes and time.monotonic() - self._failed > RETRY:
            return None
        return failure

    def host(self) -> HostProcess:
        """Once done. Raises what the start failed with."""
        if self._failure is not None or self._host is None:
            raise again(self._failure or EngineStopped("The model has not been started."))
        return self._host

    def attach(self, host: HostProcess) -> None:
        """The process that is being started, so that it can be ended meanwhile."""
        with self._lock:
            self._host, failure = host, self._failure
        if failure is not None:
            host.end(failure)

    def succeed(self) -> None:
        self.done.set()

    def fail(self, failure: EngineFailed) -> None:
        with self._lock:
            self._failure = self._failure or failure
            self._failed = time.monotonic()
        self.done.set()

    def end(self, failure: EngineFailed) -> None:
        """Ends the host, or the start that is under way, and what is kept of it on disk is whole
        on return (unless a driver that is being tried keeps the start waiting)."""
        with self._lock:
            self._failure = failure
            host = self._host
        if host is not None:
            host.end(failure)
        self._thread.join(LEAVE)
