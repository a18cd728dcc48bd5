"""Ten thousand real keys, clicks, drops and requests of a window manager to a kiosk on an X
display of its own (Xvfb): nothing of it leads out. Under openbox, which the set-up of the tests
installs where it may, else under the small window manager of these tests. `make kiosk-monkey`
sends more."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.e2e.terminal import ROOT

INPUTS = 10_000

XVFB = shutil.which("xvfb-run") if shutil.which("xauth") else None

pytestmark = [
    pytest.mark.skipif(XVFB is None, reason="there is no Xvfb, or no xauth"),
    pytest.mark.timeout(240),
]


def test_ten_thousand_inputs_on_an_x_display_lead_nowhere() -> None:
    assert XVFB is not None
    done = subprocess.run(
        [XVFB, "-a", "-s", "-screen 0 1280x800x24", sys.executable, "-m",
         "tests.gui.kiosk_under_x", "--inputs", str(INPUTS)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{INPUTS:,} inputs" in done.stdout
    assert "Nothing led out." in done.stdout
