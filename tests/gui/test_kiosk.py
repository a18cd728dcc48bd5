"""The kiosk's window: a visit, its end, and an end of the kiosk that is an administrator's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QDesktopServices,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from appliance.errors import AlreadyRunning, LogUnwritable
from appliance.settings import Settings
from appliance.values import Event, Refused
from gui.__main__ import KioskMachine
from gui.__main__ import opened as ordinary
from gui.kiosk.guard import may_type
from gui.kiosk.visit import Visit
from gui.kiosk.window import KioskWindow
from gui.style.tokens import DARK, LIGHT, contrast
from tests.gui.driving import PASSPHRASE
from tests.gui.kiosk_appliance import ADMINISTRATOR, QUESTIONS, KioskAppliance
from tests.gui.kiosk_window import Watch, furnished, window_of, words_in
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


def opened(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    window = window_of(product)
    window.begin()
    qtbot.waitUntil(lambda: window.places.currentWidget() is not window.closed)
    yield window
    if not window.guard.released:
        window.end()
    window.deleteLater()


def visit(kiosk: KioskWindow) -> Visit:
    assert kiosk.visit is not None
    return kiosk.visit


def come(kiosk: KioskWindow) -> Visit:
    """A visitor touches the first screen, anywhere."""
    QTest.mouseClick(kiosk.attract, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert kiosk.places.currentWidget() is visit(kiosk)
    return visit(kiosk)


def ask(kiosk: KioskWindow, qtbot: QtBot, text: str) -> Visit:
    """Typed on the screen's own keyboard."""
    here = visit(kiosk)
    here.begin()
    press(here, text)
    key(here, "enter").click()
    qtbot.waitUntil(lambda: not here.answer.again.isHidden())
    return here


def key(here: Visit, what: str) -> QAbstractButton:
    found = here.compose.keyboard.key(what)
    assert found is not None, what
    return found


def press(here: Visit, text: str) -> None:
    for character in text:
        if character.isupper():
            key(here, "shift").click()
        name = {"?": "?", "-": "-"}.get(character, character.lower())
        key(here, "space" if character == " " else name).click()


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


# --- no way out ----------------------------------------------------------------------------------


def test_closing_and_quitting_are_refused(kiosk: KioskWindow, qtbot: QtBot) -> None:
    watch = Watch(kiosk)
    assert not kiosk.close()
    QApplication.sendEvent(kiosk, QCloseEvent())
    handle = kiosk.windowHandle()
    assert not handle.close()
    application = QApplication.instance()
    assert application is not None
    QApplication.sendEvent(application, QEvent(QEvent.Type.Quit))
    QApplication.closeAllWindows()
    kiosk.showMinimized()
    kiosk.hide()
    qtbot.waitUntil(lambda: kiosk.isVisible() and not kiosk.isMinimized())
    assert kiosk.windowState() & Qt.WindowState.WindowFullScreen
    assert watch.look() == []
    watch.end()


@pytest.mark.parametrize(
    ("key", "modifiers"),
    [
        (Qt.Key.Key_F4, "Alt"), (Qt.Key.Key_Q, "Control"), (Qt.Key.Key_W, "Control"),
        (Qt.Key.Key_F1, ""), (Qt.Key.Key_F10, "Shift"), (Qt.Key.Key_Menu, ""),
        (Qt.Key.Key_C, "Control"), (Qt.Key.Key_X, "Control"), (Qt.Key.Key_V, "Control"),
        (Qt.Key.Key_A, "Control"), (Qt.Key.Key_P, "Control"), (Qt.Key.Key_S, "Control"),
        (Qt.Key.Key_O, "Control"), (Qt.Key.Key_Insert, "Shift"), (Qt.Key.Key_Delete, "Shift"),
        (Qt.Key.Key_Right, "Shift"), (Qt.Key.Key_Tab, "Alt"), (Qt.Key.Key_Super_L, ""),
        (Qt.Key.Key_Print, ""), (Qt.Key.Key_Help, ""), (Qt.Key.Key_HomePage, ""),
    ],
)  # fmt: skip
def test_no_key_that_leads_out_reaches_a_widget(key: Qt.Key, modifiers: str) -> None:
    held = getattr(Qt.KeyboardModifier, f"{modifiers or 'No'}Modifier")
    text = "" if key >= Qt.Key.Key_Escape else chr(key)
    assert not may_type(QKeyEvent(QEvent.Type.KeyPress, key, held, text))


