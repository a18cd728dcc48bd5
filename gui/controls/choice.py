"""One of a few, in a box that opens.

Rules kept here: the wheel scrolls the page, not the choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from gui.style.icons import pixmap
from gui.style.scale import px
from gui.style.tokens import current


class Choice(QComboBox):
    def __init__(
        self, name: str, choices: Sequence[str] = (), chosen: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setAccessibleName(name)
        self.view().setAccessibleName(name)
        self.addItems(list(choices))
        self.setCurrentText(chosen)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """With an arrow: a box that the sheet dresses has none of its own."""
        super().paintEvent(event)
        painter = QPainter(self)
        side = px(18)
        left = 10 if self.isRightToLeft() else self.width() - side - 10
        arrow = pixmap("down", current().muted, side)
        painter.drawPixmap(left, (self.height() - side) // 2, arrow)
        painter.end()
