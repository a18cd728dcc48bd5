"""The question as the person typed it; a long one is folded."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.text import plain
from gui.text.view import PlainView

_WIDEST = 560
_FOLDED = 600


class _Typed(PlainView):
    """As wide as its words where there is room, narrower where there is not."""

    natural = _WIDEST

    def sizeHint(self) -> QSize:
        return QSize(self.natural, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 20)


class Bubble(QFrame):
    def __init__(self, question: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bubble")
        self._full = plain.shown(question)
        self._view = _Typed(self.tr("Your question"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 11, 16, 5)
        layout.setSpacing(2)
        layout.addWidget(self._view)
        self._more: TextButton | None = None
        if len(self._full) > _FOLDED:
            self._more = TextButton(self.tr("Show all of it"), kind="link")
            self._more.clicked.connect(self._unfold)
            layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
            self._write(self._full[:_FOLDED].rstrip() + " …")
        else:
            self._write(self._full)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._measure()

    def _unfold(self) -> None:
        self._write(self._full)
        self._measure()
        if self._more is not None:
            self._more.hide()

    def _write(self, text: str) -> None:
        self._view.clear()
        form = QTextBlockFormat()
        form.setLineHeight(140, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor = QTextCursor(self._view.document())
        cursor.setBlockFormat(form)
        cursor.insertText(text)

    def _measure(self) -> None:
        """As wide as the words, up to the widest; known only once the font is."""
        copy = self._view.document().clone(self)
        copy.setDefaultFont(self._view.font())
        copy.setTextWidth(-1)
        self._view.natural = min(_WIDEST, ceil(copy.idealWidth()) + 4)
        self._view.setMaximumWidth(self._view.natural)
        self._view.updateGeometry()
        copy.deleteLater()
        self._view.fit()
