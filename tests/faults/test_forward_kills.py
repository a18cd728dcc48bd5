"""A person's store that is being brought forward, or loses a conversation, survives a kill at any
moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.terminal import ROOT


def test_a_kill_while_a_store_is_brought_forward_or_a_conversation_deleted_leaves_no_half(
    tmp_path: Path,
) -> None:
    """CLOISTER_FORWARD_KILLS=500 for a long run."""
    rounds = os.environ.get("CLOISTER_FORWARD_KILLS", "8")
    seed = int.from_bytes(os.urandom(4), "big")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.forward_kills", str(tmp_path), rounds, str(seed)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert json.loads(done.stdout)["killed"] >= 1, f"seed {seed}"
