"""The kiosk's part of `make screens`: a picture of each thing a visitor sees.

Usage: python packaging/screens_kiosk.py FOLDER [--theme light|dark|contrast]
       [--language en|de|es|fr] [--size 1920x1080]

The window is the real one, over an appliance in memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.camera import Camera  # noqa: E402

if TYPE_CHECKING:
    from gui.kiosk.visit import Visit
    from gui.kiosk.window import KioskWindow
    from tests.gui.kiosk_appliance import KioskAppliance

UNKNOWN = "Which gate does the last ferry to Reykjavik leave from?"
REFUSED = "How do I delete an entry of the log?"


def typed(visit: Visit, text: str) -> None:
    for character in text:
        name = "space" if character == " " else character.lower()
        key = visit.compose.keyboard.key(name)
        if key is not None:
            key.click()


def story(camera: Camera, window: KioskWindow, product: KioskAppliance) -> None:
    from tests.gui.kiosk_appliance import QUESTIONS

    camera.until(lambda: window.places.currentWidget() is window.attract)
    camera.take("first")
    window.attract.begin.click()
    visit = window.visit
    if visit is None:
        raise SystemExit("screens: the kiosk is not open")
    camera.take("ask")
    typed(visit, "when are blood")
    for what in ("layout:de", "shift"):
        key = visit.compose.keyboard.key(what)
        if key is not None:
            key.click()
    camera.take("typing")
    visit.ask(QUESTIONS[0])
    camera.until(lambda: visit.answer.page.view)
    camera.take("answer")
    visit.size_button.click()
    visit.answer.page.larger.click()
    camera.take("larger")
    visit.size_button.click()
    visit.begin()
    visit.ask(UNKNOWN)
    camera.until(lambda: not visit.answer.again.isHidden())
    camera.take("not-in-the-documents")
    visit.begin()
    visit.ask(REFUSED)
    camera.until(lambda: not visit.answer.again.isHidden())
    camera.take("refused")
    gone(camera, window, product)


def gone(camera: Camera, window: KioskWindow, product: KioskAppliance) -> None:
    """The visitor leaves without a word; then staff come."""
    product.pace.ticks += 80.0
    camera.until(window.still_there.isVisible)
    camera.take("still-there")
    product.pace.ticks += 11.0
    camera.until(lambda: window.places.currentWidget() is window.attract)
    camera.take("wiped")
    window.attract.leave.click()
    camera.take("leaving")
    window.leaving.name.put("Root Keeper")
    window.leaving.secret.put("not it")
    window.leaving.go.click()
    camera.until(window.leaving.notice.isVisible)
    camera.take("not-let-out")
    window.wipe()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=lambda name: Path(name).absolute())
    parser.add_argument("--language", choices=("en", "de", "es", "fr"), default="en")
    parser.add_argument("--theme", choices=("light", "dark", "contrast"), default="light")
    parser.add_argument("--size", default="1920x1080")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    from PySide6.QtCore import QRect
    from PySide6.QtWidgets import QApplication

    from appliance.values import KioskEnded
    from gui.kiosk.window import KioskWindow, Opening
    from gui.languages import choice
    from gui.style.theme import Follower
    from tests.gui.driving import PASSPHRASE
    from tests.gui.kiosk_window import furnished
    from tests.gui.memory_state import Pace
    from tests.gui.texts import write_library

    class Sized(KioskWindow):
        @property
        def room(self) -> QRect:
            width, _, height = given.size.partition("x")
            return QRect(0, 0, int(width), int(height))

    application = QApplication(sys.argv[:1])
    choice.use(application, given.language)
    Follower(application, given.theme)
    with tempfile.TemporaryDirectory() as work:
        product = furnished(write_library(Path(work) / "library"), Pace(stage=0.05))
    window = Sized(product, Opening("", PASSPHRASE, KioskEnded()))
    window.begin()
    story(Camera(given.folder, window, f"kiosk-{given.theme}-"), window, product)
    product.memory.unfit = True
    shut = Sized(product, Opening("", PASSPHRASE, KioskEnded()))
    window.end()
    shut.begin()
    camera = Camera(given.folder, shut, f"kiosk-{given.theme}-shut-")
    camera.until(shut.closed.leave.isVisible)
    camera.take("out-of-service")
    shut.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
