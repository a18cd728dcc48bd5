"""Above the composer while a question is being changed: that it is, and the way out of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.controls.buttons import GlyphButton
from gui.controls.labels import Glyph, Words


class Editing(QFrame):
    """`turn` is the record of what is asked anew, -1 while nothing is."""

    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.turn = -1
        said = self.tr("You are changing a question. The answer you had is kept above.")
        self.setAccessibleName(said)
        self.away = GlyphButton("close", self.tr("Do not change it"), shortcut="Esc", size=16)
        self.away.clicked.connect(self.given_up)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 6, 4)
        row.setSpacing(9)
        row.addWidget(Glyph("pencil", "muted", 16))
        row.addWidget(Words(said, "caption", wrap=True), 1)
        row.addWidget(self.away)
        self.hide()

    def begin(self, turn: int) -> None:
        self.turn = turn
        self.show()

    def end(self) -> int:
        """The turn it was about."""
        turn, self.turn = self.turn, -1
        self.hide()
        return turn
