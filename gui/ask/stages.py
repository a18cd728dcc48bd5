"""Where an ask is: Checking policy → Finding → Reading → Checking citations."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from appliance.values import Stage
from gui.style.scale import px
from gui.style.tokens import current
from gui.text import counts

_DOT, _GAP = 16, 20
_PLACES = {Stage.FINDING: 1, Stage.READING: 2, Stage.CHECKING: 3}


class Stages(QWidget):
    """Four words with a mark each; the present one breathes, those behind are ticked off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = (
            self.tr("Checking policy"),
            self.tr("Finding"),
            self.tr("Reading"),
            self.tr("Checking citations"),
        )
        self._at = 0
        self._began = monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(90)
        self._timer.timeout.connect(self.update)
        self._timer.start()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name()

    @property
    def word(self) -> str:
        return self._words[self._at]

    def reach(self, stage: Stage) -> None:
        self._at = _PLACES[stage]
        self._name()
        self.update()

    def write(self, *, checked: bool) -> None:
        """The answer is being written. checked: only what passed the check is shown."""
        reading = self.tr("Reading")
        writing = self.tr("Writing") if checked else self.tr("Writing, not checked yet")
        if writing not in self._words:
            self._words = tuple(writing if word == reading else word for word in self._words)
            self._name()
            self.update()

    def stop(self) -> None:
        self._timer.stop()
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(px(560), px(26))

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(px(13))
        x = 0.0
        middle = self.height() / 2
        for index, word in enumerate(self._words):
            font.setBold(index == self._at)
            painter.setFont(font)
            width = QFontMetrics(font).horizontalAdvance(word)
            if x and x + px(_DOT) + width > self.width():
                break  # where room is short the present one is still said by name
            self._mark(painter, self._across(x + px(5), 0), middle, index)
            ink = colours.ink if index == self._at else colours.muted
            painter.setPen(QColor(ink))
            painter.drawText(
                int(self._across(x + px(_DOT), width + 2)),
                0,
                width + 2,
                self.height(),
                Qt.AlignmentFlag.AlignVCenter,
                word,
            )
            x += px(_DOT) + width + px(_GAP)
        elapsed = monotonic() - self._began
        if elapsed > 1:
            font.setBold(False)
            painter.setFont(font)
            painter.setPen(QColor(colours.muted))
            painter.drawText(
                int(self._across(x, px(80))),
                0,
                px(80),
                self.height(),
                Qt.AlignmentFlag.AlignVCenter,
                counts.seconds(round(elapsed, 1)),
            )
        painter.end()

    def _across(self, x: float, width: float) -> float:
        """The left edge of what begins `x` after the edge that reading begins at."""
        return self.width() - x - width if self.isRightToLeft() else x

    def _mark(self, painter: QPainter, x: float, y: float, index: int) -> None:
        colours = current()
        if index < self._at:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(QPointF(x, y), px(4), px(4))
        elif index == self._at:
            beat = (monotonic() - self._began) % 1.2 / 1.2
            glow = QColor(colours.accent)
            glow.setAlphaF(0.35 * (1 - beat))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(glow)
            painter.drawEllipse(QPointF(x, y), px(3 + 5 * beat), px(3 + 5 * beat))
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(QPointF(x, y), px(3.2), px(3.2))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(colours.edge))
            painter.drawEllipse(QPointF(x, y), px(3.2), px(3.2))

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Working: {}").format(self.word))
