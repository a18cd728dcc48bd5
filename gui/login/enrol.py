"""The first log-in of who was invited: their code, and a passphrase of their own."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet
from gui.first_run.new_passphrase import NewPassphrase


class Enrol(Sheet):
    """Emits `wanted(code, name, passphrase)`; `left` when the person has a passphrase already."""

    wanted = Signal(str, str, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", glyph="key", parent=parent)
        self.heading.setText(self.tr("You were invited"))
        self.setAccessibleName(self.tr("You were invited"))
        self.explanation.say(
            self.tr(
                "Type the code you were given and choose a passphrase. Your keys are made now; "
                "nobody else ever has them."
            )
        )
        self.name = Field(
            self.tr("Your name"), hint=self.tr("As it stands in the invitation"), limit=200
        )
        self.code = Field(self.tr("Enrolment code"), limit=200)
        self.typed = NewPassphrase()
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Enrol"), kind="primary")
        self.back = TextButton(self.tr("I have a passphrase already"), kind="link")
        for widget in (self.name, self.code, self.typed, self.notice, self.go, self.back):
            self.body.addWidget(widget)
        self.close_body()
        self.name.changed.connect(self.typed.know)
        for field in (self.name, self.code):
            field.changed.connect(lambda _: self._look())
        self.typed.changed.connect(self._look)
        for one in (self.name, self.code, self.typed):
            one.entered.connect(self._submit)
        self.go.clicked.connect(self._submit)
        self.back.clicked.connect(self.left)
        self._look()

    def begin(self) -> None:
        """Ready to type, with nothing left from before."""
        self.forget()
        self.notice.hide()
        self._busy(on=False)
        self.name.edit.setFocus()

    def failed(self, error: CloisterError) -> None:
        self._busy(on=False)
        self.notice.complain(error)

    def forget(self) -> None:
        """Nothing typed outlives this page."""
        for field in (self.name, self.code):
            field.clear()
        self.typed.clear()

    def _look(self) -> None:
        self.go.setEnabled(
            bool(self.name.text().strip() and self.code.text().strip()) and not self.typed.missing()
        )

    def _submit(self) -> None:
        if self.go.isEnabled():
            self.notice.hide()
            self._busy(on=True)
            self.wanted.emit(self.code.text().strip(), self.name.text().strip(), self.typed.text())

    def _busy(self, *, on: bool) -> None:
        for widget in (self.name, self.code, self.typed, self.back):
            widget.setEnabled(not on)
        self.go.setText(self.tr("Making your keys …") if on else self.tr("Enrol"))
        self.go.setEnabled(False)
        if not on:
            self._look()
