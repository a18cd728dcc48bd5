"""A check box drawn by us: its edge has the contrast that Qt's own lacks in light and dark."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from gui.style.icons import pixmap
from gui.style.scale import px
from gui.style.tokens import current

_BOX = 20
_INSET = 6  # room for the ring of the focus


class Tick(QCheckBox):
    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        width, side = self.fontMetrics().horizontalAdvance(self.text()), px(_BOX)
        return QSize(_INSET + side + 10 + width + 8, max(side, self.fontMetrics().height()) + 12)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, side = current(), px(_BOX)
        mirrored, taken = self.isRightToLeft(), _INSET + side + 10
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (self.height() - side) / 2
        left = self.width() - _INSET - side if mirrored else _INSET
        box = QRectF(left + 0.5, top + 0.5, side - 1, side - 1)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(1, 1, self.width() - 2, self.height() - 2), 6, 6)
        edge = colours.edge if self.isEnabled() else colours.rim
        painter.setPen(QPen(QColor(colours.accent if self.isChecked() else edge), 1.4))
        painter.setBrush(QColor(colours.accent if self.isChecked() else colours.raised))
        painter.drawRoundedRect(box, 5, 5)
        if self.isChecked():
            painter.drawPixmap(
                box.topLeft().toPoint(), pixmap("check", colours.on_accent, side - 1)
            )
        painter.setPen(QColor(colours.ink if self.isEnabled() else colours.muted))
        words = self.rect().adjusted(0 if mirrored else taken, 0, -taken if mirrored else 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()
