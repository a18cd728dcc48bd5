"""The records as a table that holds only what is looked at.

Rules kept here: row 0 is the newest record; pages of 200 are read off the GUI thread as they come
into sight, and at most 40 of them are kept, whatever the log's length. What was looked for is
listed as it is found, and more is asked for when the last of it comes into sight.
"""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from appliance.values import LogRecord
from gui.style.tokens import Tokens, current
from gui.text import counts, plain

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
PAGE = 200
KEPT = 40


class LogModel(QAbstractTableModel):
    """`page_wanted(start)` asks for records start … start + PAGE - 1; `more_wanted()` for more of
    what is looked for."""

    page_wanted = Signal(int)
    more_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = 0
        self._pages: OrderedDict[int, tuple[LogRecord, ...]] = OrderedDict()
        self._asked: set[int] = set()
        self._names: dict[str, str] = {}
        self._found: list[LogRecord] | None = None
        self._more = False
        self._heads = (
            self.tr("No."), self.tr("Time"), self.tr("Action"), self.tr("Person"),
            self.tr("Object"), self.tr("Outcome"),
        )  # fmt: skip

    def know(self, names: dict[str, str]) -> None:
        """What ids stand for, as far as this session may know it."""
        self._names = names

    def named(self, identity: str) -> str:
        """The name beside or in place of an id; ids stay where no name is known."""
        if identity == "*":
            return self.tr("all collections")
        return self._names.get(identity.rpartition("/")[2], identity)

    def resize(self, size: int) -> None:
        """The log has `size` records now; drops what was read, as the rows move."""
        self.beginResetModel()
        self._size = size
        self._pages.clear()
        self._asked.clear()
        self.endResetModel()

    @property
    def narrowed(self) -> bool:
        """Whether only what was looked for is listed."""
        return self._found is not None

    def narrow(self, *, narrowed: bool) -> None:
        """Lists what is found from now on, nothing yet; or all of the log again."""
        self.beginResetModel()
        self._found = [] if narrowed else None
        self._more = False
        self.endResetModel()

    def find(self, records: tuple[LogRecord, ...], *, more: bool) -> None:
        """Further records that fit, older than those before; more: there may be others."""
        if self._found is None:
            return
        self._more = more
        if records:
            first = len(self._found)
            self.beginInsertRows(QModelIndex(), first, first + len(records) - 1)
            self._found += records
            self.endInsertRows()

    def canFetchMore(self, parent: _Index) -> bool:
        return self._found is not None and self._more

    def fetchMore(self, parent: _Index) -> None:
        if self._more:
            self._more = False
            self.more_wanted.emit()

    def fill(self, start: int, records: tuple[LogRecord, ...]) -> None:
        self._asked.discard(start)
        self._pages[start] = records
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
        last = max(0, self._size - 1 - start)
        first = max(0, last - PAGE + 1)
        if self._found is not None:
            return
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._heads) - 1))

    def missed(self, start: int) -> None:
        """The page could not be read; it is asked for again when looked at."""
        self._asked.discard(start)

    def record(self, row: int) -> LogRecord | None:
        if self._found is not None:
            return self._found[row] if row < len(self._found) else None
        seq = self._size - 1 - row
        start = seq - seq % PAGE
        page = self._pages.get(start)
        if page is None:
            if start not in self._asked and seq >= 0:
                self._asked.add(start)
                self.page_wanted.emit(start)
            return None
        self._pages.move_to_end(start)
        return page[seq - start] if seq - start < len(page) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        if parent.isValid():
            return 0
        return self._size if self._found is None else len(self._found)

    @property
    def size(self) -> int:
        """How many records the log has, as far as is known."""
        return self._size

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        if role not in (_ROLE.DisplayRole, _ROLE.ForegroundRole, _ROLE.ToolTipRole):
            return None
        record = self.record(index.row())
        if record is None:
            return "…" if role == _ROLE.DisplayRole and index.column() == 1 else None
        if role == _ROLE.ForegroundRole:
            return QColor(_ink(index.column(), record, current()))
        text = self._cell(record, index.column())
        return text if role == _ROLE.DisplayRole else plain.tip(text)

    def _cell(self, record: LogRecord, column: int) -> str:
        return (
            counts.number(record.seq),
            counts.stamp(record.time),
            plain.line(record.action, 80),
            plain.line(self.named(record.person), 80),
            plain.line(self.named(record.object), 160),
            plain.line(record.outcome, 80),
        )[column]


def _ink(column: int, record: LogRecord, colours: Tokens) -> str:
    if column == 5:
        return {
            "refused": colours.warn,
            "failed": colours.danger,
            "answered": colours.good,
        }.get(record.outcome, colours.muted)
    return colours.ink if column == 2 else colours.muted
