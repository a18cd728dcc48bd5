"""Above the composer while a question is being changed: that it is, and the way out of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.controls.buttons import GlyphButton
from gui.controls.labels import Glyph, Words


class Editing(QFrame):
    """`turn` is the record of what is asked anew, -1 while nothing is. draft: what was being typed
    before, to be given back."""

    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.turn = -1
        self._draft = ""
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

    def begin(self, turn: int, draft: str) -> None:
        if self.isHidden():  # else the field holds a question that is being changed already
            self._draft = draft
        self.turn = turn
        self.show()

    def end(self) -> tuple[int, str]:
        """The turn it was about, and the draft."""
        ended = self.turn, self._draft
        self.turn, self._draft = -1, ""
        self.hide()
        return ended
