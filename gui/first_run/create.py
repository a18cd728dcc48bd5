"""The vault: a name, a passphrase twice, and how strong it is while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet
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


class Create(Sheet):
    """Emits `wanted(name, passphrase)` when both are fit; `failed` shows what went wrong."""

    wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent=parent)
        self.heading.setText(self.tr("Make your vault"))
        self.setAccessibleName(self.tr("Make your vault"))
        self.explanation.say(
            self.tr(
                "Cloister keeps your documents, questions and answers encrypted on this computer "
                "and answers without any network. The vault opens with your passphrase."
            )
        )
        self.name = Field(self.tr("Your name"), hint=self.tr("As it should stand in the log"))
        self.passphrase = Field(
            self.tr("Passphrase"), secret=True, hint=self.tr("Four or five unrelated words")
        )
        self.again = Field(self.tr("Passphrase, once more"), secret=True)
        self._meter = Meter()
        self.verdict = Words(self._said(Strength(0, 0)), "caption", wrap=True)
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Make the vault"), kind="primary")
        self._arrange()
        for field in (self.name, self.passphrase, self.again):
            field.changed.connect(self._look)
            field.entered.connect(self._submit)
        self.go.clicked.connect(self._submit)
        self._look()

    def begin(self) -> None:
        self.name.edit.setFocus()

    def failed(self, error: CloisterError) -> None:
        self._busy(on=False)
        self.notice.complain(error)

    def forget(self) -> None:
        """Empties the fields: nothing typed outlives this page."""
        self.passphrase.clear()
        self.again.clear()

    def _arrange(self) -> None:
        typed = QVBoxLayout()
        typed.setSpacing(7)
        typed.addWidget(self.passphrase)
        typed.addWidget(self._meter)
        typed.addWidget(self.verdict)
        self.body.addWidget(self.name)
        self.body.addLayout(typed)
        self.body.addWidget(self.again)
        self.body.addWidget(self.notice)
        self.body.addSpacing(4)
        self.body.addWidget(self.go)
        self.close_body()

    def _look(self) -> None:
        found = strength(self.passphrase.text(), self.name.text())
        self._meter.set(found.level)
        self.verdict.setText(self._said(found))
        self.go.setEnabled(not self._missing())

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

    def _missing(self) -> str:
        """What still keeps the vault from being made; empty when nothing does."""
        if not self.name.text().strip():
            return self.tr("Type your name.")
        if strength(self.passphrase.text(), self.name.text()).level < 2:
            return self.tr("Choose a stronger passphrase.")
        if self.again.text() != self.passphrase.text():
            return self.tr("Type the same passphrase twice.")
        return ""

    def _submit(self) -> None:
        if not self.go.isEnabled() and self.go.text() != self.tr("Make the vault"):
            return  # already being made
        missing = self._missing()
        if missing:
            self.notice.say("info", missing)
            self.notice.show()
            return
        self.notice.hide()
        self._busy(on=True)
        self.wanted.emit(self.name.text().strip(), self.passphrase.text())

    def _busy(self, *, on: bool) -> None:
        self.go.setEnabled(not on)
        self.go.setText(self.tr("Making the vault …") if on else self.tr("Make the vault"))
        for field in (self.name, self.passphrase, self.again):
            field.setEnabled(not on)
