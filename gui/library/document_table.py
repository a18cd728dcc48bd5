"""The documents of a collection as a table."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from appliance.values import DocumentInfo
from gui.style.icons import icon
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text import counts, plain

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_WIDTHS = {1: 92, 2: 74, 3: 94, 4: 84, 5: 128, 6: 96}
_TITLE = 260
_SPARED = (4, 3, 5, 1, 2)
"""What goes first where a title had less room than that."""
_PROBLEMS = 6


class DocumentModel(QAbstractTableModel):
    """Title, kind, pages, passages, size, added, problems."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._documents: tuple[DocumentInfo, ...] = ()
        self._heads = (
            self.tr("Title"), self.tr("Kind"), self.tr("Pages"), self.tr("Passages"),
            self.tr("Size"), self.tr("Added"), self.tr("Problems"),
        )  # fmt: skip

    def show_documents(self, documents: tuple[DocumentInfo, ...]) -> None:
        self.beginResetModel()
        self._documents = documents
        self.endResetModel()

    def document(self, row: int) -> DocumentInfo:
        return self._documents[row]

    @property
    def has_problems(self) -> bool:
        return any(document.failures for document in self._documents)

    def row_of(self, document: str) -> int:
        return next((n for n, one in enumerate(self._documents) if one.id == document), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._documents)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == _ROLE.DisplayRole:
            return self._heads[section]
        return _aligned(section) if role == _ROLE.TextAlignmentRole else None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        document = self._documents[index.row()]
        if role == _ROLE.DisplayRole:
            return self._cell(document, index.column())
        if role == _ROLE.TextAlignmentRole:
            return _aligned(index.column())
        if role == _ROLE.ToolTipRole:
            return plain.tip(self._tip(document, index.column()))
        if role == _ROLE.DecorationRole and index.column() == 0:
            glyph = "barred" if document.retired else "file"
            return icon(glyph, current().muted, 17)
        if role == _ROLE.ForegroundRole and (index.column() or document.retired):
            failed = index.column() == _PROBLEMS and document.failures
            return QColor(current().warn if failed else current().muted)
        return None

    def _cell(self, document: DocumentInfo, column: int) -> str:
        title = plain.line(document.title)
        return (
            self.tr("Retired: {}").format(title) if document.retired else title,
            document.kind.value.upper() if len(document.kind.value) < 5 else
            document.kind.value.capitalize(),
            counts.number(document.pages),
            counts.number(document.passages),
            counts.size(document.size),
            counts.day(document.added),
            counts.counted(len(document.failures), self.tr("page"), self.tr("pages"))
            if document.failures else "",
        )[column]  # fmt: skip

    def _tip(self, document: DocumentInfo, column: int) -> str:
        if column == _PROBLEMS and document.failures:
            return "\n".join(
                self.tr("Page {}: ").format(failure.page) + plain.spoken(failure.sentence)
                if failure.page
                else plain.spoken(failure.sentence)
                for failure in document.failures[:12]
            )
        if column == 5:
            return counts.stamp(document.added)
        return document.title


class DocumentTable(QTableView):
    """`chosen(document or None)`; `opened(document)` on Enter or a double click;
    `unwanted(document)` on Delete."""

    chosen = Signal(object)
    opened = Signal(object)
    unwanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = DocumentModel(self)
        self.setModel(self.rows)
        self.setAccessibleName(self.tr("Documents"))
        dress(self)
        head = self.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in _WIDTHS:
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self._kept = ""
        self.selectionModel().selectionChanged.connect(self._tell)
        self.rows.modelAboutToBeReset.connect(self._keep)
        self.rows.modelReset.connect(self._choose_kept)
        self.rows.modelReset.connect(self._make_room)
        self.doubleClicked.connect(lambda _: self.opened.emit(self.document()))

    def document(self) -> DocumentInfo | None:
        rows = self.selectionModel().selectedRows()
        return self.rows.document(rows[0].row()) if rows else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        document = self.document()
        if event.key() == Qt.Key.Key_Delete and document is not None:
            self.unwanted.emit(document)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and document is not None:
            self.opened.emit(document)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()
        super().resizeEvent(event)

    def _make_room(self) -> None:
        """Where room is short the title has it, and problems are told where there are any; a
        heading has what its words need."""
        head = self.horizontalHeader()
        for column in _WIDTHS:  # a heading that is hidden says that it needs nothing
            self.setColumnHidden(column, False)
        widths = {n: max(px(width), head.sectionSizeHint(n)) for n, width in _WIDTHS.items()}
        shown = set(widths) if self.rows.has_problems else set(widths) - {_PROBLEMS}
        for column in _SPARED:
            if self.width() - sum(widths[n] for n in shown) >= px(_TITLE):
                break
            shown.discard(column)
        for column, width in widths.items():
            head.resizeSection(column, width)
            self.setColumnHidden(column, column not in shown)

    def _tell(self) -> None:
        self.chosen.emit(self.document())

    def _keep(self) -> None:
        document = self.document()
        self._kept = document.id if document is not None else ""

    def _choose_kept(self) -> None:
        """A list that is read anew does not take the choice away."""
        row = self.rows.row_of(self._kept)
        if row >= 0:
            self.setCurrentIndex(self.rows.index(row, 0))
        self._tell()


class WholeRow(QStyledItemDelegate):
    """Draws no focus box round one cell: the row is what is chosen."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        from PySide6.QtWidgets import QStyle

        option.state &= ~QStyle.StateFlag.State_HasFocus
        super().paint(painter, option, index)


def dress(table: QTableView) -> None:
    """The look and manners all our tables share."""
    table.setItemDelegate(WholeRow(table))
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    table.setTextElideMode(Qt.TextElideMode.ElideRight)
    table.setWordWrap(False)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setCornerButtonEnabled(False)
    table.setAcceptDrops(False)
    rows = table.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    fix(table, rows=40, icons=17)
    head = table.horizontalHeader()
    head.setHighlightSections(False)
    head.setSectionsClickable(False)
    head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def _aligned(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (2, 3, 4) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
