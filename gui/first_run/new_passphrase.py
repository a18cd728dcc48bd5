"""A new passphrase, typed twice, and how strong it is while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.controls.fields import Field
from gui.controls.labels import Words
from gui.first_run.strength import LEAST, Strength, strength
from gui.style.tokens import current


class Meter(QWidget):
    """Four bars; the words beside them say the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = 0
        self.setFixedHeight(5)

    def set(self, level: int) -> None:
        self._level = level
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = current()
        lit = {1: colours.danger, 2: colours.warn}.get(self._level, colours.accent)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width = (self.width() - 3 * 6) / 4
        for bar in range(4):
            painter.setBrush(QColor(lit if bar < self._level else colours.line))
            painter.drawRoundedRect(QRectF(bar * (width + 6), 0, width, 5), 2.5, 2.5)
        painter.end()


class NewPassphrase(QWidget):
    """`changed` with every character; `entered` on Enter."""

    changed = Signal()
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self.passphrase = Field(
            self.tr("Passphrase"), secret=True, hint=self.tr("Four or five unrelated words")
        )
        self.again = Field(self.tr("Passphrase, once more"), secret=True)
        self._meter = Meter()
        self.verdict = Words(self._said(Strength(0, 0)), "caption", wrap=True)
        typed = QVBoxLayout()
        typed.setSpacing(7)
        typed.addWidget(self.passphrase)
        typed.addWidget(self._meter)
        typed.addWidget(self.verdict)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(typed)
        column.addWidget(self.again)
        for field in (self.passphrase, self.again):
            field.changed.connect(self._look)
            field.entered.connect(self.entered)

    def know(self, name: str) -> None:
        """Whose it is: a passphrase with the name in it is weaker."""
        self._name = name
        self._look()

    def text(self) -> str:
        return self.passphrase.text()

    def clear(self) -> None:
        self.passphrase.clear()
        self.again.clear()

    def missing(self) -> str:
        """What still keeps it from being used; empty when nothing does."""
        if strength(self.text(), self._name).level < 2:
            return self.tr("Choose a stronger passphrase.")
        if self.again.text() != self.text():
            return self.tr("Type the same passphrase twice.")
        return ""

    def _look(self) -> None:
        found = strength(self.text(), self._name)
        self._meter.set(found.level)
        self.verdict.setText(self._said(found))
        self.changed.emit()

    def _said(self, found: Strength) -> str:
        if found.level == 0:
            return self.tr("At least {} characters. Nobody can look it up for you.").format(LEAST)
        if len(self.passphrase.text()) < LEAST:
            return self.tr("Too short: {} of at least {} characters.").format(
                len(self.passphrase.text()), LEAST
            )
        return (
            self.tr("Easy to guess. Add another unrelated word."),
            self.tr("Fair. Another word makes it strong."),
            self.tr("Good."),
            self.tr("Strong."),
        )[found.level - 1]
