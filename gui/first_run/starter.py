"""The first collection, and the offer to put documents into it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet


class Starter(Sheet):
    """Emits `wanted(title)` to make the collection, or `skipped`."""

    wanted = Signal(str)
    skipped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", glyph="library", parent=parent)
        self.heading.setText(self.tr("Your first collection"))
        self.setAccessibleName(self.tr("Your first collection"))
        self.explanation.say(
            self.tr(
                "A collection is a body of documents behind one key: a ward's guidelines, one "
                "team's files. Next you choose the documents: PDF, Word, HTML, Markdown or text."
            )
        )
        self.title = Field(
            self.tr("Name of the collection"), hint=self.tr("Ward 4 guidelines"), limit=120
        )
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Make it and add documents"), kind="primary")
        self.skip = TextButton(self.tr("Later"), kind="link")
        self.go.setEnabled(False)
        for widget in (self.title, self.notice, self.go, self.skip):
            self.body.addWidget(widget)
        self.close_body()
        self.title.changed.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self.title.entered.connect(self._submit)
        self.go.clicked.connect(self._submit)
        self.skip.clicked.connect(self.skipped)

    def begin(self) -> None:
        self.title.edit.setFocus()

    def failed(self, error: CloisterError) -> None:
        self.go.setEnabled(True)
        self.notice.complain(error)

    def _submit(self) -> None:
        title = self.title.text().strip()
        if title and self.go.isEnabled():
            self.go.setEnabled(False)
            self.wanted.emit(title)
