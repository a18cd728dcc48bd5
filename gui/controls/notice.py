"""A sentence and a next step, in a box: how every refusal, failure and warning is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.labels import Glyph, Words
from gui.text import plain

_GLYPHS = {
    "danger": ("warning", "danger"),
    "warn": ("barred", "warn"),
    "good": ("check", "good"),
    "info": ("info", "muted"),
}


class Notice(QFrame):
    """tone is "danger", "warn", "good" or "info"."""

    def __init__(
        self, tone: str = "info", sentence: str = "", step: str = "", *, glyph: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setObjectName("notice")
        self._glyph = Glyph(*_GLYPHS[tone], 20)
        self._sentence = Words("", "strong", wrap=True).selectable()
        self._step = Words("", "quiet", wrap=True).selectable()
        self._row: QHBoxLayout | None = None
        words = QVBoxLayout()
        self._words = words
        words.setSpacing(3)
        words.addWidget(self._sentence)
        words.addWidget(self._step)
        layout = self._line = QHBoxLayout(self)
        layout.setContentsMargins(14, 12, 16, 12)
        layout.setSpacing(11)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.say(tone, sentence, step, glyph=glyph)

    def say(self, tone: str, sentence: str, step: str = "", *, glyph: str = "") -> None:
        """Both may hold a file's name: they are untrusted and shown as plain text."""
        sentence, step = plain.spoken(sentence), plain.spoken(step)
        self.setProperty("tone", tone)
        drawn, colour = _GLYPHS[tone]
        self._glyph.draw(glyph or drawn, colour)
        self._sentence.setText(plain.shown(sentence, 2000))
        self._step.setText(plain.shown(step, 2000))
        self._step.setVisible(bool(step))
        self.setAccessibleName(f"{sentence} {step}".strip() or self.tr("Notice"))
        self.style().unpolish(self)
        self.style().polish(self)

    def complain(self, error: CloisterError) -> None:
        self.say("danger", error.sentence, error.next_step)
        self.show()

    def forget(self) -> None:
        """Out of sight, and nothing of it is left."""
        self.say("info", "")
        self.hide()

    def offer_button(self, button: TextButton) -> TextButton:
        """Adds a button below the words."""
        if self._row is None:
            self._row = QHBoxLayout()  # not before: an empty row would keep the words narrow
            self._row.setSpacing(8)
            self._row.setContentsMargins(0, 7, 0, 0)
            self._row.addStretch(1)
            self._words.addLayout(self._row)
        self._row.insertWidget(self._row.count() - 1, button)
        return button

    def offer_beside(self, *buttons: QWidget) -> None:
        """Adds buttons at the end of the line, inside the box."""
        for button in buttons:
            self._line.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    @property
    def step(self) -> str:
        return self._step.text()
