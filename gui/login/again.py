"""The passphrase again, before something that exports or administers.

Rules kept here: what was typed leaves the field at once; three tries are counted by the product,
not here.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.style.scale import fix


class Again(QDialog):
    """Open with `open()`; emits `typed(secret)`. Close it with `accept` once that was right."""

    typed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Your passphrase again"))
        self.setAccessibleName(self.windowTitle())
        self.setModal(True)
        self.secret = Field(self.tr("Passphrase"), secret=True)
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Go on"), kind="primary")
        away = TextButton(self.tr("Cancel"))
        away.clicked.connect(self.reject)
        self.go.clicked.connect(self._submit)
        self.secret.entered.connect(self._submit)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(away)
        row.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(10)
        layout.addWidget(Words(self.windowTitle(), "title", wrap=True))
        layout.addWidget(
            Words(self.tr("This needs proof that it is still you."), "quiet", wrap=True)
        )
        layout.addWidget(self.secret)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        fix(self, 440)
        keep_in(self)
        self.secret.edit.setFocus()

    def failed(self, error: CloisterError) -> None:
        self.go.setEnabled(True)
        self.notice.complain(error)
        self.secret.edit.setFocus()

    def _submit(self) -> None:
        typed = self.secret.text()
        if not typed or not self.go.isEnabled():
            return
        self.notice.hide()
        self.go.setEnabled(False)
        self.secret.clear()
        self.typed.emit(typed)
