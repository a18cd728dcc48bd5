"""Buttons with an icon that keeps its colour in light and dark.

Rules kept here: every button has an accessible name; an icon alone also has a tool tip.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from gui.style.icons import icon
from gui.style.tokens import current
from gui.text import counts

_RESTYLED = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)


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
        self.setIconSize(QSize(18, 18))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _RESTYLED:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        if self._glyph:
            colours = current()
            self.setIcon(icon(self._glyph, getattr(colours, self._tone), 18, colours.muted))


class GlyphButton(QToolButton):
    """A button that is an icon; `name` is said by screen readers and shown as its tip."""

    def __init__(
        self, glyph: str, name: str, *, tone: str = "muted", size: int = 20, side: int = 0,
        shortcut: str = "", parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._glyph, self._tone, self._size = glyph, tone, size
        self.setIconSize(QSize(size, size))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.rename(name, shortcut)
        if side:
            self.setFixedSize(side, side)
        self._tint()

    def rename(self, name: str, shortcut: str = "") -> None:
        self.setAccessibleName(name)
        self.setToolTip(f"{name}  ({counts.keys(shortcut)})" if shortcut else name)

    def draw(self, glyph: str, tone: str = "") -> None:
        self._glyph, self._tone = glyph, tone or self._tone
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _RESTYLED:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        colours = current()
        self.setIcon(
            icon(self._glyph, getattr(colours, self._tone), self._size, disabled=colours.muted)
        )
