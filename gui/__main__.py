"""`python -m gui [--data DIR] [--theme light|dark|contrast|system]`: the window.

Rules kept here: the appliance is opened first, on the only thread there is, because the kernel's
guard cannot reach threads that already run and Qt starts some; it takes some tens of milliseconds.
What keeps it from opening is shown in the window, not in a terminal nobody sees.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import CloisterError

if TYPE_CHECKING:
    from appliance.app import Appliance


class KioskMachine(CloisterError):
    """The institution's settings have this machine open for visitors alone."""

    code = "kiosk_machine"
    hint = "Start it with `cloister kiosk`, or have your administrator take the setting out."


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloister-window", description="Cloister's window")
    parser.add_argument("--data", type=Path, help="the data folder")
    parser.add_argument("--theme", choices=("light", "dark", "contrast", "system"))
    parser.add_argument("--text-size", type=int, choices=range(100, 201), metavar="100..200")
    parser.add_argument("--exit-when-usable", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def opened(data: Path | None) -> Appliance | CloisterError:
    """The appliance with its guard on and its proof made, or why there is none."""
    from appliance.app import default_data_folder, open_appliance
    from gui.outbox import writable

    try:
        folder = (data or default_data_folder()).absolute()
        appliance = open_appliance(folder, writable=writable(), screen=True)
        if appliance.settings.kiosk == "on":
            return KioskMachine("This machine is a kiosk: its window opens for visitors alone.")
        return appliance
    except CloisterError as error:
        return error


def language(appliance: Appliance | CloisterError) -> str:
    """The setting; what the system speaks where the settings could not be read."""
    return "system" if isinstance(appliance, CloisterError) else appliance.settings.language


def main(argv: Sequence[str] | None = None) -> int:
    given = arguments(sys.argv[1:] if argv is None else argv)
    appliance = opened(given.data)

    # After the guard: Qt starts threads of its own.
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from gui.languages import choice
    from gui.shell import Shell
    from gui.style.theme import Follower

    application = QApplication([sys.argv[0]])
    application.setApplicationName("Cloister")
    application.setDesktopFileName("cloister")
    choice.use(application, language(appliance))
    look, size = given.theme or "system", given.text_size or 100
    if not isinstance(appliance, CloisterError):  # what is given here stands above the settings
        look = given.theme or appliance.settings.look
        size = given.text_size or appliance.settings.text_size
    Follower(application, look, size / 100)
    shell = Shell(appliance)
    shell.show()
    if given.exit_when_usable:  # for the benchmark: painted once, and the event loop idle
        QTimer.singleShot(0, lambda: QTimer.singleShot(0, application.quit))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
