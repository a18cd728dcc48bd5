"""`python -m tests.faults.kiosk_watched DATA MANAGED SILENCE`: the watchdog over that window; the
secret of the account is a line on stdin."""

from __future__ import annotations

import os
import sys

from appliance.cli import watchdog

if __name__ == "__main__":
    data, managed, silence = sys.argv[1:]
    watchdog.SILENCE = float(silence)
    command = [sys.executable, "-m", "tests.faults.kiosk_child", managed, "--data", data]
    watchdog.Watchdog([*command, "--name", "Visitor"], input(), os.environ).watch()
