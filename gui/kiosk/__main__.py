"""`python -m gui.kiosk`: the kiosk's window, as `cloister kiosk` starts it and starts it again.

Rules kept here: the secret that opens the vault comes through a pipe, never in an argument; the
guards go on before Qt is loaded; a heart beats to the watchdog, and where nobody listens any more,
the kiosk ends: two of them would fight for the vault. What nobody foresaw ends it too, at once and
without a word of what was asked: the next one is a fresh one. Exit status: 0 an administrator left,
3 the system ended it, anything else is a fall.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from appliance.errors import CloisterError
from appliance.values import KioskEnded

if TYPE_CHECKING:
    from PySide6.QtCore import QTimer

    from appliance.app import Appliance
    from gui.kiosk.window import KioskWindow

Ending: TypeAlias = Callable[[], bool]
LEFT, ENDED, FAULT = 0, 3, 70
BEAT_MS = 1_000
_LONGEST_SECRET = 4_096
_DROPPED = (
    "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_PLATFORMTHEME",
    "QT_QPA_GENERIC_PLUGINS", "QT_LOGGING_RULES", "QT_DEBUG_PLUGINS", "QT_IM_MODULES",
    "QT_STYLE_OVERRIDE", "SESSION_MANAGER",
)  # fmt: skip
"""What an environment could make Qt load, obey or say."""


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloister-kiosk-window", description="The kiosk's window")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--name", default="")
    parser.add_argument("--secret-fd", type=int, required=True)
    parser.add_argument("--heartbeat-fd", type=int, required=True)
    parser.add_argument("--theme", choices=("light", "dark", "contrast", "system"), default="")
    for name, kind in (("--fell", str), ("--lived", int), ("--times", int)):
        parser.add_argument(name, type=kind, default=kind())
    return parser.parse_args(argv)


def read_secret(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read(_LONGEST_SECRET).decode("utf-8")


def opened(data: Path) -> Appliance | CloisterError:
    """With its guard on and its proof made, or why there is none. Nothing beside the data folder
    can be written to: a kiosk saves and exports nothing."""
    from appliance.app import open_appliance

    try:
        return open_appliance(data.absolute(), screen=True)
    except CloisterError as error:
        return error


def settle(environment: MutableMapping[str, str]) -> None:
    """Qt gets dead keys, no input method's own windows, and nothing that others had it load."""
    for name in _DROPPED:
        environment.pop(name, None)
    environment["QT_IM_MODULE"] = "compose"


def heart(descriptor: int, window: KioskWindow, ending: Ending) -> QTimer:
    """Beats once a second, as long as the window's own thread goes round; ends the kiosk where it
    is to end or nobody listens."""
    from PySide6.QtCore import QTimer

    os.set_blocking(descriptor, False)

    def beat() -> None:
        try:
            os.write(descriptor, b".")
        except BlockingIOError:
            pass
        except OSError:
            window.end()
            return
        if ending():
            window.end()

    timer = QTimer(window)
    timer.setInterval(BEAT_MS)
    timer.timeout.connect(beat)
    timer.start()
    return timer


def fall(kind: type[BaseException], *_: object) -> None:
    """Of an error nobody foresaw only the type is said: its text may hold a visitor's words."""
    sys.stderr.write(f"The kiosk fell: {kind.__name__}.\n")
    sys.stderr.flush()
    os._exit(FAULT)


def main(argv: Sequence[str] | None = None) -> int:
    given = arguments(sys.argv[1:] if argv is None else argv)
    secret = read_secret(given.secret_fd)
    settle(os.environ)
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: ended.append(received))
    sys.excepthook = fall
    appliance = opened(given.data)

    # After the guard: Qt starts threads of its own.
    from PySide6.QtWidgets import QApplication

    from gui.kiosk.window import KioskWindow, Opening
    from gui.languages import choice
    from gui.style.theme import Follower

    application = QApplication([sys.argv[0]])
    application.setApplicationName("Cloister")
    application.setDesktopFileName("cloister")
    application.setQuitOnLastWindowClosed(False)
    spoken = look = "system"
    if not isinstance(appliance, CloisterError):
        spoken, look = appliance.settings.language, appliance.settings.look
    choice.use(application, spoken)
    Follower(application, given.theme or look)
    fell = KioskEnded(given.fell, given.lived, given.times)
    window = KioskWindow(appliance, Opening(given.name, secret, fell))
    window.ended.connect(application.quit)
    heart(given.heartbeat_fd, window, lambda: bool(ended))
    window.begin()
    application.exec()
    return LEFT if window.left else ENDED


if __name__ == "__main__":
    sys.exit(main())
