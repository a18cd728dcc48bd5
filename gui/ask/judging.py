"""What is wrong with an answer, in a person's own words.

Rules kept here: who will read it is said before it is typed; it need not be given.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.style.scale import fix
from gui.text import counts

LIMIT = 2_000


class Judging(QDialog):
    """Open with `open()`; emits `given(reason)`, which may be empty."""

    given = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What is wrong with it?"))
        self.setAccessibleName(self.windowTitle())
        self.setModal(True)
        self.reason = QPlainTextEdit()
        self.reason.setObjectName("field")
        self.reason.setAccessibleName(self.tr("What is wrong, in your words"))
        self.reason.setPlaceholderText(self.tr("For example: the page is of the old guideline"))
        self.reason.setTabChangesFocus(True)
        self.reason.setAcceptDrops(False)
        self.reason.viewport().setAcceptDrops(False)
        fix(self.reason, height=104)
        self.send = TextButton(self.tr("Send"), kind="primary")
        away = TextButton(self.tr("Cancel"))
        away.clicked.connect(self.reject)
        self.send.clicked.connect(self._give)
        self.reason.textChanged.connect(self._count)
        self._left = Words("", "caption")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._left)
        row.addStretch(1)
        row.addWidget(away)
        row.addWidget(self.send)
        text = self.tr(
            "Your institution's auditors can read this, nobody else. The log keeps that you gave "
            "an opinion. The answer stays as it is."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(10)
        layout.addWidget(Words(self.windowTitle(), "title", wrap=True))
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addWidget(self.reason)
        layout.addSpacing(4)
        layout.addLayout(row)
        fix(self, 460)
        keep_in(self)
        self.reason.setFocus()

    def _count(self) -> None:
        length = len(self.reason.toPlainText())
        self.send.setEnabled(length <= LIMIT)
        over = f"{counts.number(length)} / {counts.number(LIMIT)}" if length > LIMIT - 300 else ""
        self._left.setText(over)

    def _give(self) -> None:
        self.given.emit(self.reason.toPlainText())
        self.accept()
