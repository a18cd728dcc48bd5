"""`python -m tests.faults.kiosk_child MANAGED …`: the kiosk's window on a machine whose institution
manages settings, without a screen; prints its process and what it shows whenever that changes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import settings
from appliance.managed import TomlFile
from gui.kiosk import __main__ as program

if TYPE_CHECKING:
    from PySide6.QtCore import QTimer

    from gui.kiosk.window import KioskWindow


def telling(descriptor: int, window: KioskWindow, ending: program.Ending) -> QTimer:
    """The heart, and a word whenever another place is shown."""

    def tell() -> None:
        place = type(window.places.currentWidget()).__name__
        print(os.getpid(), place, window.isVisible(), flush=True)

    window.places.currentChanged.connect(lambda _: tell())
    from PySide6.QtCore import QTimer

    QTimer.singleShot(0, window, tell)
    return heart(descriptor, window, ending)


if __name__ == "__main__":
    institution = TomlFile(Path(sys.argv[1]), None)
    settings.managed_source = lambda: institution
    heart, program.heart = program.heart, telling
    sys.exit(program.main(sys.argv[2:]))
