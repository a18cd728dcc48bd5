"""The words of an answer, with [n] after each sentence that is carried by citation n.

Rules kept here: a sentence no passage supports is set apart by colour, slant, underline and words;
what was broken off says that it is no answer; in quotes a new source begins a new paragraph; all
of it is plain text; none of it gets to the clipboard, or is dragged away, but by `picked`: whether
it may leave is not for the screen to say.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QWidget

from appliance.values import Answer, AnswerMode, AnswerSentence
from gui.style.tokens import current
from gui.text import plain
from gui.text.view import PlainView

_SCHEME = "cite"


class AnswerText(PlainView):
    """`picked` carries what was selected and is to be copied."""

    cited = Signal(int)
    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName(self.tr("Answer"))
        self.setObjectName("answer")
        self.written = ""
        self.anchorClicked.connect(self._follow)

    def write(self, token: str) -> None:
        """Adds to the text while it is being written."""
        text = plain.shown(token)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.written:
            cursor.setBlockFormat(_spaced())
        cursor.insertText(text, self._format())
        self.written += text

    def show_answer(self, answer: Answer) -> None:
        """The finished answer in place of what was written so far."""
        self.clear()
        self.written = "\n".join(sentence.text for sentence in answer.sentences)
        cursor = QTextCursor(self.document())
        sources = {citation.number: citation.passage for citation in answer.citations}
        before = None
        for index, sentence in enumerate(answer.sentences):
            first = sources.get(sentence.citations[0]) if sentence.citations else before
            place = (first.document, first.key) if first is not None else None
            if index == 0:
                cursor.setBlockFormat(_spaced())
            elif answer.mode is AnswerMode.QUOTE and place != (
                before and (before.document, before.key)
            ):
                cursor.insertBlock(_spaced())
            else:
                cursor.insertText(" ", self._format())
            self._set(cursor, sentence)
            before = first
        self.fit()

    def break_off(self) -> None:
        """What was written so far is no answer, and looks like none."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeCharFormat(self._format(supported=False))
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(" … ", self._format(supported=False))
        cursor.insertText(self.tr("(incomplete; do not use it)"), _note())
        self.fit()

    # --- copying a part --------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._pick()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy the selection"))
        copy.setEnabled(self.textCursor().hasSelection())
        copy.triggered.connect(self._pick)
        menu.addAction(self.tr("Select all")).triggered.connect(self.selectAll)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(event.globalPos())

    def createMimeDataFromSelection(self) -> QMimeData:
        return QMimeData()

    def _pick(self) -> None:
        text = self.textCursor().selection().toPlainText()
        if text:
            self.picked.emit(text)

    # --- inside ---------------------------------------------------------------------------

    def _set(self, cursor: QTextCursor, sentence: AnswerSentence) -> None:
        text = plain.line(sentence.text.replace("\t", " · "), plain.LONGEST)
        cursor.insertText(text, self._format(supported=sentence.supported))
        for number in sentence.citations:
            cursor.insertText("\u00a0", self._format())
            cursor.insertText(f"[{number}]", self._link(number))
        if not sentence.supported:
            cursor.insertText(" " + self.tr("(no passage supports this)"), _note())

    def _format(self, *, supported: bool = True) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setForeground(QColor(current().ink if supported else current().muted))
        form.setFontItalic(not supported)
        if not supported:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            form.setUnderlineColor(QColor(current().warn))
        return form

    def _link(self, number: int) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setAnchor(True)
        form.setAnchorHref(f"{_SCHEME}:{number}")
        form.setForeground(QColor(current().accent_ink))
        form.setFontWeight(QFont.Weight.DemiBold)
        return form

    def _follow(self, link: QUrl) -> None:
        if link.scheme() == _SCHEME and link.path().isdecimal():
            self.cited.emit(int(link.path()))


def _note() -> QTextCharFormat:
    form = QTextCharFormat()
    form.setForeground(QColor(current().warn))
    form.setFontWeight(QFont.Weight.DemiBold)
    return form


def _spaced() -> QTextBlockFormat:
    form = QTextBlockFormat()
    form.setLineHeight(146, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    form.setBottomMargin(8)
    return form
