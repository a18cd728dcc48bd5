"""What Ask shows before the first question: what to do first, or questions to begin with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from appliance.values import Collection, Writing
from gui.ask.wording import no_model, written_by
from gui.controls.buttons import TextButton
from gui.controls.empty import Empty
from gui.controls.labels import Glyph, Prose, Words
from gui.style.scale import fix, px
from gui.text import counts, plain

_WIDTH = 560
SUGGESTED = 3
ASKED_FOR = 12


class Welcome(QStackedWidget):
    """`suggested(question)` when one of the suggestions is pressed."""

    library_wanted = Signal()
    suggested = Signal(str)

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
        self._ready = QScrollArea()
        self._text = Prose()
        self._head = Words(self.tr("Questions your documents may answer"), "section")
        self._writing = Words("", "caption", wrap=True)
        self._writing.hide()
        self._suggestions = QVBoxLayout()
        self._suggestions.setSpacing(8)
        self.buttons: list[TextButton] = []
        self._arrange()
        self.addWidget(self._nothing)
        self.addWidget(self._ready)
        self.suggest(())

    def show_library(self, collections: tuple[Collection, ...]) -> None:
        documents = sum(collection.documents for collection in collections)
        if not documents:
            self.setCurrentWidget(self._nothing)
            return
        ready = (
            self.tr("{documents} in {collections} are ready.").format(
                documents=counts.counted(documents, self.tr("document"), self.tr("documents")),
                collections=counts.counted(
                    len(collections), self.tr("collection"), self.tr("collections")
                ),
            )
            if documents > 1
            else self.tr("One document is ready.")
        )
        self._text.say(
            ready
            + " "
            + self.tr(
                "Each sentence of an answer carries the number of its source; click it to read "
                "the page. If nothing answers your question, you are told so."
            )
        )
        self.setCurrentWidget(self._ready)

    def say_writing(self, writing: Writing | None) -> None:
        """Who writes the answers, or how to get a model that does; nothing where the policy wants
        quotes alone, or where the model does not work: a note says that."""
        said = ""
        if writing is not None and writing.allowed and writing.works:
            said = written_by(plain.line(writing.model, 80)) if writing.model else no_model()
        self._writing.setText(said)
        self._writing.setVisible(bool(said))

    def suggest(self, questions: tuple[str, ...]) -> None:
        """Questions out of the documents' headings: untrusted, shown as plain text, and not
        translated: they are asked as they stand, in the language that the reader reads."""
        for button in self.buttons:
            self._suggestions.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        for text in [plain.line(one, 200) for one in questions][:SUGGESTED]:
            button = TextButton("", kind="suggestion", glyph="ask", tone="accent")
            button.setText(
                button.fontMetrics()
                .elidedText(text, Qt.TextElideMode.ElideRight, px(_WIDTH - 80))
                .replace("&", "&&")
            )
            button.setAccessibleName(self.tr("Ask: {}").format(text))
            button.setToolTip(plain.tip(text))
            button.clicked.connect(lambda _on=False, q=text: self.suggested.emit(q))
            self._suggestions.addWidget(button)
            self.buttons.append(button)
        self._head.setVisible(bool(self.buttons))

    def _arrange(self) -> None:
        column = QWidget()
        fix(column, _WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(Glyph("arch", "accent", 44))
        layout.addSpacing(6)
        layout.addWidget(Words(self.tr("Ask your documents"), "display"))
        layout.addWidget(self._text)
        layout.addWidget(self._writing)
        layout.addSpacing(16)
        layout.addWidget(self._head)
        layout.addLayout(self._suggestions)
        layout.addStretch(3)
        ground = QWidget()
        ground.setObjectName("ground")
        row = QHBoxLayout(ground)
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)
        self._ready.setWidget(ground)
        self._ready.setWidgetResizable(True)
        self._ready.setFrameShape(QFrame.Shape.NoFrame)
        self._ready.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._ready.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._ready.setAccessibleName(self.tr("Ask your documents"))
