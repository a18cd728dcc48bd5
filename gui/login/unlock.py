"""Log in with the passphrase or the recovery code."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet


class Unlock(Sheet):
    """Emits `wanted(passphrase, name)`; what was typed is emptied whatever comes of it. The name is
    asked for where several people use the vault, and kept until somebody else types theirs."""

    wanted = Signal(str, str)
    invited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", glyph="lock", parent=parent)
        self.heading.setText(self.tr("Cloister is locked"))
        self.setAccessibleName(self.tr("Cloister is locked"))
        self._with_code = False
        self.name = Field(self.tr("Your name"), limit=200)
        self.name.hide()
        self.secret = Field("", secret=True)
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Unlock"), kind="primary")
        self.other = TextButton("", kind="link")
        self.enrol = TextButton(self.tr("I was invited, and have a code"), kind="link")
        self.enrol.hide()
        for widget in (self.name, self.secret, self.notice, self.go, self.other, self.enrol):
            self.body.addWidget(widget)
        self.close_body()
        self.secret.changed.connect(lambda text: self.go.setEnabled(bool(text)))
        self.secret.entered.connect(self._submit)
        self.go.clicked.connect(self._submit)
        self.other.clicked.connect(self._switch)
        self.enrol.clicked.connect(self.invited)
        self._label()

    def ask_name(self, *, several: bool) -> None:
        self.name.setVisible(several)
        self.enrol.setVisible(several)

    def begin(self) -> None:
        """Ready to type, with nothing left from before."""
        self.notice.hide()
        self._ready()

    def failed(self, error: CloisterError) -> None:
        self._ready()
        self.notice.complain(error)

    def wait(self, *, waiting: bool) -> None:
        """While the stores are being closed nothing can be typed."""
        if not waiting:
            self._ready()
            return
        for widget in (self.secret, self.go, self.other, self.enrol):
            widget.setEnabled(False)
        self.go.setText(self.tr("Locking …"))

    def _ready(self) -> None:
        self.secret.clear()
        self.secret.setEnabled(True)
        self.other.setEnabled(True)
        self.enrol.setEnabled(True)
        self.go.setText(self.tr("Unlock"))
        self.go.setEnabled(False)
        empty = not self.name.isHidden() and not self.name.text().strip()
        (self.name if empty else self.secret).edit.setFocus()

    def _submit(self) -> None:
        typed = self.secret.text()
        if not typed or not self.go.isEnabled():
            return
        self.notice.hide()
        for widget in (self.secret, self.go, self.other, self.enrol):
            widget.setEnabled(False)
        self.go.setText(self.tr("Unlocking …"))
        self.secret.clear()
        self.go.setEnabled(False)
        name = "" if self.name.isHidden() else self.name.text().strip()
        self.wanted.emit(typed.strip() if self._with_code else typed, name)

    def _switch(self) -> None:
        self._with_code = not self._with_code
        self._label()
        self.begin()

    def _label(self) -> None:
        if self._with_code:
            self.explanation.say(
                self.tr("Type the recovery code you printed or saved when the vault was made.")
            )
            label, other = self.tr("Recovery code"), self.tr("Use the passphrase")
        else:
            self.explanation.say(self.tr("Type your passphrase to open the vault."))
            label, other = self.tr("Passphrase"), self.tr("Use the recovery code")
        self.secret.relabel(label)
        self.other.setText(other)
        self.other.setAccessibleName(other)
