"""`python -m tests.gui.kiosk_under_x [--inputs N] [--seed N]`, inside `xvfb-run`: a kiosk on a real
X display, under openbox where it is installed, and real keys, clicks and requests of a window
manager, sent by another program. Prints what it did; exit status 1 where anything led out.

`--window` is the kiosk itself, which tells this program twice a second what is wrong with it."""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.gui.x_input import Display

ROOT = Path(__file__).resolve().parents[2]
OPENBOX = ROOT / "packaging" / "kiosk" / "openbox.xml"
LOOKED = 100
HELD = ("Control_L", "Alt_L", "Shift_L", "Super_L", "Meta_L", "ISO_Level3_Shift")
CHORDS = (
    "Alt_L F4", "Control_L q", "Control_L w", "Control_L Shift_L q", "F1", "F10", "Shift_L F10",
    "F11", "Menu", "Alt_L Tab", "Alt_L Escape", "Alt_L space", "Alt_L F1", "Alt_L F2", "Alt_L F9",
    "Control_L Escape", "Control_L Alt_L Delete", "Control_L Alt_L BackSpace", "Control_L Alt_L t",
    "Control_L Alt_L F2", "Control_L Alt_L l", "Super_L", "Super_L d", "Super_L e", "Super_L r",
    "Super_L l", "Super_L Tab", "Control_L c", "Control_L x", "Control_L v", "Control_L a",
    "Control_L p", "Control_L s", "Control_L o", "Control_L n", "Control_L t", "Shift_L Insert",
    "Control_L Insert", "Shift_L Delete", "Print", "Alt_L Print", "Help", "XF86HomePage",
    "XF86Mail", "XF86Calculator", "XF86PowerOff", "XF86Sleep", "XF86Search", "Control_L Shift_L u",
    "Shift_L Left", "Control_L Shift_L End", "Alt_L Left", "Control_L Tab", "Escape", "Undo",
)  # fmt: skip

STATES = (
    ("FULLSCREEN", False), ("HIDDEN", True), ("BELOW", True), ("ABOVE", False), ("SHADED", True),
    ("MAXIMIZED_VERT", False), ("STICKY", True), ("MODAL", True), ("DEMANDS_ATTENTION", True),
)  # fmt: skip
"""Of EWMH's _NET_WM_STATE, and whether it is set or taken away."""
ASKED = (
    ("_NET_CLOSE_WINDOW", (0, 2)), ("_NET_WM_DESKTOP", (1, 2)), ("_NET_WM_DESKTOP", (-1, 2)),
    ("_NET_CURRENT_DESKTOP", (1, 0)), ("_NET_SHOWING_DESKTOP", (1,)),
    ("_NET_MOVERESIZE_WINDOW", (0x2F00, 900, 700, 120, 90)),
    ("_NET_WM_MOVERESIZE", (10, 10, 8, 1, 2)), ("_NET_WM_MOVERESIZE", (10, 10, 9, 0, 2)),
    ("_NET_RESTACK_WINDOW", (2, 0, 1)), ("_NET_WM_FULLSCREEN_MONITORS", (0, 0, 1, 1, 2)),
    ("_NET_REQUEST_FRAME_EXTENTS", ()), ("WM_CHANGE_STATE", (3,)), ("WM_CHANGE_STATE", (0,)),
    ("_GTK_SHOW_WINDOW_MENU", (0, 10, 10)), ("_NET_NUMBER_OF_DESKTOPS", (4,)),
)  # fmt: skip
"""What a pager or a task bar sends to the root window (EWMH, ICCCM), with its numbers."""
PROTOCOLS = (
    "WM_DELETE_WINDOW", "WM_TAKE_FOCUS", "_NET_WM_PING", "_NET_WM_CONTEXT_HELP",
    "_NET_WM_SYNC_REQUEST",
)  # fmt: skip
"""What a window manager sends to the window itself."""


class Inputs:
    """Random and known-bad inputs to a window on a display."""

    def __init__(self, display: Display, size: tuple[int, int], seed: int) -> None:
        self._display, self._size = display, size
        self._chance = random.Random(seed)  # noqa: S311  nothing is kept secret by it
        self.window = 0
        weights: list[tuple[int, Callable[[], None]]] = [
            (30, self.key), (20, self.chord), (30, self.click), (8, self.drag), (6, self.wheel),
            (6, self.manage),
        ]  # fmt: skip
        self._acts = [act for weight, act in weights for _ in range(weight)]

    def one(self) -> None:
        self._chance.choice(self._acts)()
        self._display.sync()

    def key(self) -> None:
        held = self._chance.sample(HELD, self._chance.choice((0, 0, 0, 1, 1, 2)))
        self._press([self._display.keycode(name) for name in held], self._chance.randint(9, 254))

    def chord(self) -> None:
        *held, last = self._chance.choice(CHORDS).split()
        self._press([self._display.keycode(name) for name in held], self._display.keycode(last))

    def click(self) -> None:
        self._move()
        number = self._chance.choice((1, 1, 1, 1, 2, 3, 8, 9))
        for _ in range(self._chance.choice((1, 1, 2))):
            self._display.button(number, down=True)
            self._display.button(number, down=False)

    def drag(self) -> None:
        number = self._chance.choice((1, 1, 2, 3))
        self._move()
        self._display.button(number, down=True)
        for _ in range(3):
            self._move()
        self._display.button(number, down=False)

    def wheel(self) -> None:
        number = self._chance.choice((4, 5, 6, 7))
        self._display.button(number, down=True)
        self._display.button(number, down=False)

    def manage(self) -> None:
        display, window = self._display, self.window
        state, add = self._chance.choice(STATES)
        kind, data = self._chance.choice(ASKED)
        self._chance.choice((
            lambda: display.protocol(window, self._chance.choice(PROTOCOLS)),
            lambda: display.tell(window, kind, *data, to_root=True),
            lambda: display.tell(window, kind, *data, to_root=True),
            lambda: display.state(window, f"_NET_WM_STATE_{state}", add=add),
            lambda: display.iconify(window),
            lambda: display.lower(window),
            lambda: display.unmap(window),
            lambda: display.reshape(window, 50, 50, 200, 100),
            lambda: display.drop(window),
            display.take_focus,
            lambda: display.take_selection("CLIPBOARD"),
            lambda: display.take_selection("PRIMARY"),
        ))()  # fmt: skip

    def _press(self, held: list[int], code: int) -> None:
        keys = [key for key in (*held, code) if key]
        for key in keys:
            self._display.key(key, down=True)
        for key in reversed(keys):
            self._display.key(key, down=False)

    def _move(self) -> None:
        self._display.move(
            self._chance.randrange(self._size[0]), self._chance.randrange(self._size[1])
        )


