"""The installed program's window, used by hand: real keys from another program, by the X server.

Nothing is seen of the screen. What came of the keys is looked for in the data folder while they
are typed, and asked of the terminal afterwards.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gui.x_input import Display
from tests.installer.room import CALM, HOME, USER, Room

DATA = f"{HOME}/by-hand"
WIDE = 900
"""The window's width is more than that, in pixels; a dialog's is less."""
_KEYS = {" ": "space", "/": "slash", "-": "minus", "?": "question"}
_PATIENCE = 60.0


class Hands:
    """At the keyboard of a display, before a window that is there already."""

    def __init__(self, display: str) -> None:
        self._display = Display(display)

    def press(self, *keys: str) -> None:
        """Together, as in Ctrl+Q; by the names of X11/keysymdef.h."""
        codes = [self._display.keycode(key) for key in keys]
        if 0 in codes:
            raise AssertionError(f"this keyboard has no {keys}")
        for code in codes:
            self._display.key(code, down=True)
        for code in reversed(codes):
            self._display.key(code, down=False)
        self._display.sync()
        time.sleep(0.02)

    def type(self, text: str, *, enter: bool = True) -> None:
        for letter in text:
            key = _KEYS.get(letter, letter)
            self.press(*(("Shift_L", key) if letter.isupper() or letter == "?" else (key,)))
        if enter:
            self.press("Return")

    def click(self, x: int, y: int) -> None:
        self._display.move(x, y)
        for down in (True, False):
            self._display.button(1, down=down)
        self._display.sync()

    def windows(self) -> list[int]:
        """How wide those are that can be seen."""
        return [shown.width for shown in self._display.shown()]


def until(what: str, there: Callable[[], bool]) -> None:
    """Raises AssertionError when it does not come to be."""
    end = time.monotonic() + _PATIENCE
    while not there():
        if time.monotonic() > end:
            raise AssertionError(f"by hand: not {what} after {_PATIENCE:.0f} s")
        time.sleep(0.2)
    time.sleep(1.0)  # what is shown then has the keys


@contextmanager
def window(room: Room) -> Iterator[subprocess.Popen[bytes]]:
    """As an ordinary user starts it."""
    environment = CALM | {"HOME": HOME, "DISPLAY": room.display}
    started = subprocess.Popen(
        room.entered(("cloister-window", "--data", DATA), USER), env=environment,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()


def first_question(room: Room, secret: str, papers: str, count: int, question: str) -> None:
    """From the first start to an answer, and out by Ctrl+Q. papers: a folder of `count` documents.
    Raises AssertionError."""
    hands, data = Hands(room.display), room.folder / DATA[1:]
    with window(room) as running:
        until("a window", lambda: any(width > WIDE for width in hands.windows()))
        hands.click(620, 369)  # the name; without a window manager only a click gives it the keys
        hands.type("Anna", enter=False)
        for _ in range(2):
            hands.press("Tab")
            hands.type(secret, enter=False)
        hands.press("Return")
        until("a vault", (data / "vault.json").is_file)
        for key in ("Tab", "Tab", "space", "Tab", "Return"):  # the recovery code is stored
            hands.press(key)
        time.sleep(2.0)
        hands.type("Ward")
        until("a collection", lambda: any(data.glob("collections/*/store.duckdb")))
        hands.press("Control_L", "Shift_L", "o")
        until("a dialog", lambda: any(400 < width <= WIDE for width in hands.windows()))
        hands.type(papers)
        until(f"{count} documents", lambda: _documents(data) == count)
        time.sleep(8.0)  # the last of them is read and logged
        hands.click(60, 120)  # Ask; a dialog that closed left the keys to nobody
        hands.press("Control_L", "k")
        hands.type(question)
        time.sleep(15.0)
        hands.press("Control_L", "q")
        if running.wait(timeout=30) != 0:
            raise AssertionError(f"the window ended with status {running.returncode}")


def _documents(data: Path) -> int:
    return len(list(data.glob("collections/*/files/*.sealed")))
