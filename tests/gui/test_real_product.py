"""The window on the real appliance, its guards on, from the first run to the second log-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT
from tests.e2e.traced import able, on_a_display
from tests.gui.event_loop import HELD_UP
from tests.gui.real_journey import STEPS


def run(module: str, folder: Path) -> str:
    """What the program says; it must end well and have no word of Qt's on its error output."""
    home = folder / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, str(folder)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=150,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home),
             "XDG_CONFIG_HOME": str(home / ".config"), "TMPDIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(
    able() and on_a_display(),
    reason="the same day is gone through on a display, followed by the kernel's trace: "
    "tests/e2e/test_nothing_leaves_traced.py",
)
def test_the_window_serves_a_persons_first_day_on_real_parts(tmp_path: Path) -> None:
    assert tuple(run("tests.gui.real_journey", tmp_path).splitlines()) == STEPS


def test_importing_and_answering_never_hold_up_the_screen(tmp_path: Path) -> None:
    longest = json.loads(run("tests.gui.real_holding", tmp_path))
    assert set(longest) == {"importing", "answering"}
    assert max(longest.values()) < HELD_UP, longest
