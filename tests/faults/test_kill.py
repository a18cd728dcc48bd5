"""`kill -9` at random moments of importing and asking: what was acknowledged is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost_and_the_log_verifies_after_100_kills(
    tmp_path: Path, seed: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", str(tmp_path), "100", str(seed)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["verified"], said
    assert said["uneven"] == 0, "an ask without exactly one closing record"
    assert said["documents"] > 20
    assert said["answers"] > 20
