"""Runs the real program in processes of its own: its guards stay on for good once they are on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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


def cloister(
    data: Path,
    *arguments: str,
    passphrase: str = PASSPHRASE,
    timeout: float = 120,
    before: Callable[[], None] | None = None,
) -> Said:
    """`cloister --json --data DATA …`, the passphrase through a descriptor."""
    reading, writing = os.pipe()
    os.write(writing, f"{passphrase}\n".encode())
    os.close(writing)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "appliance", "--json", "--data", str(data),
             "--passphrase-fd", str(reading), *arguments],
            capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT,
            pass_fds=(reading,), preexec_fn=before, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(reading)
    lines = tuple(json.loads(line) for line in done.stdout.splitlines())
    return Said(done.returncode, lines, done.stderr)


def require(said: Said, status: int = 0) -> Said:
    if said.status != status:
        raise AssertionError(f"ended with {said.status}: {said.lines} {said.errors}")
    return said
