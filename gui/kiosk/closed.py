"""What the kiosk shows while it is being opened, and when it cannot be: nothing to ask, no way out.

Rules kept here: a visitor is told where to go, the institution's people why, in a sentence and a
code; nothing of the vault is open here.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.labels import Glyph, Words
from gui.kiosk.buttons import PressButton
from gui.text import plain


class Closed(QWidget):
    staff = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attract")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.heading = Words("", "huge", wrap=True)
        self.text = Words("", "quiet", wrap=True)
        self.why = Words("", "caption", wrap=True)
        self.leave = PressButton(self.tr("Staff"), kind="plain")
        self.leave.clicked.connect(self.staff)
        for words in (self.heading, self.text, self.why):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout()
        column.setSpacing(18)
        column.addStretch(3)
        column.addWidget(Glyph("arch", "accent", 88), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.heading)
        column.addWidget(self.text)
        column.addStretch(4)
        foot = QHBoxLayout()
        foot.addSpacing(120)
        foot.addWidget(self.why, 1)
        self.leave.setMinimumWidth(120)
        foot.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 40, 24, 20)
        layout.addLayout(column, 1)
        layout.addLayout(foot)
        self.wait()

    def wait(self) -> None:
        self._say(self.tr("One moment …"), "", "")
        self.leave.hide()

    def complain(self, error: CloisterError) -> None:
        self._say(
            self.tr("Out of service"),
            self.tr("Please ask at the desk."),
            plain.shown(
                f"{plain.spoken(error.sentence)} {plain.spoken(error.next_step)} ({error.code})",
                800,
            ),
        )
        self.leave.show()

    def _say(self, heading: str, text: str, why: str) -> None:
        self.heading.setText(heading)
        self.text.setText(text)
        self.why.setText(why)
        self.setAccessibleName(f"{heading} {text} {why}".strip())
