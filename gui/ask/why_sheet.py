"""Why an answer is what it is: passages, decision, what answered, and the proof that it is logged.

Rules kept here: it shows what the product says and decides nothing; what comes from documents is
plain text; the keyboard reaches all of it.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from appliance.values import Ground, Why
from gui.admin.action_names import obliged
from gui.controls.buttons import TextButton
from gui.controls.labels import Elided, Words
from gui.style.scale import px
from gui.text import counts, plain
from gui.text.view import PlainView

_SHOWN = 16


class WhySheet(QDialog):
    def __init__(self, parent: QWidget, why: Why) -> None:
        super().__init__(parent)
        self.why = why
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Why this answer"))
        self.setAccessibleName(self.windowTitle())
        self._body = QVBoxLayout()
        self._body.setSpacing(6)
        self._body.addWidget(Words(self.windowTitle(), "heading"))
        self._body.addWidget(Words(plain.line(why.question, 400), "quiet", wrap=True))
        self._passages()
        self._decision()
        self._answered()
        self._proof()
        self._body.addStretch(1)
        self._body.setContentsMargins(24, 22, 18, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._pane(), 1)
        layout.addLayout(self._foot())
        self.resize(min(px(700), parent.width() - 24), min(px(680), parent.height() - 24))

    def _pane(self) -> QScrollArea:
        ground = QWidget()
        ground.setObjectName("ground")
        ground.setLayout(self._body)
        pane = QScrollArea()
        pane.setWidgetResizable(True)
        pane.setFrameShape(QFrame.Shape.NoFrame)
        pane.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        pane.setAccessibleName(self.windowTitle())
        pane.setWidget(ground)
        return pane

    def _foot(self) -> QHBoxLayout:
        copy = TextButton(self.tr("Copy the proof"), glyph="copy", tone="muted")
        text = self.why.inclusion.text
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 8, 24, 18)
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(copy)
        foot.addWidget(close)
        return foot

    def _section(self, title: str) -> None:
        head = Words(title, "section")
        head.setContentsMargins(0, 12, 0, 2)
        self._body.addWidget(head)

    def _passages(self) -> None:
        grounds = self.why.grounds
        self._section(self.tr("What was found, in the order it was read"))
        if not grounds:
            text = self.tr("Nothing is kept of what was found for this question.")
            self._body.addWidget(Words(text, "quiet", wrap=True))
            return
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        heads = (self.tr("Passage"), self.tr("Cited"), self.tr("Bears on it"), self.tr("Meaning"))
        for column, head in enumerate(heads):
            grid.addWidget(Words(head, "caption"), 0, column)
        for row, ground in enumerate(grounds[:_SHOWN], start=1):
            for column, text in enumerate(said_of(ground)):
                cell = Elided(text) if column == 0 else Words(text)
                cell.setMinimumWidth(0 if column == 0 else 44)
                grid.addWidget(cell, row, column)
        self._body.addLayout(grid)

    def _decision(self) -> None:
        why = self.why
        self._section(self.tr("What the policy decided"))
        demanded = " ".join(filter(None, (obliged(*one) for one in why.obligations)))
        decided = self.tr("Allowed by") if why.allowed else self.tr("Refused by")
        pairs = (
            (decided, ", ".join(why.policies) or self.tr("No policy permits it")),
            (self.tr("In force"), ", ".join(why.packs)),
            (self.tr("Hash of these"), why.pack_hash),
        )
        self._pairs((*pairs, (self.tr("It demanded"), demanded)) if why.allowed else pairs)

    def _answered(self) -> None:
        why = self.why
        self._section(self.tr("What answered"))
        evidence = self.tr("{best}, {least} needed").format(
            best=counts.percent(why.evidence), least=counts.percent(why.threshold)
        )
        pairs = (
            (self.tr("Model"), why.model or self.tr("None")),
            (self.tr("How"), how(why.mode)),
        )
        weighed = bool(why.evidence or why.threshold)
        self._pairs((*pairs, (self.tr("Best evidence"), evidence)) if weighed else pairs)

    def _proof(self) -> None:
        proof = self.why.inclusion
        self._section(self.tr("That the log holds it"))
        said = self.tr(
            "Record {opened} was written before anything was shown, record {closed} at the end; "
            "the log has {all} records. The proof below leads from record {closed} to the log's "
            "signed checkpoint, and can be checked without Cloister."
        ).format(
            opened=counts.number(self.why.opened),
            closed=counts.number(self.why.record),
            all=counts.number(proof.size),
        )
        self._body.addWidget(Words(said, "quiet", wrap=True))
        self._pairs(
            (
                (self.tr("Public key"), proof.public_key),
                (self.tr("Hash of the record"), proof.leaf_hash),
            )
        )
        view = PlainView(self.tr("Proof"))
        view.setObjectName("mono")
        view.setPlainText(plain.shown(proof.text, 20_000))
        self._body.addWidget(view)

    def _pairs(self, pairs: tuple[tuple[str, str], ...]) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        grid.setColumnMinimumWidth(0, 130)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, (name, value) in enumerate(pairs):
            grid.addWidget(Words(name, "caption"), row, 0, top)
            said = PlainView(name)
            said.setPlainText(plain.line(value, 400))
            grid.addWidget(said, row, 1, top)
        self._body.addLayout(grid)


def said_of(ground: Ground) -> tuple[str, str, str, str]:
    """Title and place, citations, relevance, similarity: the cells of a passage's row."""
    cited = " ".join(f"[{number}]" for number in ground.cited)
    title = f"{plain.line(ground.title)} · {plain.line(counts.place(ground.place), 60)}"
    relevance = counts.percent(ground.relevance) if ground.relevance else "–"
    return title, cited or "–", relevance, counts.decimal(ground.similarity, 2)


def how(mode: str) -> str:
    """The record's word for it, in words."""
    known = {
        "quote": QCoreApplication.translate("why_sheet", "Quoted word for word"),
        "generate": QCoreApplication.translate("why_sheet", "Written, then checked"),
    }
    return known.get(mode, QCoreApplication.translate("why_sheet", "Not answered"))
