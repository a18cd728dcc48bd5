"""Children that are asked to measure, one JSON line a task, one a result.

Rules kept here: nothing but the standard library (the peers' interpreter reads this file). A child
that is not being asked is stopped (SIGSTOP), so that its threads, which may spin for a while after
work, take nothing from the other side's measurement.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


class ChildFailed(Exception):
    """A child reported an error or went away."""


class Child:
    """A process that serves tasks. Use as a context manager."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = " ".join(command[-2:])
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )

    def ask(self, task: str, /, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """The task's result. Raises ChildFailed."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise ChildFailed(f"{self._name} has no pipes.")
        os.kill(self._process.pid, signal.SIGCONT)
        try:
            sink.write(json.dumps([task, arguments]) + "\n")
            sink.flush()
            line = source.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ChildFailed(f"{self._name} has ended ({self._process.wait()}) during {task}.")
        os.kill(self._process.pid, signal.SIGSTOP)
        answer = json.loads(line)
        if "error" in answer:
            raise ChildFailed(f"{self._name}, {task}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What a child that died has not read can no longer be flushed.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(tasks: Mapping[str, Callable[..., object]]) -> None:
    """Answers until the input ends. Only answers reach the pipe; prints go to standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        task, arguments = json.loads(line)
        try:
            answer = {"result": tasks[task](**arguments)}
        except Exception as error:  # noqa: BLE001 - whatever it was, the driver is told
            traceback.print_exc()
            answer = {"error": repr(error)}
        output.write(json.dumps(answer) + "\n")
        output.flush()
