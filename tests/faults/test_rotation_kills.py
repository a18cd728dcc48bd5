"""A change of key that is killed at any call is finished by the next log-in; nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(3600)
def test_a_kill_while_somebody_is_taken_out_loses_nothing(tmp_path: Path) -> None:
    """CLOISTER_ROTATION_KILLS=1000 tries every call there is (docs/reliability.md)."""
    how_many = os.environ.get("CLOISTER_ROTATION_KILLS", "3")
    seed = int.from_bytes(os.urandom(4), "big")
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.faults.rotation_kills",
            str(tmp_path), how_many, str(seed),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    said = json.loads(done.stdout)
    assert said["problems"] == {}, f"seed {seed}"
    assert len(said["killed"]) >= 3
