"""What may reach the kiosk's window: fingers, one mouse button, and the keys that write.

Rules kept here: nothing is let through that is not named below; chords, function keys and menu keys
end here, and so do menus, drags, drops, tool tips and files handed over by the system; a close or a
quit is refused until the kiosk is released; a window of this program that is not the kiosk's is
hidden as it comes; a key that is held down counts once. What the system does with keys before it
hands them over is the system's to switch off (packaging/kiosk/README.md).
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QSinglePointEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

_KEY = frozenset({QEvent.Type.KeyPress, QEvent.Type.KeyRelease})
_MOUSE = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.NonClientAreaMouseButtonPress,
        QEvent.Type.NonClientAreaMouseButtonDblClick,
    }
)
_REFUSED = frozenset(
    {
        QEvent.Type.ContextMenu,
        QEvent.Type.DragEnter,
        QEvent.Type.DragMove,
        QEvent.Type.DragLeave,
        QEvent.Type.Drop,
        QEvent.Type.ToolTip,
        QEvent.Type.WhatsThis,
        QEvent.Type.QueryWhatsThis,
        QEvent.Type.EnterWhatsThisMode,
        QEvent.Type.StatusTip,
        QEvent.Type.Shortcut,
        QEvent.Type.FileOpen,
        QEvent.Type.Clipboard,
        QEvent.Type.NonClientAreaMouseButtonPress,
        QEvent.Type.NonClientAreaMouseButtonDblClick,
    }
)
_LEAVING = frozenset({QEvent.Type.Close, QEvent.Type.Quit})
_TOUCHED = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.TabletPress,
        QEvent.Type.Wheel,
        QEvent.Type.InputMethod,
        QEvent.Type.KeyPress,
    }
)
_WATCHED = _KEY | _MOUSE | _REFUSED | _LEAVING | _TOUCHED | {QEvent.Type.Show}

_CHORDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_PLAIN = frozenset(
    {
        Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up,
        Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
        Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape,
    }
)  # fmt: skip
"""Let through without Shift, which would mark, cut or paste."""
_STEPPING = frozenset({Qt.Key.Key_Tab, Qt.Key.Key_Backtab})
_REPEATED = frozenset(
    {Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up,
     Qt.Key.Key_Down}
)  # fmt: skip


class Guard(QObject):
    """Filters everything the application is sent. `touched` when somebody did something that was
    let through."""

    touched = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.released = False
        """Whether the kiosk may be closed."""
        self.refused = 0
        """How much was kept out, for tests."""
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def release(self) -> None:
        """The kiosk may be closed; nothing is kept out any more."""
        self.released = True
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _WATCHED:
            return False
        if kind in _LEAVING:
            return self._refuse(event)
        if kind is QEvent.Type.Show:
            self._look_at(watched)
            return False
        if kind in _REFUSED or not _usual(event):
            return self._refuse(event)
        if kind in _TOUCHED and not _repeated(event):
            self.touched.emit()
        return False

    def _refuse(self, event: QEvent) -> bool:
        self.refused += 1
        event.ignore()
        return True

    def _look_at(self, watched: QObject) -> None:
        if isinstance(watched, QWidget) and watched.isWindow() and watched is not self._window:
            QTimer.singleShot(0, watched, watched.hide)


def _usual(event: QEvent) -> bool:
    """Whether a visitor's finger or key would do this."""
    if isinstance(event, QKeyEvent):
        return may_type(event)
    if isinstance(event, QWheelEvent):
        return not event.modifiers() & _CHORDS
    if isinstance(event, QMouseEvent):
        return event.button() is Qt.MouseButton.LeftButton and not event.modifiers() & _CHORDS
    return not isinstance(event, QSinglePointEvent) or not event.modifiers() & _CHORDS


def may_type(event: QKeyEvent) -> bool:
    """Characters, and the keys that move, erase, send and go back."""
    key, modifiers = Qt.Key(event.key()), event.modifiers()
    shifted = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    if modifiers & _CHORDS and not _third_level(event):
        return False
    if key in _STEPPING:
        return True
    if key in _PLAIN:
        return not shifted and (not event.isAutoRepeat() or key in _REPEATED)
    text = event.text()
    return 0 < len(text) <= 2 and text.isprintable() and not event.isAutoRepeat()


def _third_level(event: QKeyEvent) -> bool:
    """Windows gives AltGr, which types @ and €, as Ctrl and Alt together."""
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    return sys.platform == "win32" and event.modifiers() & _CHORDS == both and bool(event.text())


def _repeated(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.isAutoRepeat()
