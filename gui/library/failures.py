"""What could not be read, and why: a list with a sentence and a next step each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.controls.labels import Words
from gui.style.icons import pixmap
from gui.style.scale import fix, px, tight
from gui.style.tokens import current
from gui.text import counts, plain

_Index = QModelIndex | QPersistentModelIndex
LISTED = 1000
_ROW = 46


@dataclass(frozen=True, slots=True)
class Failure:
    """All three may hold what a file says of itself: untrusted."""

    file: str
    sentence: str
    step: str


class FailureModel(QAbstractListModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._failures: list[Failure] = []

    def add(self, failures: Sequence[Failure]) -> None:
        room = failures[: max(0, LISTED - len(self._failures))]
        if room:
            first = len(self._failures)
            self.beginInsertRows(QModelIndex(), first, first + len(room) - 1)
            self._failures += room
            self.endInsertRows()

    def failure(self, row: int) -> Failure:
        return self._failures[row]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._failures)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        failure = self._failures[index.row()]
        said = f"{plain.line(failure.file)}: {_said(failure.sentence)} {_said(failure.step)}"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return said
        return plain.tip(said) if role == Qt.ItemDataRole.ToolTipRole else None


def _said(sentence: str) -> str:
    return plain.line(plain.spoken(sentence))


class _TwoLines(QStyledItemDelegate):
    """The file and what is wrong on one line, the next step below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(px(200), px(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        if not isinstance(model, FailureModel):
            return
        failure, colours = model.failure(index.row()), current()
        rect: QRect = option.rect
        painter.save()
        mark = QRect(rect.left() + 2, rect.top() + 5, px(16), px(16))
        mark = QStyle.visualRect(option.direction, rect, mark)
        painter.drawPixmap(mark.topLeft(), pixmap("warning", colours.warn, px(16)))
        font = QFont(option.font)
        font.setPixelSize(px(13))
        line = QRect(rect.left() + px(28), rect.top() + px(4), rect.width() - px(34), px(18))
        line = QStyle.visualRect(option.direction, rect, line)
        text = f"{plain.line(failure.file)}  —  {_said(failure.sentence)}"
        _write(painter, font, line, text, colours.ink)
        font.setPixelSize(px(12))
        _write(painter, font, line.translated(0, px(18)), _said(failure.step), colours.muted)
        painter.restore()


class Failures(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._total = 0
        self._head = Words("", "section")
        self.rows = FailureModel(self)
        self.list = QListView()
        self.list.setModel(self.rows)
        self.list.setItemDelegate(_TwoLines(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName(self.tr("What could not be read"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._head)
        layout.addWidget(self.list)

    def add(self, failures: Sequence[Failure]) -> None:
        self._total += len(failures)
        self.rows.add(failures)
        more = self._total - self.rows.rowCount()
        text = self.tr("{} could not be read").format(
            counts.counted(self._total, self.tr("file or page"), self.tr("files or pages"))
        )
        if more:
            text += " · " + self.tr("the first {} are listed").format(counts.number(LISTED))
        self._head.setText(text)
        shown = 2 if tight() else 4
        fix(self.list, height=min(shown, self.rows.rowCount()) * _ROW + 6)


def _write(painter: QPainter, font: QFont, rect: QRect, text: str, colour: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)
