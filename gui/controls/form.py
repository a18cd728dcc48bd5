"""A dialog that asks for something and stays until the product took it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.style.scale import fix
from gui.text import plain


class Form(QDialog):
    """Put fields into `body`. `submitted` once, until `failed`; close it with `accept`."""

    submitted = Signal()

    def __init__(
        self, parent: QWidget, title: str, text: str, action: str, *, danger: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(plain.line(title))
        self.setAccessibleName(self.windowTitle())
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(action, kind="danger" if danger else "primary")
        keep = TextButton(self.tr("Cancel"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(keep)
        row.addWidget(self.go)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Words(self.windowTitle(), "title", wrap=True))
        layout.addWidget(Words(plain.shown(text, 1_000), "quiet", wrap=True))
        layout.addLayout(self.body)
        layout.addWidget(self.notice)
        layout.addSpacing(2)
        layout.addLayout(row)
        fix(self, 480)
        keep_in(self)
        self.go.clicked.connect(self.submit)
        keep.clicked.connect(self.reject)
        if danger:  # Enter in a field neither does it nor throws away what was typed
            for button in (self.go, keep):
                button.setAutoDefault(False)

    def submit(self) -> None:
        if self.go.isEnabled():
            self.notice.hide()
            self.go.setEnabled(False)
            self.submitted.emit()

    def failed(self, error: CloisterError) -> None:
        self.go.setEnabled(True)
        self.notice.complain(error)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as its words need at this width; a label would take more."""
        self._layout.invalidate()
        self._layout.activate()
        self.resize(self.width(), self._layout.totalHeightForWidth(self.width()))
