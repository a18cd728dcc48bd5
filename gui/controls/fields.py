"""Fields to type in: a line, and a passphrase that can be shown.

Rules kept here: a field has a visible label tied to it, takes no drops, and a passphrase field
offers no undo, no copy and no word list.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from gui.style.icons import icon
from gui.style.tokens import current


class Field(QWidget):
    """A label above a line to type in."""

    changed = Signal(str)
    entered = Signal()

    def __init__(
        self, label: str, *, secret: bool = False, hint: str = "", limit: int = 1024,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(label)
        self.edit.setPlaceholderText(hint)
        self.edit.setMaxLength(limit)
        self.edit.setAcceptDrops(False)
        self.edit.textChanged.connect(self.changed)
        self.edit.returnPressed.connect(self.entered)
        self._caption = QLabel(label)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._caption.setObjectName("strong")
        self._caption.setBuddy(self.edit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._caption)
        layout.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        if secret:
            self._hide_what_is_typed()

    def relabel(self, label: str) -> None:
        self._caption.setText(label)
        self.edit.setAccessibleName(label)

    def text(self) -> str:
        return self.edit.text()

    def clear(self) -> None:
        self.edit.clear()

    def _hide_what_is_typed(self) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.edit.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
        )
        reveal = QAction(icon("eye", current().muted, 18), self.tr("Show what is typed"), self)
        reveal.setCheckable(True)
        reveal.toggled.connect(self._reveal)
        self.edit.addAction(reveal, QLineEdit.ActionPosition.TrailingPosition)
        for button in self.edit.findChildren(QWidget):
            button.setAccessibleName(self.tr("Show what is typed"))

    def _reveal(self, on: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if on else QLineEdit.EchoMode.Password
        self.edit.setEchoMode(mode)
