"""An answer has its place on small screens, whatever its sources are called: none of it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.kiosk.compose import Compose
from gui.kiosk.visit import Visit
from gui.kiosk.window import KioskWindow
from tests.gui.kiosk_appliance import QUESTIONS
from tests.gui.kiosk_visits import ask, come, opened, visit
from tests.gui.kiosk_window import furnished
from tests.gui.laid_out import cut
from tests.gui.memory_state import Pace

LONG = "Standard operating procedure for the reception, admission and discharge of pets & guests"
WORD = "Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz"
SCREENS = [(1024, 768), (800, 1280)]


@pytest.fixture
def kiosk(library: Path, pace: Pace, qtbot: QtBot) -> Iterator[KioskWindow]:
    yield from opened(furnished(library, pace), qtbot)


def answered(kiosk: KioskWindow, qtbot: QtBot) -> Visit:
    """From a document with a long name."""
    come(kiosk)
    here = ask(kiosk, qtbot, QUESTIONS[0])
    named = [
        replace(one, passage=replace(one.passage, title=LONG))
        for one in here.answer._citations.values()
    ]
    here.answer._set_sources(tuple(named))
    return here


def beyond(inner: QWidget | None, outer: QWidget) -> int:
    assert inner is not None
    return inner.width() - outer.width()


def test_what_is_said_of_an_evaluation_takes_no_room_of_what_is_asked(
    library: Path, pace: Pace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = furnished(library, pace)
    said = ("This program was built without a vendor's key: it is for evaluation, not for work.",)
    product.memory.view = replace(product.memory.view, notices=said * 2)
    for size in SCREENS:
        monkeypatch.setattr("tests.gui.kiosk_window.SIZE", size)
        for kiosk in opened(product, qtbot):
            compose = come(kiosk).compose
            for larger in (False, True):
                visit(kiosk).size_button.setChecked(larger)
                qtbot.waitUntil(partial(in_order, compose))
                assert compose._said.height() >= compose._said.heightForWidth(compose._said.width())
                assert cut(kiosk) == []
        product.lock()


def in_order(compose: Compose) -> bool:
    """Each below the one before, the keyboard last."""
    column = (compose.heading, *compose.starters[-1:], compose.field, compose._said)
    edges = []
    for one in (*column, compose.keyboard):
        top = one.mapTo(compose, QPoint(0, 0)).y()
        edges += [top, top + one.height()]
    return edges == sorted(edges)


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("larger", [False, True], ids=["usual", "larger"])
def test_no_source_and_no_word_pushes_an_answer_out_of_sight(
    kiosk: KioskWindow,
    qtbot: QtBot,
    size: tuple[int, int],
    larger: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.gui.kiosk_window.SIZE", size)
    kiosk._come_forward()
    here = answered(kiosk, qtbot)
    assert len(here.compose.starters) == len(QUESTIONS)
    here.size_button.setChecked(larger)
    area = here.answer._scroll
    qtbot.waitUntil(lambda: (kiosk.width(), kiosk.height()) == size)
    QApplication.processEvents()
    assert beyond(area.widget(), area.viewport()) <= 0
    source = here.answer.sources[0]
    assert source.text().endswith(", p. 1")
    assert LONG in source.accessibleName()
    assert cut(kiosk) == []
    here.answer.begin(f"What is the {WORD}?")
    here.answer.say("info", "Our documents do not say", "Ask at the desk.")
    QApplication.processEvents()
    assert beyond(area.widget(), area.viewport()) <= 0
    assert here.answer.asked.text().replace("\u200b", "") == f"What is the {WORD}?"
