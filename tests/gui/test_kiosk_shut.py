"""Nobody leaves a kiosk but by an administrator's passphrase; and everybody can use it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QDesktopServices,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from appliance.errors import AlreadyRunning, CloisterError, LogUnwritable
from appliance.people import TryLater
from appliance.settings import Settings
from appliance.values import KioskView
from gui.__main__ import KioskMachine
from gui.__main__ import opened as ordinary
from gui.kiosk.guard import may_type
from gui.kiosk.visit import Visit
from gui.kiosk.window import KioskWindow
from gui.style.tokens import LOOKS, contrast
from tests.gui.driving import PASSPHRASE
from tests.gui.kiosk_appliance import ADMINISTRATOR, QUESTIONS, KioskAppliance
from tests.gui.kiosk_visits import ask, come, key, opened, opened_shut, visit
from tests.gui.kiosk_window import Watch, furnished
from tests.gui.memory_state import Pace


@pytest.fixture
def product(library: Path, pace: Pace) -> KioskAppliance:
    return furnished(library, pace)


@pytest.fixture
def kiosk(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    """Open to visitors."""
    yield from opened(product, qtbot)


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


def test_nothing_that_is_shown_can_be_marked_dragged_or_dropped_on(
    kiosk: KioskWindow, qtbot: QtBot
) -> None:
    come(kiosk)
    ask(kiosk, qtbot, QUESTIONS[0])
    ask(kiosk, qtbot, "How do I delete the log?")
    taken = Qt.TextInteractionFlag.TextSelectableByMouse
    taken |= Qt.TextInteractionFlag.TextSelectableByKeyboard | Qt.TextInteractionFlag.TextEditable
    everything = [kiosk, *kiosk.findChildren(QWidget)]
    assert any(isinstance(one, QTextEdit) for one in everything)
    for one in everything:
        assert not one.acceptDrops(), one
        assert not isinstance(one, QLineEdit) or not one.dragEnabled()
        if isinstance(one, QLabel | QTextEdit):
            assert not one.textInteractionFlags() & taken, one
    words = visit(kiosk).answer.notice.findChildren(QLabel)
    sentence = max((one for one in words if one.isVisible()), key=lambda one: len(one.text()))
    QTest.mouseDClick(sentence, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    assert not sentence.hasSelectedText()


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


def test_the_keyboard_on_the_screen_types_where_it_was_touched_without_any_focus(
    kiosk: KioskWindow,
) -> None:
    kiosk.attract.leave.click()
    leaving = kiosk.leaving
    for field in (leaving.name, leaving.secret):  # as where no keyboard is connected
        field.clearFocus()
        touch = QMouseEvent(
            QEvent.Type.MouseButtonPress, QPointF(5, 5), QPointF(5, 5), Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        field.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        QApplication.sendEvent(field, touch)
        for what in ("a", "b", "delete"):
            pressed = leaving.keyboard.key(what)
            assert pressed is not None
            pressed.click()
    assert (leaving.name.text(), leaving.secret.text()) == ("a", "a")
    leaving.secret.forget()
    enter = leaving.keyboard.key("enter")
    assert enter is not None
    enter.click()  # to the other field
    letter = leaving.keyboard.key("c")
    assert letter is not None
    letter.click()
    assert leaving.name.text() == "ac"


def test_staff_find_the_way_to_leave_with_a_keyboard_alone(kiosk: KioskWindow) -> None:
    QTest.keyClick(kiosk.attract.begin, Qt.Key.Key_Tab)
    assert kiosk.focusWidget() is kiosk.attract.leave
    QTest.keyClick(kiosk.attract.leave, Qt.Key.Key_Return)
    assert kiosk.places.currentWidget() is kiosk.leaving
    QTest.keyClick(kiosk.leaving.stay, Qt.Key.Key_Return)
    assert kiosk.places.currentWidget() is kiosk.attract
    come(kiosk)
    QTest.keyClick(visit(kiosk).done, Qt.Key.Key_Return)
    assert kiosk.places.currentWidget() is kiosk.attract


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


@pytest.mark.parametrize(
    "why",
    [
        AlreadyRunning("Another program has this folder open."),
        TryLater("There were 3 failed log-ins in a row: the next one is possible in 5 seconds."),
    ],
    ids=["held", "made to wait"],
)
def test_a_vault_that_could_not_be_tried_is_tried_again(
    product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, why: CloisterError
) -> None:
    unlock = product.unlock

    def held(passphrase: str, name: str = "") -> object:
        raise why

    monkeypatch.setattr(product, "unlock", held)
    monkeypatch.setattr("gui.kiosk.window.AGAIN_MS", 40)
    for kiosk in opened_shut(product, qtbot):
        monkeypatch.setattr(product, "unlock", unlock)
        qtbot.waitUntil(lambda w=kiosk: w.places.currentWidget() is w.attract)  # type: ignore[misc]


def test_what_nobody_foresaw_leaves_nothing_open_behind_the_screen(
    product: KioskAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_ended: object) -> KioskView:
        raise ValueError

    monkeypatch.setattr(product.memory, "begin", broken)
    for kiosk in opened_shut(product, qtbot):
        assert "unexpected" in kiosk.closed.why.text()
        assert product.person is None


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


@pytest.mark.parametrize("size", [(1024, 768), (1280, 800), (800, 1280), (1920, 1080)])
@pytest.mark.parametrize("larger", [False, True], ids=["usual", "larger"])
def test_everything_has_its_place_on_every_screen(
    kiosk: KioskWindow,
    qtbot: QtBot,
    size: tuple[int, int],
    larger: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.gui.kiosk_window.SIZE", size)
    kiosk._come_forward()
    here = come(kiosk)
    here.size_button.setChecked(larger)
    key(here, "layout:fr").click()  # the layout with the most keys
    qtbot.waitUntil(lambda: (kiosk.width(), kiosk.height()) == size)
    qtbot.waitUntil(lambda: misplaced(here, kiosk) == [])


def misplaced(here: Visit, window: QWidget) -> list[str]:
    """What is not whole inside the window, or not below what it belongs below."""
    compose = here.compose
    assert compose.starters
    placed: list[QWidget] = [here.done, compose.heading, compose.field, compose.send]
    placed += [*compose.starters, *compose.keyboard.keys]
    outside = [
        one.accessibleName() for one in placed if not window.rect().contains(inside(one, window))
    ]
    column = (compose.heading, compose.starters[-1], compose.field, compose.keyboard)
    over = [
        lower.accessibleName()
        for upper, lower in itertools.pairwise(column)
        if inside(upper, window).bottom() > inside(lower, window).top()
    ]
    return outside + over


def inside(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


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
    for tokens in LOOKS.values():
        for text, ground in (
            (tokens.accent_ink, tokens.accent_bg), (tokens.muted, tokens.side),
            (tokens.on_accent, tokens.accent), (tokens.ink, tokens.hover),
            (tokens.muted, tokens.ground),
        ):  # fmt: skip
            assert contrast(text, ground) >= 4.5
