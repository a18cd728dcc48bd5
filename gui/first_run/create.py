"""The vault: a name and a new passphrase."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet
from gui.first_run.new_passphrase import NewPassphrase


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
        self.typed = NewPassphrase()
        self.passphrase, self.again = self.typed.passphrase, self.typed.again
        self.verdict = self.typed.verdict
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Make the vault"), kind="primary")
        self._arrange()
        self.name.changed.connect(self.typed.know)
        self.typed.changed.connect(self._look)
        for field in (self.name, self.typed):
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
        self.typed.clear()

    def _arrange(self) -> None:
        self.body.addWidget(self.name)
        self.body.addWidget(self.typed)
        self.body.addWidget(self.notice)
        self.body.addSpacing(4)
        self.body.addWidget(self.go)
        self.close_body()

    def _look(self) -> None:
        self.go.setEnabled(not self._missing())

    def _missing(self) -> str:
        """What still keeps the vault from being made; empty when nothing does."""
        if not self.name.text().strip():
            return self.tr("Type your name.")
        return self.typed.missing()

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
        for field in (self.name, self.typed):
            field.setEnabled(not on)
