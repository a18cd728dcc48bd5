"""A question before something is destroyed. Nothing destructive is the default."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.style.scale import fix
from gui.text import plain


class Confirm(QDialog):
    """Open with `open()`; `accepted` is emitted when the person says yes."""

    def __init__(self, parent: QWidget, title: str, text: str, action: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(plain.line(title))
        self.setAccessibleName(plain.line(title))
        self.setModal(True)
        keep = TextButton(self.tr("Cancel"))
        self.action = TextButton(action, kind="danger")
        keep.clicked.connect(self.reject)
        self.action.clicked.connect(self.accept)
        keep.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(keep)
        row.addWidget(self.action)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(8)
        heading = Words(plain.line(title), "title", wrap=True)
        body = Words(plain.shown(text, 2000), "quiet", wrap=True)
        layout.addWidget(heading)
        layout.addWidget(body)
        layout.addSpacing(14)
        layout.addLayout(row)
        fix(self, 440)
        keep_in(self)
        keep.setFocus()