def test_nothing_is_dropped_in_or_taken_out(kiosk: KioskWindow, qtbot: QtBot) -> None:
    here = come(kiosk)
    data = QMimeData()
    data.setText("dropped")
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(here.compose.field, drop)
    assert here.compose.field.text() == ""
    QTest.keyClicks(here.compose.field, "my question")
    QTest.mouseDClick(here.compose.field, Qt.MouseButton.LeftButton)
    here.compose.field.selectAll()
    assert not here.compose.field.hasSelectedText()
    menu = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), QPoint(5, 5))
    QApplication.sendEvent(here.compose.field, menu)
    assert QApplication.activePopupWidget() is None
    QGuiApplication.clipboard().setText("from elsewhere")
    assert QGuiApplication.clipboard().text() == ""


def test_a_window_that_comes_up_all_the_same_is_hidden(kiosk: KioskWindow, qtbot: QtBot) -> None:
    stray = QDialog()
    qtbot.addWidget(stray)
    stray.show()
    qtbot.waitUntil(stray.isHidden)


def test_the_watch_of_these_tests_sees_what_it_watches_for(
    kiosk: KioskWindow, tmp_path: Path
) -> None:
    watch = Watch(kiosk)
    assert watch.look() == []
    QDesktopServices.openUrl(QUrl("https://example.org/"))
    subprocess.run([sys.executable, "-c", ""], check=True)
    (tmp_path / "leak").write_text("leak")
    watch.end()
    seen = " ".join(watch.look())
    for sign in ("address", "process", "opened for writing"):
        assert sign in seen


# --- leaving -------------------------------------------------------------------------------------


def test_an_administrator_ends_it_with_their_passphrase(
    kiosk: KioskWindow, product: KioskAppliance, qtbot: QtBot
) -> None:
    kiosk.attract.leave.click()
    leaving = kiosk.leaving
    leaving.name.put(ADMINISTRATOR)
    leaving.secret.put("not the passphrase")
    leaving.go.click()
    qtbot.waitUntil(leaving.notice.isVisible)
    assert leaving.secret.text() == ""
    assert not kiosk.left
    QTest.keyClicks(leaving.secret, PASSPHRASE)
    with qtbot.waitSignal(kiosk.ended):
        QTest.keyClick(leaving.secret, Qt.Key.Key_Return)
    assert kiosk.left
    assert product.memory.left == 1
    assert product.closed
    assert kiosk.isHidden()


def test_the_way_to_leave_is_left_by_itself(kiosk: KioskWindow, product: KioskAppliance) -> None:
    kiosk.attract.leave.click()
    kiosk.leaving.name.put(ADMINISTRATOR)
    kiosk.leaving.secret.put("half a passphra")
    product.pace.ticks += 61
    kiosk.presence.look()
    assert kiosk.places.currentWidget() is kiosk.attract
    assert (kiosk.leaving.name.text(), kiosk.leaving.secret.text()) == ("", "")


def test_what_is_not_fit_for_visitors_is_out_of_service(
    product: KioskAppliance, qtbot: QtBot
) -> None:
    product.memory.unfit = True
    for kiosk in opened_shut(product, qtbot):
        assert kiosk.visit is None
        assert "kiosk_unfit" in kiosk.closed.why.text()
        assert product.person is None
        QTest.mouseClick(kiosk.closed, Qt.MouseButton.LeftButton)
        assert kiosk.places.currentWidget() is kiosk.closed
        kiosk.closed.leave.click()
        kiosk.leaving.name.put(ADMINISTRATOR)
        kiosk.leaving.secret.put(PASSPHRASE)
        with qtbot.waitSignal(kiosk.ended):
            kiosk.leaving.go.click()


