"""The kiosk on the real appliance, guards on: a visitor asks, sees the page, leaves no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.terminal import ROOT
from tests.gui.real_kiosk import STEPS


def test_a_visitor_is_answered_by_the_real_product_and_leaves_no_trace(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.gui.real_kiosk", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=150,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home),
             "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert tuple(done.stdout.splitlines()) == STEPS
    assert done.stderr == ""
