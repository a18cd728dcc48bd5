"""A child process that does not end when it is killed, as one that a driver holds (state D)."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from appliance.engine import reaping


class Stuck(subprocess.Popen[Any]):
    """Every wait for it lasts as long as it may, until it is let go."""

    made: list[Stuck]
    released: threading.Event

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as Popen's
        super().__init__(*arguments, **named)
        self.released = threading.Event()
        type(self).made.append(self)

    def kill(self) -> None:
        """The signal waits until the driver lets go."""

    def wait(self, timeout: float | None = None) -> int:
        if not self.released.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        super().kill()
        return super().wait()


@contextmanager
def stuck_processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Stuck]]:
    """While the block runs, every child is one; at the end all of them are let go and reaped."""

    class Mine(Stuck):
        made: list[Stuck] = []  # noqa: RUF012 - of this block alone

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", Mine)
        patched.setattr(reaping, "AFTER_KILL", 0.3)
        yield Mine.made
    reapers = [one for one in threading.enumerate() if one.name.startswith("reaper-")]
    for process in Mine.made:
        process.released.set()
        process.wait()
    for reaper in reapers:
        reaper.join(5)
    assert not any(reaper.is_alive() for reaper in reapers)
