"""Over everything while the countdown runs: a press anywhere stops it, time wipes what is below.

Rules kept here: nothing below can be pressed through it, nor reached by Tab and typed into; the
seconds are said in words as well; who stays is where they were.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.controls.labels import Words
from gui.kiosk.buttons import PressButton


class StillThere(QWidget):
    stayed = Signal()
    over = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("veil")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._before: QWidget | None = None
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(680)
        self.heading = Words(self.tr("Are you still there?"), "large")
        self.count = Words("", "count")
        self.text = Words(self.tr("If not, all that you asked is wiped."), "quiet", wrap=True)
        self.stay = PressButton(self.tr("I am still here"), kind="start")
        self.done = PressButton(self.tr("I am done"), kind="plain")
        self.stay.clicked.connect(self.stayed)
        self.done.clicked.connect(self.over)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(48, 40, 48, 28)
        inside.setSpacing(14)
        for widget in (self.heading, self.count, self.text):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            inside.addWidget(widget)
        inside.addSpacing(10)
        inside.addWidget(self.stay)
        inside.addWidget(self.done)
        layout = QVBoxLayout(self)
        layout.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def warn(self, seconds: int) -> None:
        self.count.setText(str(seconds))
        parent = self.parentWidget()
        if self.isHidden() and parent is not None:
            self.setAccessibleName(
                self.tr("Are you still there? Everything is wiped in {} seconds.").format(seconds)
            )
            self.setGeometry(parent.rect())
            self._before = self.window().focusWidget()
            self.show()
            self.raise_()
            self.stay.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        before, self._before = self._before, None
        if before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus()

    def focusNextPrevChild(self, _next: bool) -> bool:
        """From the one button to the other and back; out of here Tab leads nowhere."""
        (self.done if self.stay.hasFocus() else self.stay).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.stayed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            super().keyPressEvent(event)
        else:
            self.stayed.emit()
