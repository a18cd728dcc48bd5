"""The window on the real appliance, its guards on, from the first run to the second log-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.terminal import ROOT
from tests.gui.real_journey import STEPS


def test_the_window_serves_a_persons_first_day_on_real_parts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.gui.real_journey", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=150,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home),
             "XDG_CONFIG_HOME": str(home / ".config"), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert tuple(done.stdout.splitlines()) == STEPS
    assert done.stderr == ""
