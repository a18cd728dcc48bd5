"""A stretch of a document that has no pages, set from its blocks, with the passage highlighted.

Rules kept here: the document is made with a cursor out of plain text, never out of markup; offsets
are those of the text as it was stored.
"""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextTableFormat,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from appliance.values import Block, BlockKind, PageText
from gui.style.scale import px
from gui.style.theme import MONO
from gui.style.tokens import current
from gui.text import plain

_SIZES = {1: 21, 2: 18, 3: 16}


class PageTextView(QTextBrowser):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paper")
        self.setAccessibleName(self.tr("Text of the document"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(28)
        self._marks: list[tuple[int, int]] = []

    def show_text(self, page: PageText, zoom: float) -> None:
        """Sets the page and scrolls to its first highlight."""
        self.clear()
        self._marks = []
        text = plain.kept(page.text[: plain.LONGEST])
        blocks = page.blocks or (Block(BlockKind.PARAGRAPH, 0, len(text)),)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        first = True
        for kind, group in groupby(blocks, key=lambda block: block.kind is BlockKind.TABLE_ROW):
            if kind:
                self._set_table(cursor, text, tuple(group), page.highlights, zoom)
                first = True
                continue
            for block in group:
                _begin(cursor, block, first=first)
                self._set(cursor, text, block, page.highlights, zoom)
                first = False
        cursor.endEditBlock()
        QTimer.singleShot(0, self, self._show_passage)

    def forget(self) -> None:
        self.clear()
        self._marks = []

    def passage(self) -> str:
        """The marked text as it stands on the screen."""
        cursor = QTextCursor(self.document())
        parts = []
        for start, end in self._marks:
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            parts.append(cursor.selection().toPlainText())
        return "".join(parts)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None

    def _set(
        self,
        cursor: QTextCursor,
        text: str,
        block: Block,
        highlights: tuple[tuple[int, int], ...],
        zoom: float,
    ) -> None:
        start, end = max(0, block.start), min(len(text), block.end)
        at = start
        for first, last in sorted(highlights):
            low, high = max(first, at), min(last, end)
            if low >= high:
                continue
            cursor.insertText(text[at:low], _format(block, zoom))
            begin = cursor.position()
            cursor.insertText(text[low:high], _format(block, zoom, marked=True))
            self._marks.append((begin, cursor.position()))
            at = high
        cursor.insertText(text[at:end], _format(block, zoom))

    def _set_table(
        self,
        cursor: QTextCursor,
        text: str,
        rows: tuple[Block, ...],
        highlights: tuple[tuple[int, int], ...],
        zoom: float,
    ) -> None:
        """Rows that follow each other, as a table; a cell is what stands between tabs."""
        cells = [_cells(text, row) for row in rows]
        columns = max(len(row) for row in cells)
        cursor.insertBlock(QTextBlockFormat())
        table = cursor.insertTable(len(rows), columns, _table_format())
        for number, row in enumerate(cells):
            for column, cell in enumerate(row):
                inside = table.cellAt(number, column).firstCursorPosition()
                self._set(inside, text, cell, highlights, zoom)
        cursor.movePosition(QTextCursor.MoveOperation.End)

    def _show_passage(self) -> None:
        if not self._marks:
            self.verticalScrollBar().setValue(0)
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._marks[0][0])
        top = self.cursorRect(cursor).top() + self.verticalScrollBar().value()
        self.verticalScrollBar().setValue(round(top - self.viewport().height() * 0.3))


def _cells(text: str, row: Block) -> list[Block]:
    cells, at = [], row.start
    for part in text[row.start : row.end].split("\t"):
        cells.append(Block(BlockKind.TABLE_ROW, at, at + len(part)))
        at += len(part) + 1
    return cells


def _table_format() -> QTextTableFormat:
    form = QTextTableFormat()
    form.setBorder(1)
    form.setBorderBrush(QColor("#D5DAE1"))
    form.setBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderCollapse(True)
    form.setCellPadding(6)
    form.setCellSpacing(0)
    form.setTopMargin(2)
    form.setBottomMargin(10)
    return form


def _begin(cursor: QTextCursor, block: Block, *, first: bool) -> None:
    form = QTextBlockFormat()
    form.setLineHeight(142, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    form.setBottomMargin(4 if block.kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW) else 9)
    if block.kind is BlockKind.HEADING:
        form.setTopMargin(0 if first else 12)
        form.setHeadingLevel(max(1, min(6, block.level or 1)))
    if block.kind is BlockKind.LIST_ITEM:
        form.setLeftMargin(18)
    if block.kind is BlockKind.CODE:
        form.setLeftMargin(10)
    if first:
        cursor.setBlockFormat(form)
    else:
        cursor.insertBlock(form)


def _format(block: Block, zoom: float, *, marked: bool = False) -> QTextCharFormat:
    colours = current()
    form = QTextCharFormat()
    font = QFont(MONO if block.kind is BlockKind.CODE else QFont().families())
    size = _SIZES.get(block.level, 15) if block.kind is BlockKind.HEADING else 14
    font.setPixelSize(max(8, px(size * zoom)))
    font.setBold(block.kind is BlockKind.HEADING)
    form.setFont(font)
    form.setForeground(QColor(colours.paper_ink))
    if marked:
        form.setBackground(QColor(colours.mark))
    return form
