"""The people of an installation as a table."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from appliance.values import Account, Role, Standing
from gui.library.document_table import dress
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import plain

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_LEAST_ROWS, _MOST_ROWS = 1, 9
_ROW, _HEAD = 40, 40


class PeopleModel(QAbstractTableModel):
    """Name, roles, account."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accounts: tuple[Account, ...] = ()
        self._me = ""
        self._heads = (self.tr("Name"), self.tr("Roles"), self.tr("Account"))
        self._roles = {
            Role.MEMBER: self.tr("member"),
            Role.CURATOR: self.tr("curator"),
            Role.AUDITOR: self.tr("auditor"),
            Role.ADMINISTRATOR: self.tr("administrator"),
            Role.KIOSK: self.tr("kiosk"),
        }
        self._standings = {
            Standing.INVITED: self.tr("invited"),
            Standing.ACTIVE: self.tr("active"),
            Standing.CLOSED: self.tr("closed"),
            Standing.GONE: self.tr("erased"),
        }

    def show_accounts(self, accounts: tuple[Account, ...], me: str) -> None:
        self.beginResetModel()
        self._accounts, self._me = accounts, me
        self.endResetModel()

    def account(self, row: int) -> Account:
        return self._accounts[row]

    def row_of(self, person: str) -> int:
        """-1 where there is no such person."""
        ids = [account.person.id for account in self._accounts]
        return ids.index(person) if person in ids else -1

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._accounts)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        account = self._accounts[index.row()]
        if role == _ROLE.DisplayRole:
            return self._cell(account, index.column())
        if role == _ROLE.ToolTipRole:
            tip = self._cell(account, index.column())
            if index.column() == 2 and account.custodian:
                tip = self.tr("Keeps the institution’s recovery code.")
            return plain.tip(tip)
        if role == _ROLE.DecorationRole and index.column() == 0:
            return icon("person", current().muted, 17)
        if role == _ROLE.ForegroundRole:
            quiet = index.column() or account.standing is not Standing.ACTIVE
            return QColor(current().muted if quiet else current().ink)
        return None

    def _cell(self, account: Account, column: int) -> str:
        if column == 0:
            name = plain.line(account.person.name, 200)
            return self.tr("{} (you)").format(name) if account.person.id == self._me else name
        if column == 1:
            return ", ".join(self._roles[role] for role in account.person.roles) or "–"
        said = self._standings[account.standing]
        return self.tr("{}, custodian").format(said) if account.custodian else said


class PeopleTable(QTableView):
    """As high as the people it lists, within reason; `chosen(account or None)`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = PeopleModel(self)
        self.setModel(self.rows)
        self.setAccessibleName(self.tr("People"))
        dress(self)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit(self.account()))
        self.rows.modelReset.connect(self._reset)
        self._reset()

    def account(self) -> Account | None:
        rows = self.selectionModel().selectedRows()
        return self.rows.account(rows[0].row()) if rows else None

    def choose(self, person: str) -> None:
        row = self.rows.row_of(person)
        if row >= 0:
            # not selectRow: from right to left Qt finds no column there and chooses nothing
            self.setCurrentIndex(self.model().index(row, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        for column, share in ((1, 0.4), (2, 0.21)):
            self.horizontalHeader().resizeSection(column, int(self.width() * share))
        super().resizeEvent(event)

    def _reset(self) -> None:
        shown = min(max(self.rows.rowCount(), _LEAST_ROWS), _MOST_ROWS)
        fix(self, height=shown * _ROW + _HEAD, rows=_ROW, icons=17)
        self.chosen.emit(None)
