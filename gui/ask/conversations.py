"""The list of conversations on the left: what is pinned, then the folders, then the rest by age; or
what a search found.

Rules kept here: a title is a question somebody typed, and a folder's name is somebody's too: plain
text, elided, never markup; all that the menu does the keyboard does as well.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QWidget

from appliance.values import Conversation, Recalled
from gui.ask.actions import form_of, forms_menu
from gui.style.icons import icon
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text import plain

_ID = Qt.ItemDataRole.UserRole
_FOLDER = Qt.ItemDataRole.UserRole + 1
"""Of a heading: the folder whose conversations stand below it."""


class Conversations(QListWidget):
    """All carry a conversation's id first: `opened`, `unwanted` (with its title), `renaming` (with
    its title), `pinned` (whether it is to be), `filed` (the folder, None for a new one that is yet
    to be named), `leaving` (an ExportForm)."""

    opened = Signal(str)
    unwanted = Signal(str, str)
    renaming = Signal(str, str)
    pinned = Signal(str, bool)
    filed = Signal(str, object)
    leaving = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: dict[str, Conversation] = {}
        self._folded: set[str] = set()
        self._searched = False
        self.setAccessibleName(self.tr("Conversations"))
        fix(self, icons=17)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.itemClicked.connect(self._open)
        self.itemActivated.connect(self._open)

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(sorted({one.folder for one in self._known.values() if one.folder}))

    def known(self, conversation: str) -> Conversation | None:
        """What is known of one that is listed."""
        return self._known.get(conversation)

    def show_all(self, conversations: tuple[Conversation, ...], current_id: str) -> None:
        self.clear()
        self._searched = False
        self._known = {one.id: one for one in conversations}
        loose = [one for one in conversations if one.pinned or not one.folder]
        for one in (one for one in loose if one.pinned):
            self._add(one)
        for folder in self.folders:
            self._head(folder)
            for one in conversations:
                if one.folder == folder and not one.pinned:
                    self._add(one, folder=folder)
        rest = [one for one in loose if not one.pinned]
        if rest and self.folders:
            self._head("")
        for one in rest:
            self._add(one)
        self._fold()
        self.point_at(current_id)

    def show_found(self, found: tuple[Recalled, ...]) -> None:
        """What a search found, best first; the tip says where it fits."""
        self.clear()
        self._searched = True
        for one in found:
            where = one.excerpt or one.question
            said = plain.line(where, 300) if where else ""
            self._add(one.conversation, tip=said)
        self.clearSelection()

    def forget(self) -> None:
        self._known.clear()
        self._folded.clear()
        self.clear()

    def point_at(self, conversation: str) -> None:
        """Marks the one that is open; none when it is new."""
        for row in range(self.count()):
            if conversation and self.item(row).data(_ID) == conversation:
                self.setCurrentRow(row)
                return
        self.clearSelection()
        self.setCurrentRow(-1)

    def chosen(self) -> Conversation | None:
        """The one the keyboard is at."""
        item = self.currentItem()
        return self._of(item) if item is not None else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.chosen()
        if chosen is not None and event.key() == Qt.Key.Key_Delete:
            self.unwanted.emit(chosen.id, plain.line(chosen.title, 120))
        elif chosen is not None and event.key() == Qt.Key.Key_F2:
            self.renaming.emit(chosen.id, chosen.title)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By mouse at the item under it, by keyboard at the one that is chosen."""
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        item = self.itemAt(event.pos()) if by_mouse else self.currentItem()
        chosen = self._of(item) if item is not None else None
        if chosen is not None and item is not None:
            at = event.pos() if by_mouse else self.visualItemRect(item).bottomLeft()
            self._menu(chosen, self.viewport().mapToGlobal(at))

    # --- inside ---------------------------------------------------------------------------

    def _of(self, item: QListWidgetItem) -> Conversation | None:
        return self._known.get(item.data(_ID) or "")

    def _add(self, one: Conversation, *, folder: str = "", tip: str = "") -> None:
        self._known[one.id] = one
        title = plain.line(one.title, 120) or self.tr("Untitled")
        drawing = icon("pin" if one.pinned else "ask", current().muted, 17)
        item = QListWidgetItem(drawing, title)
        item.setData(_ID, one.id)
        item.setData(_FOLDER, folder)
        item.setToolTip(plain.tip(f"{title}: {tip}" if tip else title))
        if one.pinned:
            item.setData(Qt.ItemDataRole.AccessibleTextRole, self.tr("{}, pinned").format(title))
        self.addItem(item)

    def _head(self, folder: str) -> None:
        """A folder's name, or the line between folders and the rest; Enter folds it."""
        name = plain.line(folder, 80) or self.tr("Not in a folder")
        item = QListWidgetItem(icon("folder" if folder else "down", current().muted, 15), name)
        item.setData(_FOLDER, folder)
        font = QFont(self.font())
        font.setPixelSize(px(12))
        font.setBold(True)
        item.setFont(font)
        if not folder:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setIcon(icon("dot", "#00000000", 15))
        self.addItem(item)

    def _fold(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            folder = item.data(_FOLDER) or ""
            if item.data(_ID):
                item.setHidden(bool(folder) and folder in self._folded)
            elif folder:
                shut = folder in self._folded
                said = self.tr("Folder {}, closed") if shut else self.tr("Folder {}, open")
                item.setData(Qt.ItemDataRole.AccessibleTextRole, said.format(item.text()))
                item.setIcon(icon("right" if shut else "folder", current().muted, 15))

    def _open(self, item: QListWidgetItem) -> None:
        conversation = item.data(_ID)
        if conversation:
            self.opened.emit(conversation)
        elif item.data(_FOLDER):
            self._folded ^= {item.data(_FOLDER)}
            self._fold()

    def _menu(self, one: Conversation, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(plain.line(one.title, 120))
        pin = menu.addAction(self.tr("Unpin") if one.pinned else self.tr("Pin to the top"))
        pin.triggered.connect(lambda: self.pinned.emit(one.id, not one.pinned))
        rename = menu.addAction(self.tr("Rename …"))
        rename.triggered.connect(lambda: self.renaming.emit(one.id, one.title))
        self._folder_menu(menu, one)
        forms = forms_menu(menu, self.tr("Export"))
        forms.triggered.connect(lambda chosen: self.leaving.emit(one.id, form_of(chosen)))
        menu.addMenu(forms)
        menu.addSeparator()
        forget = menu.addAction(self.tr("Delete …"))
        title = plain.line(one.title, 120)
        forget.triggered.connect(lambda: self.unwanted.emit(one.id, title))
        menu.popup(where)

    def _folder_menu(self, menu: QMenu, one: Conversation) -> None:
        into = menu.addMenu(self.tr("Put into a folder"))
        for folder in self.folders:
            act = into.addAction(plain.label(folder, 80))
            act.setCheckable(True)
            act.setChecked(folder == one.folder)
            act.triggered.connect(lambda _on=False, name=folder: self.filed.emit(one.id, name))
        if self.folders:
            into.addSeparator()
        new = into.addAction(self.tr("New folder …"))
        new.triggered.connect(lambda: self.filed.emit(one.id, None))
        if one.folder:
            out = into.addAction(self.tr("Out of the folder"))
            out.triggered.connect(lambda: self.filed.emit(one.id, ""))
