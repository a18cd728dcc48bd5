"""Random and known-bad inputs to a window, from a seed: keys, chords, mouse, touch, drops, menus,
what a window manager does, and what a desktop hands over."""

from __future__ import annotations

import random
from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import (
    QClipboard,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFileOpenEvent,
    QGuiApplication,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

KEYS: list[Qt.Key] = [key for key in Qt.Key if key not in (Qt.Key.Key_unknown, Qt.Key.Key_Any)]
MODIFIERS = [
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.MetaModifier, Qt.KeyboardModifier.KeypadModifier,
    Qt.KeyboardModifier.GroupSwitchModifier,
]  # fmt: skip
BUTTONS = [
    Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.BackButton,
    Qt.MouseButton.ForwardButton, Qt.MouseButton.TaskButton, Qt.MouseButton.ExtraButton24,
]  # fmt: skip
_CTRL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
_SHIFT, _META = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.MetaModifier
_NONE = Qt.KeyboardModifier.NoModifier
BAD_CHORDS = [
    (Qt.Key.Key_F4, _ALT), (Qt.Key.Key_F4, _CTRL), (Qt.Key.Key_Q, _CTRL), (Qt.Key.Key_W, _CTRL),
    (Qt.Key.Key_Q, _CTRL | _SHIFT), (Qt.Key.Key_W, _CTRL | _SHIFT), (Qt.Key.Key_N, _CTRL),
    (Qt.Key.Key_T, _CTRL), (Qt.Key.Key_O, _CTRL), (Qt.Key.Key_S, _CTRL), (Qt.Key.Key_P, _CTRL),
    (Qt.Key.Key_S, _CTRL | _SHIFT), (Qt.Key.Key_Escape, _CTRL), (Qt.Key.Key_Escape, _ALT),
    (Qt.Key.Key_Escape, _CTRL | _SHIFT), (Qt.Key.Key_Escape, _META), (Qt.Key.Key_Tab, _ALT),
    (Qt.Key.Key_Tab, _CTRL), (Qt.Key.Key_Tab, _META), (Qt.Key.Key_Backtab, _ALT | _SHIFT),
    (Qt.Key.Key_Space, _ALT), (Qt.Key.Key_Space, _META), (Qt.Key.Key_Space, _CTRL),
    (Qt.Key.Key_Delete, _CTRL | _ALT), (Qt.Key.Key_Backspace, _CTRL | _ALT),
    (Qt.Key.Key_F1, _NONE), (Qt.Key.Key_F1, _SHIFT), (Qt.Key.Key_F2, _ALT), (Qt.Key.Key_F1, _ALT),
    (Qt.Key.Key_F5, _NONE), (Qt.Key.Key_F6, _NONE), (Qt.Key.Key_F10, _NONE),
    (Qt.Key.Key_F10, _SHIFT), (Qt.Key.Key_F11, _NONE), (Qt.Key.Key_F12, _NONE),
    (Qt.Key.Key_F2, _CTRL | _ALT), (Qt.Key.Key_F7, _CTRL | _ALT), (Qt.Key.Key_T, _CTRL | _ALT),
    (Qt.Key.Key_L, _CTRL | _ALT), (Qt.Key.Key_Menu, _NONE), (Qt.Key.Key_Help, _NONE),
    (Qt.Key.Key_Meta, _NONE), (Qt.Key.Key_Super_L, _NONE), (Qt.Key.Key_Super_R, _NONE),
    (Qt.Key.Key_Alt, _NONE), (Qt.Key.Key_AltGr, _NONE), (Qt.Key.Key_Print, _NONE),
    (Qt.Key.Key_SysReq, _ALT), (Qt.Key.Key_Pause, _CTRL), (Qt.Key.Key_Cancel, _CTRL),
    (Qt.Key.Key_C, _CTRL), (Qt.Key.Key_X, _CTRL), (Qt.Key.Key_V, _CTRL), (Qt.Key.Key_A, _CTRL),
    (Qt.Key.Key_Z, _CTRL), (Qt.Key.Key_Y, _CTRL), (Qt.Key.Key_U, _CTRL | _SHIFT),
    (Qt.Key.Key_Insert, _CTRL), (Qt.Key.Key_Insert, _SHIFT), (Qt.Key.Key_Delete, _SHIFT),
    (Qt.Key.Key_Home, _CTRL | _SHIFT), (Qt.Key.Key_End, _SHIFT), (Qt.Key.Key_Left, _ALT),
    (Qt.Key.Key_Right, _ALT), (Qt.Key.Key_Home, _ALT), (Qt.Key.Key_D, _ALT), (Qt.Key.Key_R, _META),
    (Qt.Key.Key_L, _META), (Qt.Key.Key_D, _META), (Qt.Key.Key_E, _META), (Qt.Key.Key_X, _META),
    (Qt.Key.Key_U, _META), (Qt.Key.Key_Enter, _META), (Qt.Key.Key_Return, _ALT),
    (Qt.Key.Key_Plus, _CTRL), (Qt.Key.Key_HomePage, _NONE), (Qt.Key.Key_Back, _NONE),
    (Qt.Key.Key_LaunchMail, _NONE), (Qt.Key.Key_WWW, _NONE), (Qt.Key.Key_Explorer, _NONE),
    (Qt.Key.Key_Calculator, _NONE), (Qt.Key.Key_PowerOff, _NONE), (Qt.Key.Key_Sleep, _NONE),
    (Qt.Key.Key_Exit, _NONE), (Qt.Key.Key_Close, _NONE), (Qt.Key.Key_Favorites, _NONE),
    (Qt.Key.Key_Search, _NONE), (Qt.Key.Key_Find, _NONE), (Qt.Key.Key_Open, _NONE),
    (Qt.Key.Key_Copy, _NONE), (Qt.Key.Key_Cut, _NONE), (Qt.Key.Key_Paste, _NONE),
    (Qt.Key.Key_Save, _NONE), (Qt.Key.Key_Eject, _NONE), (Qt.Key.Key_ScreenSaver, _NONE),
]  # fmt: skip
_UNTYPED = frozenset(
    {
        Qt.Key.Key_AltGr, Qt.Key.Key_Calculator, Qt.Key.Key_Cancel, Qt.Key.Key_Close,
        Qt.Key.Key_Copy, Qt.Key.Key_Cut, Qt.Key.Key_Eject, Qt.Key.Key_Exit, Qt.Key.Key_Explorer,
        Qt.Key.Key_Find, Qt.Key.Key_Open, Qt.Key.Key_Paste, Qt.Key.Key_PowerOff, Qt.Key.Key_Save,
        Qt.Key.Key_ScreenSaver, Qt.Key.Key_Sleep, Qt.Key.Key_WWW,
    }
)  # fmt: skip
"""Keys that QTest cannot press through a window; they are sent to the widget."""
ADDRESSES = (
    "https://example.org/", "file:///etc/passwd", "mailto:a@example.org", "ms-settings:network",
    "javascript:alert(1)", "data:text/html,<b>x</b>", "cite:1", "\\\\server\\share",
)  # fmt: skip
TEXTS = (
    "<a href='https://example.org'>here</a>", "<img src='file:///etc/passwd'>", "%s%n%x", "'; --",
    "\x1b]0;x\x07", "\u202egnirts", "\u0000", "\ufffc", "🏥" * 40, "ﷺ" * 60, "A" * 5_000, "\n\r\t",
    "cloister log export /tmp/x", "Root Keeper",
)  # fmt: skip
_WINDOW_STATES = (
    Qt.WindowState.WindowMinimized, Qt.WindowState.WindowMaximized, Qt.WindowState.WindowNoState,
    Qt.WindowState.WindowMinimized | Qt.WindowState.WindowFullScreen,
)  # fmt: skip


class Monkey:
    """`do(n)` n inputs to `window`. The same seed does the same."""

    def __init__(self, window: QWidget, seed: int) -> None:
        self._window = window
        self._chance = random.Random(seed)  # noqa: S311  nothing is kept secret by it
        self._touch = QTest.createTouchDevice()
        self.done = 0
        acts: list[tuple[int, Callable[[], None]]] = [
            (26, self.key), (22, self.chord), (30, self.click), (6, self.drag), (4, self.wheel),
            (3, self.double), (3, self.touch), (8, self.typed), (3, self.menu), (5, self.drop),
            (2, self.help), (2, self.composed), (2, self.close), (2, self.manage), (1, self.handed),
            (1, self.clipboard), (2, self.shortcut),
        ]  # fmt: skip
        self._acts = [act for weight, act in acts for _ in range(weight)]

    def do(self, count: int) -> None:
        for _ in range(count):
            self._chance.choice(self._acts)()
            self.done += 1
            if self.done % 20 == 0:
                QApplication.processEvents()

    # --- keys -----------------------------------------------------------------------------

    def key(self) -> None:
        key: Qt.Key = self._chance.choice(KEYS)
        held = self._chance.choice(MODIFIERS) | self._chance.choice(MODIFIERS)
        if self._chance.random() < 0.1:  # letters of other keyboards, and codes nobody knows
            key = Qt.Key(self._chance.choice((0x424, 0x5D0, 0x3042, 0x1F600, 0, 0x7FFF_FFFF)))
        self._press(key, held, chr(key) if 32 <= key < 0x11_0000 and chr(key).isprintable() else "")

    def chord(self) -> None:
        key, held = self._chance.choice(BAD_CHORDS)
        if key in _UNTYPED:
            self._press(key, held, "")
        else:
            QTest.keyClick(self._window.windowHandle(), key, held)

    def typed(self) -> None:
        """Text as a keyboard, a scanner or a rogue device would send it."""
        for character in self._chance.choice(TEXTS)[:40]:
            self._press(Qt.Key.Key_unknown, _NONE, character)

    def composed(self) -> None:
        event = QInputMethodEvent()
        event.setCommitString(self._chance.choice(TEXTS))
        QApplication.sendEvent(self._target(), event)

    def shortcut(self) -> None:
        key, held = self._chance.choice(BAD_CHORDS)
        override = QKeyEvent(QEvent.Type.ShortcutOverride, key, held)
        QApplication.sendEvent(self._target(), override)

    def _press(self, key: Qt.Key, held: Qt.KeyboardModifier, text: str) -> None:
        repeated = self._chance.random() < 0.1
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(self._target(), QKeyEvent(kind, key, held, text, repeated))

    # --- fingers and mouse ------------------------------------------------------------------

    def click(self) -> None:
        held = self._chance.choice(MODIFIERS) if self._chance.random() < 0.3 else _NONE
        QTest.mouseClick(
            self._window.windowHandle(), self._chance.choice(BUTTONS), held, self._place()
        )

    def double(self) -> None:
        handle = self._window.windowHandle()
        QTest.mouseDClick(handle, self._chance.choice(BUTTONS), _NONE, self._place())

    def drag(self) -> None:
        handle, button = self._window.windowHandle(), self._chance.choice(BUTTONS)
        QTest.mousePress(handle, button, _NONE, self._place())
        for _ in range(3):
            QTest.mouseMove(handle, self._place())
        QTest.mouseRelease(handle, button, _NONE, self._place())

    def wheel(self) -> None:
        at = QPointF(self._place())
        angle = QPoint(self._chance.randint(-2000, 2000), self._chance.randint(-2000, 2000))
        held = self._chance.choice(MODIFIERS)
        event = QWheelEvent(
            at, self._window.mapToGlobal(at), QPoint(), angle, Qt.MouseButton.NoButton, held,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self._below(at.toPoint()), event)

    def touch(self) -> None:
        """Up to five fingers that move and lift."""
        fingers = range(self._chance.randint(1, 5))
        sequence = QTest.touchEvent(self._window.windowHandle(), self._touch, False)
        for finger in fingers:
            sequence.press(finger, self._place())
        sequence.commit()
        for finger in fingers:
            sequence.move(finger, self._place())
        sequence.commit()
        for finger in fingers:
            sequence.release(finger, self._place())
        sequence.commit()

    # --- what a desktop does ----------------------------------------------------------------

    def menu(self) -> None:
        at = self._place()
        reason = self._chance.choice(list(QContextMenuEvent.Reason))
        event = QContextMenuEvent(reason, at, self._window.mapToGlobal(at))
        QApplication.sendEvent(self._below(at), event)

    def drop(self) -> None:
        data = QMimeData()
        data.setUrls([QUrl(self._chance.choice(ADDRESSES))])
        data.setText(self._chance.choice(TEXTS))
        data.setHtml(self._chance.choice(TEXTS))
        at = self._place()
        widget, action = self._below(at), Qt.DropAction.CopyAction
        entered = QDragEnterEvent(at, action, data, Qt.MouseButton.LeftButton, _NONE)
        QApplication.sendEvent(widget, entered)
        dropped = QDropEvent(QPointF(at), action, data, Qt.MouseButton.LeftButton, _NONE)
        QApplication.sendEvent(widget, dropped)

    def help(self) -> None:
        kind = self._chance.choice([QEvent.Type.ToolTip, QEvent.Type.WhatsThis])
        at = self._place()
        event = QHelpEvent(kind, at, self._window.mapToGlobal(at))
        QApplication.sendEvent(self._below(at), event)

    def close(self) -> None:
        """A window manager's and a session's ways."""
        way = self._chance.randrange(4)
        if way == 0:
            self._window.close()
        elif way == 1:
            self._window.windowHandle().close()
        elif way == 2:
            QApplication.closeAllWindows()
        else:
            QApplication.sendEvent(_application(), QEvent(QEvent.Type.Quit))

    def manage(self) -> None:
        way = self._chance.randrange(5)
        handle = self._window.windowHandle()
        if way == 0:
            handle.setWindowState(self._chance.choice(_WINDOW_STATES[:3]))
        elif way == 1:
            self._window.setWindowState(self._chance.choice(_WINDOW_STATES))
        elif way == 2:
            self._window.hide()
        elif way == 3:
            handle.setPosition(self._place())
            handle.resize(200, 100)
        else:
            handle.lower()
        QTest.qWait(1)

    def handed(self) -> None:
        event = QFileOpenEvent(QUrl(self._chance.choice(ADDRESSES)))
        QApplication.sendEvent(_application(), event)

    def clipboard(self) -> None:
        mode = self._chance.choice([QClipboard.Mode.Clipboard, QClipboard.Mode.Selection])
        if mode is QClipboard.Mode.Clipboard or QGuiApplication.clipboard().supportsSelection():
            QGuiApplication.clipboard().setText(self._chance.choice(TEXTS), mode)

    # --- where ----------------------------------------------------------------------------

    def _place(self) -> QPoint:
        """Anywhere in the window; often the middle of something that can be pressed."""
        room = self._window.windowHandle().geometry().size()
        inside = QRect(QPoint(0, 0), room.boundedTo(self._window.size()))
        if self._chance.random() < 0.35:
            pressed = [w for w in self._window.findChildren(QWidget)
                       if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus]  # fmt: skip
            if pressed:
                widget = self._chance.choice(pressed)
                middle = widget.mapTo(self._window, widget.rect().center())
                if inside.contains(middle):
                    return middle
        across, down = max(1, inside.width()), max(1, inside.height())
        return QPoint(self._chance.randrange(across), self._chance.randrange(down))

    def _below(self, at: QPoint) -> QWidget:
        return self._window.childAt(at) or self._window

    def _target(self) -> QWidget:
        return QApplication.focusWidget() or self._window


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application
