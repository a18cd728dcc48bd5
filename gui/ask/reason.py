"""Where the policy asks for a purpose: a line to give it, and the question asked again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from gui.controls.buttons import TextButton


class Reason(QWidget):
    given = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(self.tr("Purpose of the question"))
        self.edit.setPlaceholderText(self.tr("What is the answer needed for?"))
        self.edit.setMaxLength(300)
        self.edit.setAcceptDrops(False)
        self.go = TextButton(self.tr("Ask with this purpose"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addWidget(self.go)
        self.go.clicked.connect(self._give)
        self.edit.returnPressed.connect(self._give)

    def _give(self) -> None:
        text = self.edit.text().strip()
        if text:
            self.setEnabled(False)
            self.given.emit(text)
