"""Buttons with an icon that keeps its colour in light and dark.

Rules kept here: every button has an accessible name; an icon alone also has a tool tip. A filled
button shows its focus by a ring inside, in the colour of its words: no edge stands out from the
filling and from what is around it in every look.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from gui.style.icons import icon
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text import counts

_RESTYLED = (
    QEvent.Type.PaletteChange,
    QEvent.Type.ApplicationPaletteChange,
    QEvent.Type.StyleChange,
)


_FILLED = ("primary", "start")


class TextButton(QPushButton):
    """A button with words. `kind` is one of the sheet's (primary, danger, nav, link, …)."""

    def __init__(
        self, text: str, *, kind: str = "", glyph: str = "", tone: str = "ink",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(text, parent)
        self._glyph, self._tone = glyph, tone
        self.setAccessibleName(text.replace("&", ""))
        self.setAutoDefault(kind == "primary")
        if kind:
            self.setProperty("kind", kind)
        if kind in ("nav", "start", "link", "suggestion"):
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tint()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self.property("kind") in _FILLED:
            _ring(self, 4)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _RESTYLED:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        if self._glyph:
            colours = current()
            self.setIconSize(QSize(px(18), px(18)))
            self.setIcon(icon(self._glyph, getattr(colours, self._tone), 18, colours.muted))


class GlyphButton(QToolButton):
    """A button that is an icon; `name` is said by screen readers and shown as its tip."""

    def __init__(
        self, glyph: str, name: str, *, tone: str = "muted", size: int = 20, side: int = 0,
        shortcut: str = "", parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._glyph, self._tone, self._size = glyph, tone, size
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.rename(name, shortcut)
        if side:
            fix(self, side, side)
        self._tint()

    def rename(self, name: str, shortcut: str = "") -> None:
        self.setAccessibleName(name)
        self.setToolTip(f"{name}  ({counts.keys(shortcut)})" if shortcut else name)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self.objectName() == "send":
            _ring(self, self.height() / 2 - 4)

    def draw(self, glyph: str, tone: str = "") -> None:
        self._glyph, self._tone = glyph, tone or self._tone
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _RESTYLED:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        colours, size = current(), self._size
        self.setIconSize(QSize(px(size), px(size)))
        self.setIcon(icon(self._glyph, getattr(colours, self._tone), size, disabled=colours.muted))


def _ring(button: QWidget, radius: float) -> None:
    painter = QPainter(button)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(current().on_accent), 2))
    painter.drawRoundedRect(QRectF(button.rect()).adjusted(4, 4, -4, -4), radius, radius)
    painter.end()