def opened_shut(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    window = window_of(product)
    window.begin()
    qtbot.waitUntil(window.closed.leave.isVisible)
    yield window
    if not window.guard.released:
        window.end()
    window.deleteLater()


def test_a_vault_that_another_program_holds_is_tried_again(
    product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock = product.unlock

    def held(passphrase: str, name: str = "") -> object:
        raise AlreadyRunning("Another program has this folder open.")

    monkeypatch.setattr(product, "unlock", held)
    monkeypatch.setattr("gui.kiosk.window.AGAIN_MS", 40)
    for kiosk in opened_shut(product, qtbot):
        monkeypatch.setattr(product, "unlock", unlock)
        qtbot.waitUntil(lambda w=kiosk: w.places.currentWidget() is w.attract)  # type: ignore[misc]


def test_a_full_disk_at_the_end_of_a_visit_shuts_it_until_there_is_room(
    product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.kiosk.window.AGAIN_MS", 40)
    wipe = product.memory.wipe

    def full() -> None:
        raise LogUnwritable("The log cannot be written.")

    for kiosk in opened(product, qtbot):
        come(kiosk)
        monkeypatch.setattr(product.memory, "wipe", full)
        kiosk.wipe()
        qtbot.waitUntil(kiosk.closed.isVisible)
        assert "log_unwritable" in kiosk.closed.why.text()
        monkeypatch.setattr(product.memory, "wipe", wipe)
        qtbot.waitUntil(kiosk.attract.isVisible)


def test_on_a_kiosk_the_ordinary_window_stays_shut(
    product: KioskAppliance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    product.settings = Settings(kiosk="on")
    monkeypatch.setattr("appliance.app.open_appliance", lambda *_, **__: product)
    monkeypatch.setattr("gui.outbox.writable", lambda: ())
    assert isinstance(ordinary(tmp_path), KioskMachine)
    product.settings = Settings()
    assert ordinary(tmp_path) is product


# --- everybody can use it ------------------------------------------------------------------------


def test_every_control_has_a_name_and_room_for_a_finger(kiosk: KioskWindow, qtbot: QtBot) -> None:
    come(kiosk)
    ask(kiosk, qtbot, QUESTIONS[0])
    places: list[Callable[[], None]] = [
        lambda: None, visit(kiosk).begin, kiosk.wipe, kiosk._ask_to_leave
    ]  # fmt: skip
    for place in places:
        place()
        qtbot.wait(20)
        seen = [w for w in kiosk.findChildren(QWidget) if w.isVisible()]
        pressed = [w for w in seen if isinstance(w, QAbstractButton | QLineEdit)]
        assert pressed
        assert [type(w).__name__ for w in pressed if not w.accessibleName()] == []
        assert [w.accessibleName() for w in pressed if min(w.height(), w.width()) < 40] == []


def test_tab_reaches_what_can_be_pressed_and_the_keyboard_is_one_stop(
    kiosk: KioskWindow, qtbot: QtBot
) -> None:
    here = come(kiosk)
    stops = [w for w in here.findChildren(QAbstractButton)
             if w.isVisible() and w.focusPolicy() & Qt.FocusPolicy.TabFocus]  # fmt: skip
    assert here.done in stops
    assert here.compose.starters[0] in stops
    assert sum(w in here.compose.keyboard.keys for w in stops) == 1


def test_colours_are_told_apart(qapp: QApplication) -> None:
    for tokens in (LIGHT, DARK):
        for text, ground in (
            (tokens.accent_ink, tokens.accent_bg), (tokens.muted, tokens.side),
            (tokens.on_accent, tokens.accent), (tokens.ink, tokens.hover),
            (tokens.muted, tokens.ground),
        ):  # fmt: skip
            assert contrast(text, ground) >= 4.5
