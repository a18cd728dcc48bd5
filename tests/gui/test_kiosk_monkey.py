"""Ten thousand inputs to a kiosk, random and known to be bad: nothing of it leads out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTimer
from pytestqt.qtbot import QtBot

from appliance.values import Citation, PageView
from gui.kiosk.window import KioskWindow
from tests.gui.kiosk_appliance import QUESTIONS, KioskAppliance
from tests.gui.kiosk_window import Watch, furnished, window_of
from tests.gui.memory_state import Pace
from tests.gui.monkey import Monkey

STRETCH = 250
"""Inputs from each place on: the first screen, a question, an answer, the countdown, leaving."""
STRETCHES = 40
LOOKED = 25
SEED = 20_261_128

pytestmark = pytest.mark.timeout(180)
unheard = pytest.mark.qt_log_ignore("does not support", "QGestureManager::deliverEvents")
"""What the offscreen platform cannot do, and fingers that lift where nothing is any more."""


class QuickPages(KioskAppliance):
    """Pages of few pixels: they are drawn over and over."""

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        return super().page(citation, page, min(scale, 0.4))


@contextmanager
def open_kiosk(
    library: Path, qtbot: QtBot, *, unfit: bool = False
) -> Iterator[tuple[KioskWindow, KioskAppliance]]:
    product = furnished(library, Pace(stage=0.0), QuickPages)
    product.memory.unfit = unfit
    window = window_of(product)
    window.begin()
    first = window.closed.leave if unfit else window.attract
    qtbot.waitUntil(first.isVisible)
    try:
        yield window, product
    finally:
        if not window.guard.released:
            window.end()
        window.deleteLater()


def start_from(place: int, window: KioskWindow, product: KioskAppliance, qtbot: QtBot) -> None:
    """A stretch begins at the first screen, a question, an answer, the countdown, or leaving."""
    window.wipe()
    if place == 4:
        window.attract.leave.click()
    elif place:
        window.attract.begin.click()
    visit = window.visit
    assert visit is not None
    if place == 2:
        visit.ask(QUESTIONS[0])
        qtbot.waitUntil(lambda: visit.answer.page.view is not None)
    elif place == 3:
        product.pace.ticks += 80.0
        window.presence.look()
        assert window.still_there.isVisible()


def look_after(window: KioskWindow, watch: Watch, qtbot: QtBot, done: int) -> None:
    """What a window manager took away a moment ago is back at the next look at it."""
    window._come_forward()
    qtbot.waitUntil(lambda: window.isVisible() and not window.isMinimized())
    assert watch.look() == [], f"after {done} inputs of seed {SEED}"


@unheard
def test_ten_thousand_inputs_lead_nowhere(library: Path, qtbot: QtBot) -> None:
    with open_kiosk(library, qtbot) as (window, product):
        watch, monkey = Watch(window), Monkey(window, SEED)
        for stretch in range(STRETCHES):
            start_from(stretch % 5, window, product, qtbot)
            for _ in range(STRETCH // LOOKED):
                monkey.do(LOOKED)
                product.pace.ticks += 0.5
                look_after(window, watch, qtbot, monkey.done)
        watch.end()
        assert monkey.done == 10_000
        assert product.memory.wiped >= STRETCHES
        assert product.memory.left == 0
        assert product.person is not None
        assert window.guard.refused > monkey.done / 4


@unheard
def test_a_kiosk_that_is_out_of_service_is_none_either(library: Path, qtbot: QtBot) -> None:
    with open_kiosk(library, qtbot, unfit=True) as (window, product):
        watch, monkey = Watch(window), Monkey(window, SEED)
        for _ in range(40):
            monkey.do(LOOKED)
            look_after(window, watch, qtbot, monkey.done)
        watch.end()
        assert window.visit is None
        assert product.memory.left == 0


@unheard
def test_the_same_inputs_get_out_of_a_window_without_its_guard(library: Path, qtbot: QtBot) -> None:
    """So that the tests above would see it."""
    with open_kiosk(library, qtbot) as (window, _):
        watch, monkey = Watch(window), Monkey(window, SEED)
        window.guard.release()
        for _ in range(40):
            monkey.do(LOOKED)
            if watch.look():
                break
        assert watch.look()
        watch.end()
    take_back_quitting()


def take_back_quitting() -> None:
    """A quit that got through would end every later wait at once (QEventLoop::exec)."""
    QTimer.singleShot(0, QCoreApplication.quit)
    QCoreApplication.exec()
