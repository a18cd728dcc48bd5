"""What Ask shows before the first question: what to do first, or what to expect of an answer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.values import Collection
from gui.controls.buttons import TextButton
from gui.controls.empty import Empty
from gui.controls.labels import Glyph, Words
from gui.text import counts


class Welcome(QStackedWidget):
    library_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.add = TextButton(self.tr("Open the library"), kind="primary")
        self.add.clicked.connect(self.library_wanted)
        self._nothing = Empty(
            "library",
            self.tr("Nothing to ask yet"),
            self.tr(
                "Answers come from your own documents. Make a collection and add PDF, Word, HTML, "
                "Markdown or text files to it; they stay encrypted on this computer."
            ),
            self.add,
        )
        self._ready = QWidget()
        self._title = Words(self.tr("Ask your documents"), "display")
        self._text = Words("", "quiet", wrap=True)
        self._arrange()
        self.addWidget(self._nothing)
        self.addWidget(self._ready)

    def show_library(self, collections: tuple[Collection, ...]) -> None:
        documents = sum(collection.documents for collection in collections)
        if not documents:
            self.setCurrentWidget(self._nothing)
            return
        self._text.setText(
            self.tr("{documents} in {collections} are ready to be asked.").format(
                documents=counts.counted(documents, self.tr("document"), self.tr("documents")),
                collections=counts.counted(
                    len(collections), self.tr("collection"), self.tr("collections")
                ),
            )
            if documents != 1
            else self.tr("One document is ready to be asked.")
        )
        self.setCurrentWidget(self._ready)

    def _arrange(self) -> None:
        column = QWidget()
        column.setFixedWidth(500)
        layout = QVBoxLayout(column)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(Glyph("arch", "accent", 44))
        layout.addSpacing(6)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        layout.addSpacing(18)
        for glyph, title, text in (
            ("ask", self.tr("Ask in your own words"),
             self.tr("A whole sentence works better than single words.")),
            ("file", self.tr("Read the page behind every sentence"),
             self.tr("Each sentence carries the number of its source. Click it to open the page.")),
            ("search", self.tr("No source, no answer"),
             self.tr("If nothing in your documents answers it, you are told so.")),
        ):  # fmt: skip
            layout.addLayout(_point(glyph, title, text))
            layout.addSpacing(6)
        layout.addStretch(3)
        row = QHBoxLayout(self._ready)
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)


def _point(glyph: str, title: str, text: str) -> QHBoxLayout:
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(Words(title, "strong"))
    words.addWidget(Words(text, "quiet", wrap=True))
    row = QHBoxLayout()
    row.setSpacing(14)
    row.addWidget(Glyph(glyph, "accent", 20), 0, Qt.AlignmentFlag.AlignTop)
    row.addLayout(words, 1)
    return row
