"""The kiosk's window: a visit, and its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import (
    QKeyEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from appliance.values import Event, Refused
from gui.kiosk.window import KioskWindow
from tests.gui.kiosk_appliance import QUESTIONS, KioskAppliance
from tests.gui.kiosk_visits import ask, come, key, opened, visit
from tests.gui.kiosk_window import furnished, words_in
from tests.gui.memory_answers import decide
from tests.gui.memory_state import Pace

UNKNOWN = "Which gate does the last ferry to Reykjavik leave from?"


@pytest.fixture
def product(library: Path, pace: Pace) -> KioskAppliance:
    return furnished(library, pace)


@pytest.fixture
def kiosk(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    """Open to visitors."""
    yield from opened(product, qtbot)


# --- a visit -------------------------------------------------------------------------------------


def test_a_visitor_types_on_the_screen_and_sees_the_page(kiosk: KioskWindow, qtbot: QtBot) -> None:
    come(kiosk)
    here = ask(kiosk, qtbot, QUESTIONS[0])
    assert here.answer.asked.text() == QUESTIONS[0]
    assert "48 to 72 hours" in here.answer.text.toPlainText()
    qtbot.waitUntil(lambda: here.answer.page.view is not None)
    assert here.answer.page.picture.isVisible()
    assert not here.answer.page.picture.sheet.passage().isEmpty()
    assert [button.isChecked() for button in here.answer.sources] == [True]


def test_an_approved_question_is_asked_by_pressing_it(kiosk: KioskWindow, qtbot: QtBot) -> None:
    here = come(kiosk)
    assert [b.accessibleName() for b in here.compose.starters] == [f"Ask: {q}" for q in QUESTIONS]
    here.compose.starters[1].click()
    qtbot.waitUntil(lambda: bool(here.answer.sources))
    assert here.answer.asked.text() == QUESTIONS[1]


def test_what_the_documents_do_not_say_and_what_may_not_be_asked_is_said_so(
    kiosk: KioskWindow, qtbot: QtBot
) -> None:
    come(kiosk)
    here = ask(kiosk, qtbot, UNKNOWN)
    assert here.answer.notice.sentence == "Our documents do not say"
    assert here.answer.page.isHidden()
    ask(kiosk, qtbot, "How do I delete the log?")
    assert "policy" in here.answer.notice.sentence
    assert here.answer.notice.step == "Ask at the desk if you need something else."


def test_a_failure_tells_a_visitor_where_to_go(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    come(kiosk)
    product.pace.fail_ask = True
    here = ask(kiosk, qtbot, QUESTIONS[0])
    assert "desk" in here.answer.notice.step
    product.pace.fail_ask, product.pace.raise_ask = False, True
    ask(kiosk, qtbot, QUESTIONS[0])
    assert "desk" in here.answer.notice.step


def test_a_question_can_be_stopped(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    here = come(kiosk)
    product.pace.stage = 0.4
    here.compose.starters[0].click()
    here.answer.stop.click()
    qtbot.waitUntil(lambda: here.answer.notice.sentence == "Stopped.")


def test_the_next_question_can_be_asked_as_soon_as_the_answer_is_there(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, slow = product.ask, threading.Event()

    def lingering(text: str, **more: object) -> Iterator[Event]:
        yield from whole(text, **more)  # type: ignore[arg-type]
        slow.wait(10)

    monkeypatch.setattr(product, "ask", lingering)
    here = come(kiosk)
    here.compose.starters[0].click()
    qtbot.waitUntil(lambda: bool(here.answer.sources))
    here.answer.again.click()
    assert here.places.currentWidget() is here.compose
    here.compose.starters[1].click()
    slow.set()
    qtbot.waitUntil(lambda: bool(here.answer.sources))
    assert here.answer.asked.text() == QUESTIONS[1]


def test_what_is_for_the_institutions_people_is_not_told_to_a_visitor(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseated(text: str, **_more: object) -> Iterator[Event]:
        verdict = decide(text, "")
        assert verdict.allowed
        yield Refused(verdict, 7, "The licence ended.", "Bring a new one.")

    monkeypatch.setattr(product, "ask", unseated)
    come(kiosk)
    here = ask(kiosk, qtbot, QUESTIONS[0])
    assert here.answer.notice.sentence == "Nothing is answered here now."
    assert "licence" not in words_in(kiosk)


def test_the_screen_says_where_what_is_typed_is_kept(product: KioskAppliance, qtbot: QtBot) -> None:
    for kept, said in ((False, "Nothing you type is kept"), (True, "kept sealed, for auditors")):
        product.memory.view = replace(product.memory.view, kept=kept)
        product.lock()
        for kiosk in opened(product, qtbot):
            assert said in kiosk.attract.note.text()
            assert said in words_in(come(kiosk).compose)


def test_the_screen_says_that_it_is_an_evaluation(product: KioskAppliance, qtbot: QtBot) -> None:
    said = ("This is an evaluation: new answers until 2026-12-24.", "The air gap is not proved.")
    product.memory.view = replace(product.memory.view, notices=said)
    for kiosk in opened(product, qtbot):
        for one in said:
            assert one in kiosk.attract.note.text()
            assert one in words_in(come(kiosk).compose)
            kiosk.wipe()


# --- the end of a visit --------------------------------------------------------------------------


def test_who_goes_away_is_asked_and_then_wiped(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    come(kiosk)
    ask(kiosk, qtbot, QUESTIONS[0])
    qtbot.waitUntil(lambda: visit(kiosk).answer.page.view is not None)
    visit(kiosk).size_button.click()
    key(visit(kiosk), "layout:fr").click()
    product.pace.ticks += 80
    qtbot.waitUntil(kiosk.still_there.isVisible)
    assert int(kiosk.still_there.count.text()) == 11
    product.pace.ticks += 11
    qtbot.waitUntil(lambda: kiosk.places.currentWidget() is kiosk.attract)
    qtbot.waitUntil(lambda: product.memory.wiped == 1)
    assert product.conversations() == ()
    left = words_in(kiosk)
    assert "apixaban" not in left.replace(QUESTIONS[0], "")
    assert "48 to 72" not in left
    assert visit(kiosk).answer.page.view is None
    assert visit(kiosk).compose.keyboard.layout_code == "en"
    assert not visit(kiosk).size_button.isChecked()


def test_there_are_twenty_seconds_to_say_that_somebody_is_there(
    kiosk: KioskWindow, product: KioskAppliance
) -> None:
    """WCAG 2.2, 2.2.1."""
    come(kiosk)
    product.pace.ticks += 69
    kiosk.presence.look()
    assert kiosk.still_there.isHidden()
    product.pace.ticks += 1
    kiosk.presence.look()
    assert kiosk.still_there.isVisible()


def test_who_is_still_there_stays(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    come(kiosk)
    product.pace.ticks += 80
    qtbot.waitUntil(kiosk.still_there.isVisible)
    QTest.mouseClick(kiosk.still_there, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert kiosk.still_there.isHidden()
    product.pace.ticks += 60
    kiosk.presence.look()
    assert kiosk.still_there.isHidden()
    assert kiosk.places.currentWidget() is visit(kiosk)


def test_tab_leads_nowhere_from_the_countdown_and_who_stays_types_on(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    here = come(kiosk)
    kiosk.activateWindow()
    qtbot.waitUntil(here.compose.field.hasFocus)
    product.pace.ticks += 80
    qtbot.waitUntil(kiosk.still_there.isVisible)
    buttons = (kiosk.still_there.stay, kiosk.still_there.done)
    for stepping in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Right):
        focused = kiosk.focusWidget()
        assert focused in buttons
        QTest.keyClick(focused, stepping)
    assert kiosk.focusWidget() in buttons
    kiosk.still_there.stay.click()
    assert kiosk.still_there.isHidden()
    assert here.compose.field.hasFocus()


def test_who_is_done_says_so_on_the_countdown_too(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    come(kiosk)
    product.pace.ticks += 80
    qtbot.waitUntil(kiosk.still_there.isVisible)
    QTest.mouseClick(kiosk.still_there.done, Qt.MouseButton.LeftButton)
    assert kiosk.places.currentWidget() is kiosk.attract
    qtbot.waitUntil(lambda: product.memory.wiped == 1)


def test_a_key_that_is_held_down_keeps_no_visit_open(
    kiosk: KioskWindow, product: KioskAppliance
) -> None:
    here = come(kiosk)
    product.pace.ticks += 89
    for name in (Qt.Key.Key_A, Qt.Key.Key_Backspace):
        held = QKeyEvent(QEvent.Type.KeyPress, name, Qt.KeyboardModifier.NoModifier, "a", True)
        QApplication.sendEvent(here.compose.field, held)
    product.pace.ticks += 2
    kiosk.presence.look()
    assert kiosk.places.currentWidget() is kiosk.attract


def test_an_answer_that_comes_after_the_wipe_is_not_shown(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    here = come(kiosk)
    product.pace.stage = 0.2
    here.compose.starters[0].click()
    here.done.click()
    qtbot.waitUntil(lambda: product.memory.wiped == 1)
    qtbot.wait(50)
    assert "48 to 72" not in words_in(kiosk)
    assert product.conversations() == ()
