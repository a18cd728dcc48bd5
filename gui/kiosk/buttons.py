"""Buttons for fingers: the product's own, with larger drawings."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.controls.buttons import TextButton
from gui.style.icons import icon
from gui.style.tokens import current
from gui.text import plain

_GLYPH = 26
_BESIDE = _GLYPH + 60
"""Pixels of a source's button beside its words: edge, padding and drawing."""
_NARROWEST = 200


class PressButton(TextButton):
    def __init__(
        self, text: str, *, kind: str = "", glyph: str = "", parent: QWidget | None = None
    ) -> None:
        """glyph: drawn before the words, in the accent's colour."""
        self._drawn = glyph
        super().__init__(f"  {text}" if glyph else text, kind=kind, parent=parent)
        self.setAccessibleName(text.replace("&&", "&"))
        self.setAutoDefault(True)  # Enter presses it as Space does
        self.setIconSize(QSize(_GLYPH, _GLYPH))

    def _tint(self) -> None:
        if self._drawn:
            self.setIcon(icon(self._drawn, current().accent, _GLYPH, current().muted))


class SourceButton(PressButton):
    """A source's number, title and place on one line; where room is short the title is cut, never
    its place, and nothing beside it has to give way."""

    def __init__(self, number: int, title: str, place: str) -> None:
        """title and place: one line each, untrusted."""
        self._parts = (str(number), title, place)
        super().__init__("", kind="source", glyph="file")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._write()

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._write()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._write()

    def _write(self) -> None:
        number, title, place = self._parts
        room = self.width() - _BESIDE - self._wide("")
        cut = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        self.setText(f"  {number}   {plain.label(cut)}, {plain.label(place)}")

    def _wide(self, title: str) -> int:
        number, _, place = self._parts
        return self.fontMetrics().horizontalAdvance(f"  {number}   {title}, {place}")
