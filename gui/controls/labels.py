"""Labels: plain text only, elided rather than clipped, and pictures.

Rules kept here: no label guesses at markup, whatever its text looks like.
"""

from __future__ import annotations

import html

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui.style.icons import pixmap
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text import plain


class Words(QLabel):
    """Plain text in one of the sheet's ranks (display, heading, title, quiet, caption …)."""

    def __init__(
        self, text: str = "", rank: str = "", *, wrap: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if rank:
            self.setObjectName(rank)
        self.setWordWrap(wrap)
        self.setText(text)

    def selectable(self) -> Words:
        """With the mouse; not by keyboard, so that Tab goes from control to control."""
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return self


class Prose(QLabel):
    """Our own sentences, set with room between the lines. Never for what came from outside."""

    def __init__(
        self, text: str = "", *, centred: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("quiet")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self._centred = centred
        self.say(text)

    def say(self, text: str) -> None:
        side = ' align="center"' if self._centred else ""
        self.setText(f'<p{side} style="line-height: 138%">{html.escape(text)}</p>')
        self.setAccessibleName(text)


class Elided(QWidget):
    """One line of untrusted text that ends in an ellipsis where room ends; the tip has it all."""

    def __init__(self, text: str = "", rank: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        if rank:
            self.setObjectName(rank)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set(text)

    def set(self, untrusted: str) -> None:
        self._text = plain.line(untrusted)
        self.setAccessibleName(self._text or self.tr("Nothing"))
        self._tip()
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        return self._text

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._tip()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().windowText().color())
        text = QFontMetrics(self.font()).elidedText(
            self._text, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.end()

    def _tip(self) -> None:
        cut = QFontMetrics(self.font()).horizontalAdvance(self._text) > self.width()
        self.setToolTip(plain.tip(self._text) if cut else "")


class Glyph(QLabel):
    """A drawing beside words that say the same; screen readers pass over it."""

    def __init__(
        self, name: str, tone: str = "muted", size: int = 20, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name, self._tone, self._size = name, tone, size
        fix(self, size, size)
        self._tint()

    def draw(self, name: str, tone: str) -> None:
        self._name, self._tone = name, tone
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        kind = QEvent.Type
        if event.type() in (kind.PaletteChange, kind.ApplicationPaletteChange, kind.StyleChange):
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        self.setPixmap(pixmap(self._name, getattr(current(), self._tone), px(self._size)))


class Rule(QWidget):
    """A hairline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rule")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(1)
