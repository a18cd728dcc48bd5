"""The rows of the list of conversations: what is pinned, then the folders, then the rest by age; or
what a search found, best first.

Rules kept here: what is drawn of a row is made when it comes into sight, so that ten thousand
conversations cost no more than a screenful; a title is a question somebody typed, and a folder's
name is somebody's too: plain text, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QWidget

from appliance.values import Conversation, Recalled
from gui.style.icons import icon
from gui.style.scale import px
from gui.style.tokens import current
from gui.text import counts, plain

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a folder; without a name, of those that are in none. shut: what is in it is left out."""

    folder: str
    shut: bool = False


Row: TypeAlias = Conversation | Recalled | Heading


def conversation_of(row: Row | None) -> Conversation | None:
    if isinstance(row, Recalled):
        return row.conversation
    return row if isinstance(row, Conversation) else None


def arranged(conversations: Sequence[Conversation], shut: Collection[str]) -> tuple[Row, ...]:
    """Pinned ones first, then folders by name, then those in none. shut: folders folded away."""
    pinned = [one for one in conversations if one.pinned]
    loose = [one for one in conversations if not one.pinned and not one.folder]
    folders: dict[str, list[Conversation]] = {}
    for one in conversations:
        if one.folder:
            into = folders.setdefault(one.folder, [])
            into += () if one.pinned else (one,)
    rows: list[Row] = [*pinned]
    for folder in sorted(folders):
        rows.append(Heading(folder, folder in shut))
        rows += () if folder in shut else folders[folder]
    if loose and folders:
        rows.append(Heading(""))
    return (*rows, *loose)


class ConversationRows(QAbstractListModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Row, ...] = ()

    def show(self, rows: tuple[Row, ...]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def place_of(self, conversation: str) -> QModelIndex:
        """Of one that is in the list; an invalid index for any other."""
        places = (
            place
            for place, row in enumerate(self._rows)
            if (one := conversation_of(row)) is not None and one.id == conversation
        )
        return self.index(next(places, -1) if conversation else -1, 0)

    def beginning(self, typed: str, after: int) -> QModelIndex:
        """The next conversation whose title begins so, from the row after on and then from the
        first. Qt would ask for the text of every row, which takes long where there are many."""
        wanted, count = typed.casefold(), len(self._rows)
        for step in range(count):
            place = (after + step) % count
            one = conversation_of(self._rows[place])
            if one is not None and one.title.casefold().startswith(wanted):
                return self.index(place, 0)
        return QModelIndex()

    def row(self, index: _Index) -> Row | None:
        return self._rows[index.row()] if 0 <= index.row() < len(self._rows) else None

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        row = self.row(index)
        if row is None or row == Heading(""):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        row = self.row(index)
        saying = _SAYING.get(role)
        return saying(self, row) if saying is not None and row is not None else None

    def _name(self, row: Row) -> str:
        one = conversation_of(row)
        if one is not None:
            return plain.line(one.title, 120) or self.tr("Untitled")
        folder = row.folder if isinstance(row, Heading) else ""
        return plain.line(folder, 80) or self.tr("Not in a folder")

    def _tip(self, row: Row) -> str:
        """With the day of it: many begin with the same words."""
        name, where, one = self._name(row), "", conversation_of(row)
        if one is not None:
            name = f"{name} · {counts.day(one.updated)}"
        if isinstance(row, Recalled):
            where = plain.line(row.excerpt or row.question, 300)
        return plain.tip(f"{name}: {where}" if where else name)

    def _spoken(self, row: Row) -> str | None:
        one = conversation_of(row)
        if one is not None:
            return self.tr("{}, pinned").format(self._name(row)) if one.pinned else None
        if not isinstance(row, Heading) or not row.folder:
            return None
        said = self.tr("Folder {}, closed") if row.shut else self.tr("Folder {}, open")
        return said.format(self._name(row))

    def _drawing(self, row: Row) -> QIcon:
        one, muted = conversation_of(row), current().muted
        if one is not None:
            return icon("pin" if one.pinned else "ask", muted, 17)
        if isinstance(row, Heading) and row.folder:
            return icon("right" if row.shut else "folder", muted, 15)
        return icon("dot", "#00000000", 15)

    def _font(self, row: Row) -> QFont | None:
        if conversation_of(row) is not None:
            return None
        font = QFont()
        font.setPixelSize(px(12))
        font.setBold(True)
        return font


_SAYING: Final[dict[int, Callable[[ConversationRows, Row], object]]] = {
    _ROLE.DisplayRole: ConversationRows._name,
    _ROLE.DecorationRole: ConversationRows._drawing,
    _ROLE.ToolTipRole: ConversationRows._tip,
    _ROLE.AccessibleTextRole: ConversationRows._spoken,
    _ROLE.FontRole: ConversationRows._font,
}
"""What a row says in each of the roles that a list asks for."""
