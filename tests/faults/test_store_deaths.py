"""A writer of a store that dies in the middle of any write leaves a store that opens, whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT
from tests.faults import dying

ROUNDS = 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_death_inside_any_write_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    program = [sys.executable, "-m", "tests.faults.store_deaths"]
    done = subprocess.run(
        [*program, str(tmp_path / "store"), str(ROUNDS), str(seed)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=580,
        env=dying.environment(dying.build(tmp_path)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout) > ROUNDS // 2, "too few writers died for this to say anything"
