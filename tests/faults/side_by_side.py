"""Several long runs of one program at once: each is single-threaded, and machines have cores."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.terminal import ROOT

PATIENCE = 580


def side_by_side(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str] | None = None
) -> list[str]:
    """What each wrote to its output; fails with the errors of one that did not end well."""

    def run(command: Sequence[str]) -> str:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=PATIENCE,
            env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))
