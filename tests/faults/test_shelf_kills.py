"""A collection that is brought forward, and a document that is retired, put back or replaced, are
killed at any call: what is answered from is as before or as it was to be, never between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT


@pytest.mark.timeout(3600)
def test_a_kill_leaves_the_older_version_or_the_newer_one(tmp_path: Path) -> None:
    """CLOISTER_SHELF_KILLS=1000 tries every call there is (docs/reliability.md)."""
    how_many = os.environ.get("CLOISTER_SHELF_KILLS", "4")
    seed = int.from_bytes(os.urandom(4), "big")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.shelf_kills", str(tmp_path), how_many, str(seed)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    said = json.loads(done.stdout)
    assert set(said) == {"forward", "retire", "restore", "replace"}
    for deed, how in said.items():
        assert how["problems"] == {}, f"seed {seed}: {deed}"
        assert how["killed"] >= 4, deed


@pytest.mark.timeout(3600)
def test_a_kill_while_a_desk_replaces_a_document_leaves_log_and_originals_true(
    tmp_path: Path,
) -> None:
    """CLOISTER_DESK_KILLS=1000 tries every call there is (docs/reliability.md)."""
    how_many = os.environ.get("CLOISTER_DESK_KILLS", "3")
    seed = int.from_bytes(os.urandom(4), "big")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.desk_kills", str(tmp_path), how_many, str(seed)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    said = json.loads(done.stdout)
    assert said["problems"] == {}, f"seed {seed}"
    assert len(said["killed"]) >= 3
