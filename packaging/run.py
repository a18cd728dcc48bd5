"""`make run`: the window where there is a screen, the demonstration in the terminal where not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

NO_SCREEN = (
    "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so the demonstration "
    "runs in the terminal: `cloister demo`."
)


def has_screen(environment: Mapping[str, str], platform: str) -> bool:
    """Windows and macOS always have one; elsewhere the session says so."""
    if platform in ("win32", "darwin"):
        return True
    if environment.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal", "vnc")):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def main() -> int:
    if has_screen(os.environ, sys.platform):
        command = [sys.executable, "-m", "gui", *sys.argv[1:]]
    else:
        print(NO_SCREEN, flush=True)
        command = [sys.executable, "-m", "appliance", "demo"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
