"""A small table of plain text: rows that are looked at and chosen, none that are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from gui.library.document_table import dress
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import plain

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_ROW, _HEAD = 36, 36


@dataclass(frozen=True, slots=True)
class Row:
    """Untrusted text, a cell a column. glyph and tone: what stands before the first, "" nothing."""

    cells: tuple[str, ...]
    glyph: str = ""
    tone: str = "muted"


class GridModel(QAbstractTableModel):
    def __init__(self, heads: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heads = tuple(heads)
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        row, column = self.rows[index.row()], index.column()
        if role == _ROLE.DisplayRole:
            return plain.line(row.cells[column], 300)
        if role == _ROLE.ToolTipRole:
            return plain.tip(row.cells[column])
        if role == _ROLE.DecorationRole and column == 0 and row.glyph:
            return icon(row.glyph, getattr(current(), row.tone), 17)
        if role == _ROLE.ForegroundRole and column:
            return QColor(current().muted)
        return None


class Grid(QTableView):
    """As high as its rows, up to `most` of them; `chosen(row)`, -1 for none. shares: of the width,
    of each column but the first, which takes the rest."""

    chosen = Signal(int)

    def __init__(
        self, name: str, heads: Sequence[str], shares: Sequence[float], most: int = 9,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._shares, self._most = tuple(shares), most
        self.rows = GridModel(heads, self)
        self.setModel(self.rows)
        self.setAccessibleName(name)
        dress(self)
        head = self.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(self._shares) + 1):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit(self.row()))
        self.show_rows(())

    def row(self) -> int:
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else -1

    def show_rows(self, rows: Sequence[Row]) -> None:
        self.rows.show_rows(rows)
        shown = min(max(len(rows), 1), self._most)
        fix(self, height=shown * _ROW + _HEAD + 4, rows=_ROW, icons=17)
        self.chosen.emit(-1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        for column, share in enumerate(self._shares, 1):
            self.horizontalHeader().resizeSection(column, int(self.width() * share))
        super().resizeEvent(event)
