"""Buttons for fingers: the product's own, with larger drawings."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from gui.controls.buttons import TextButton
from gui.style.icons import icon
from gui.style.tokens import current

_GLYPH = 26


class PressButton(TextButton):
    def __init__(
        self, text: str, *, kind: str = "", glyph: str = "", parent: QWidget | None = None
    ) -> None:
        """glyph: drawn before the words, in the accent's colour."""
        self._drawn = glyph
        super().__init__(f"  {text}" if glyph else text, kind=kind, parent=parent)
        self.setAccessibleName(text.replace("&&", "&"))
        self.setIconSize(QSize(_GLYPH, _GLYPH))

    def _tint(self) -> None:
        if self._drawn:
            self.setIcon(icon(self._drawn, current().accent, _GLYPH, current().muted))
