"""A line to type in that nothing can be taken out of.

Rules kept here: what stands in it cannot be marked, so nothing of it can be copied, cut or dragged,
and X11's selection stays empty; nothing is pasted or dropped in; there is no menu.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class Typed(QLineEdit):
    def __init__(
        self, name: str, *, secret: bool = False, limit: int = 300, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMaxLength(limit)
        self.setDragEnabled(False)
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
        )
        if secret:
            self.setEchoMode(QLineEdit.EchoMode.Password)
        self.selectionChanged.connect(self._unmark)

    def put(self, text: str) -> None:
        """As if it had been typed."""
        self.insert(text)

    def erase(self) -> None:
        self.backspace()

    def forget(self) -> None:
        """Empty, and without the steps that would undo that."""
        self.setText("")

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._unmark()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setCursorPosition(self.cursorPositionAt(event.position().toPoint()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """What another keyboard composes comes in as text, without its marks and suggestions."""
        text = "".join(c for c in event.commitString() if c.isprintable())
        if text:
            self.insert(text)
        event.accept()

    def _unmark(self) -> None:
        if self.hasSelectedText():
            self.deselect()
