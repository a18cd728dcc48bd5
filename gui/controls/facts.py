"""Names and values in rows, to be read and copied.

Rules kept here: where room is short a value stands below its name, as wide as the card.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from gui.controls.labels import Rule, Words
from gui.style.scale import tight
from gui.text import plain

_NAME = 190
"""Width of the names."""


class Facts(QFrame):
    """A card of them; `show_rows` replaces all. Values may be untrusted: shown as plain text."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(18, 6, 18, 6)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(0)
        self._below = False
        self._rows: tuple[tuple[str, str], ...] = ()
        self._values: list[Words] = []

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        return self._rows

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Of the same names the values alone are written anew, so that what is marked stays."""
        names = [name for name, _ in rows]
        if names != [name for name, _ in self._rows] or self._below != tight():
            self._lay_out(names)
        self._rows = tuple(rows)
        for (name, value), words in zip(rows, self._values, strict=True):
            shown = plain.shown(value, 2000)
            if words.text() != shown:
                words.setText(shown)
                words.setAccessibleName(f"{name}: {shown}")

    def _lay_out(self, names: Sequence[str]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._values = []
        self._below = below = tight()
        self._grid.setColumnMinimumWidth(0, 0 if below else _NAME)
        self._grid.setColumnStretch(0, int(below))
        self._grid.setColumnStretch(1, int(not below))
        for row, name in enumerate(names):
            if row:
                self._grid.addWidget(Rule(), row * 3 - 1, 0, 1, 1 if below else 2)
            label = Words(name, "quiet", wrap=True)
            words = Words("", wrap=True).selectable()
            label.setContentsMargins(0, 10, 0, 0 if below else 10)
            words.setContentsMargins(0, 2 if below else 10, 0, 10)
            self._grid.addWidget(label, row * 3, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(words, row * 3 + int(below), int(not below))
            self._values.append(words)
