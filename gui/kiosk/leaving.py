"""Ending the kiosk: an administrator's name and passphrase, typed on the same screen.

Rules kept here: what was typed is emptied whatever comes of it; the passphrase is never shown; the
way back is one press, and time takes it too.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.labels import Words
from gui.kiosk.buttons import PressButton
from gui.kiosk.field import Typed
from gui.kiosk.fixed_notice import FixedNotice
from gui.kiosk.keyboard import Keyboard

_WIDTH = 960
_CHOSEN = (QEvent.Type.FocusIn, QEvent.Type.MouseButtonPress)


class Leaving(QWidget):
    """`wanted(name, passphrase)`; `back` to the visitors' screen."""

    wanted = Signal(str, str)
    back = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.heading = Words(self.tr("End the kiosk"), "large")
        self.name = Typed(self.tr("Name of an administrator"), limit=200)
        self.secret = Typed(self.tr("Passphrase"), secret=True, limit=1024)
        self.notice = FixedNotice()
        self.go = PressButton(self.tr("End the kiosk"), kind="primary")
        self.stay = PressButton(self.tr("Back"))
        self.keyboard = Keyboard(self.tr("Next"))
        self._typing = self.name
        self._arrange()
        for field in (self.name, self.secret):
            field.installEventFilter(self)
            field.textChanged.connect(self._typed)
            field.returnPressed.connect(self._next)
        self.keyboard.typed.connect(self._put)
        self.keyboard.erased.connect(self._erase)
        self.keyboard.entered.connect(self._next)
        self.go.clicked.connect(self._submit)
        self.stay.clicked.connect(self.back)

    def begin(self) -> None:
        self.forget()
        self._turn_to(self.name)

    def forget(self) -> None:
        """Nothing of what was typed stays in a widget."""
        self.name.forget()
        self.secret.forget()
        self.notice.hide()
        self.keyboard.reset()
        self._ready()

    def failed(self, error: CloisterError) -> None:
        self._ready()
        self.notice.complain(error)
        self._turn_to(self.secret)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Which field is typed into: where there is no other keyboard, a window may never get the
        focus of one."""
        if event.type() in _CHOSEN and isinstance(watched, Typed):
            self._typing = watched
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.keyboard.fit(self.height())

    # --- inside ---------------------------------------------------------------------------

    def _put(self, text: str) -> None:
        self._typing.put(text)

    def _erase(self) -> None:
        self._typing.erase()

    def _typed(self) -> None:
        self.go.setEnabled(bool(self.name.text().strip() and self.secret.text()))

    def _ready(self) -> None:
        for widget in (self.name, self.secret, self.stay):
            widget.setEnabled(True)
        self.go.setText(self.tr("End the kiosk"))
        self._typed()

    def _next(self) -> None:
        if self.go.isEnabled():
            self._submit()
        else:
            self._turn_to(self.secret if self._typing is self.name else self.name)

    def _turn_to(self, field: Typed) -> None:
        self._typing = field
        field.setFocus()

    def _submit(self) -> None:
        name, secret = self.name.text().strip(), self.secret.text()
        if not name or not secret or not self.name.isEnabled():
            return
        self.notice.hide()
        self.secret.forget()
        for widget in (self.name, self.secret, self.go, self.stay):
            widget.setEnabled(False)
        self.go.setText(self.tr("Looking …"))
        self.wanted.emit(name, secret)

    def _arrange(self) -> None:
        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        body = QVBoxLayout(column)
        body.setSpacing(12)
        body.addStretch(1)
        body.addWidget(self.heading)
        both = QGridLayout()
        both.setHorizontalSpacing(20)
        for place, field in enumerate((self.name, self.secret)):
            label = Words(field.accessibleName(), "caption")
            label.setBuddy(field)
            both.addWidget(label, 0, place)
            both.addWidget(field, 1, place)
        body.addLayout(both)
        body.addWidget(self.notice)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.go)
        row.addWidget(self.stay)
        row.addStretch(1)
        body.addSpacing(6)
        body.addLayout(row)
        body.addStretch(1)
        middle = QHBoxLayout()
        middle.setContentsMargins(48, 16, 48, 16)
        middle.addStretch(1)
        middle.addWidget(column, 8)
        middle.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(middle, 1)
        layout.addWidget(self.keyboard)