class Kiosk:
    """The program under trial, and what it says."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.kiosk_under_x", "--window"],
            stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "xcb"},
        )  # fmt: skip
        self.told: dict[str, object] = {}

    def look(self, seconds: float) -> None:
        """Takes in what it tells within that time."""
        assert self.process.stdout is not None
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.process.stdout], [], [], left)[0]:
                return
            line = self.process.stdout.readline()
            if not line:
                return
            self.told = json.loads(line)

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def wrong(kiosk: Kiosk, display: Display, before: set[int], size: tuple[int, int]) -> list[str]:
    """What is wrong, once the kiosk had the time to come forward again."""
    for time_given in (0.12, *[0.3] * 20):
        kiosk.look(time_given)
        if kiosk.process.poll() is not None:
            return [f"the kiosk has ended: {kiosk.process.returncode}"]
        shown = [one for one in display.shown() if one.window not in before]
        found = [str(one) for one in kiosk.told.get("wrong", ())]  # type: ignore[attr-defined]
        found += [f"another window: {one}" for one in shown[1:]]
        full = bool(shown) and (shown[0].width, shown[0].height) >= size
        found += [] if full else [f"the kiosk does not fill the screen: {shown}"]
        if not found:
            return []
    return found


def try_it(inputs: int, seed: int, size: tuple[int, int], wanted: str) -> list[str]:
    display = Display()
    manager, name = _manager(wanted)
    time.sleep(0.5)
    before = {one.window for one in display.shown()}
    kiosk = Kiosk()
    try:
        monkey = Inputs(display, size, seed)
        while not kiosk.told:
            kiosk.look(1.0)
            if kiosk.process.poll() is not None:
                return [f"the kiosk did not begin: {kiosk.process.returncode}"]
        for number in range(inputs):
            monkey.window = int(str(kiosk.told["window"]))
            monkey.one()
            if number % LOOKED == LOOKED - 1:
                found = wrong(kiosk, display, before, size)
                if found:
                    return [f"after {number + 1} inputs of seed {seed}: {one}" for one in found]
        print(f"{inputs:,} inputs of seed {seed}, window manager: {name}.")
        print("Nothing led out. {refused} events kept out, {wiped} visits wiped, {asked} questions "
              "asked.".format(**kiosk.told))  # fmt: skip
        return []
    finally:
        kiosk.end()
        if manager is not None:
            manager.terminate()
            manager.wait()


def _manager(wanted: str) -> tuple[subprocess.Popen[bytes] | None, str]:
    """The one that is there, and its name."""
    program = shutil.which("openbox")
    if wanted == "none":
        return None, wanted
    if wanted == "openbox" and program is not None:
        return subprocess.Popen([program, "--config-file", str(OPENBOX)]), wanted
    return subprocess.Popen([sys.executable, "-m", "tests.gui.x_manager"], cwd=ROOT), (
        "the small one of the tests" + (", openbox is not installed" if wanted == "openbox" else "")
    )


def window() -> int:
    """The kiosk, over an appliance in memory; ends when nobody listens."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from gui.kiosk.window import KioskWindow, Opening
    from gui.style import theme
    from gui.style.tokens import LIGHT
    from tests.gui.driving import PASSPHRASE
    from tests.gui.kiosk_window import Watch, furnished
    from tests.gui.memory_state import Pace
    from tests.gui.texts import write_library

    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    theme.apply(application, LIGHT)
    with tempfile.TemporaryDirectory() as folder:
        product = furnished(write_library(Path(folder) / "library"), Pace(stage=0.0))
    from appliance.values import KioskEnded

    kiosk = KioskWindow(product, Opening("", PASSPHRASE, KioskEnded()))
    kiosk.begin()
    watch = Watch(kiosk)

    def tell() -> None:
        product.pace.ticks += 2.0
        asked = sum(r.action == "ask.open" for r in product.log_records(0, 1_000_000))
        print(json.dumps({
            "wrong": watch.look(), "window": int(kiosk.winId()), "refused": kiosk.guard.refused,
            "wiped": product.memory.wiped, "asked": asked,
        }), flush=True)  # fmt: skip

    timer = QTimer(kiosk)
    timer.setInterval(100)
    timer.timeout.connect(tell)
    QTimer.singleShot(1_500, timer.start)
    return application.exec()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20_261_128)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--manager", choices=("openbox", "small", "none"), default="openbox")
    parser.add_argument("--window", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.window:
        return window()
    width, _, height = given.size.partition("x")
    found = try_it(given.inputs, given.seed, (int(width), int(height)), given.manager)
    for one in found:
        print(one)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
