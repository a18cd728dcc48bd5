"""Runs the real program in processes of its own: its guards stay on for good once they are on."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "appliance")
Stream = IO[bytes] | int | None
PASSPHRASE = "seven lanterns over quiet water"


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    status: int
    lines: tuple[dict[str, object], ...]
    errors: str

    def find(self, key: str) -> object:
        """The newest line's value under `key`."""
        for line in reversed(self.lines):
            if key in line:
                return line[key]
        raise AssertionError(f"no {key!r} in {self.lines!r}; stderr: {self.errors}")


def managed(file: Path) -> tuple[str, ...]:
    """The program on a machine whose institution's settings are in this file."""
    return (sys.executable, "-m", "tests.e2e.managed", str(file))


def cloister(
    data: Path,
    *arguments: str,
    passphrase: str = PASSPHRASE,
    timeout: float = 120,
    before: Callable[[], None] | None = None,
    program: tuple[str, ...] = PROGRAM,
) -> Said:
    """`cloister --json --data DATA …`, the passphrase through a descriptor."""
    reading, writing = os.pipe()
    os.write(writing, f"{passphrase}\n".encode())
    os.close(writing)
    try:
        done = subprocess.run(
            [*program, "--json", "--data", str(data), "--passphrase-fd", str(reading), *arguments],
            capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT,
            pass_fds=(reading,), preexec_fn=before, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(reading)
    return read_said(done)


def read_said(done: subprocess.CompletedProcess[str]) -> Said:
    lines = tuple(json.loads(line) for line in done.stdout.splitlines())
    return Said(done.returncode, lines, done.stderr)


def started(
    data: Path,
    *arguments: str,
    passphrase: str = PASSPHRASE,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    program: tuple[str, ...] = PROGRAM,
) -> subprocess.Popen[bytes]:
    """`cloister --data DATA …` on the streams given, as in a script."""
    reading, writing = os.pipe()
    os.write(writing, f"{passphrase}\n".encode())
    os.close(writing)
    try:
        return subprocess.Popen(
            [*program, "--data", str(data), "--passphrase-fd", str(reading), *arguments],
            cwd=ROOT, pass_fds=(reading,), stdin=stdin, stdout=stdout, stderr=stderr,
        )  # fmt: skip
    finally:
        os.close(reading)


class Terminal:
    """A terminal with `cloister …` in it: what it shows, and what a person types."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=ROOT,
            pass_fds=(theirs,),
            preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509  no thread runs here
        )
        os.close(theirs)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, text: str, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while text not in self.shown:
            if time.monotonic() > end or not self._read(end - time.monotonic()):
                raise AssertionError(f"no {text!r} in {self.shown!r}")

    def status(self, timeout: float = 60) -> int:
        """Waits for the end of the command."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            pass
        os.close(self._ours)
        return self._process.wait(max(1.0, end - time.monotonic()))

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(timeout, 0))
        if not ready:
            return False
        try:
            read = os.read(self._ours, 65_536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.shown += read.decode("utf-8", "replace")
        return bool(read)


def require(said: Said, status: int = 0) -> Said:
    if said.status != status:
        raise AssertionError(f"ended with {said.status}: {said.lines} {said.errors}")
    return said
