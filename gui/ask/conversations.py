"""The list of conversations on the left: what is pinned, then the folders, then the rest by age; or
what a search found.

Rules kept here: a title is a question somebody typed, and a folder's name is somebody's too: plain
text, elided, never markup; all that the menu does the keyboard does as well.
"""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QListView, QMenu, QWidget

from appliance.values import Conversation, Recalled
from gui.ask.actions import form_of, forms_menu
from gui.ask.conversation_rows import ConversationRows, Heading, arranged, conversation_of
from gui.style.scale import fix
from gui.text import plain


class Conversations(QListView):
    """All carry a conversation's id first: `opened` (and the record of the turn that a search
    found, -1 for none), `unwanted` (with its title), `renaming` (with its title), `pinned` (whether
    it is to be), `filed` (the folder, None for a new one that is yet to be named), `leaving` (an
    ExportForm)."""

    opened = Signal(str, int)
    unwanted = Signal(str, str)
    renaming = Signal(str, str)
    pinned = Signal(str, bool)
    filed = Signal(str, object)
    leaving = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[Conversation, ...] = ()
        self._known: dict[str, Conversation] = {}
        self._folded: set[str] = set()
        self._typed, self._typed_at = "", 0.0
        self.rows = ConversationRows(self)
        self.setModel(self.rows)
        self.setUniformItemSizes(True)
        self.setAccessibleName(self.tr("Conversations"))
        fix(self, icons=17)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.clicked.connect(self._open)

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(sorted({one.folder for one in self._known.values() if one.folder}))

    def count(self) -> int:
        """Rows that are listed, headings of folders among them."""
        return self.rows.rowCount()

    def known(self, conversation: str) -> Conversation | None:
        """What is known of one that is listed."""
        return self._known.get(conversation)

    def show_all(self, conversations: tuple[Conversation, ...], current_id: str) -> None:
        """The open one is marked; where the keyboard is at the list, it stays where it is."""
        at, row = self.chosen(), self.currentIndex().row()
        self._all = conversations
        self._known = {one.id: one for one in conversations}
        self.rows.show(arranged(conversations, self._folded))
        self.point_at(current_id)
        if at is not None and self.window().focusWidget() is self:
            place = self.rows.place_of(at.id)
            gone = self.rows.index(min(row, self.count() - 1), 0)
            self.setCurrentIndex(place if place.isValid() else gone)

    def show_found(self, found: tuple[Recalled, ...]) -> None:
        """What a search found, best first; the tip says where it fits. The keyboard stays at the
        conversation it is at."""
        at = self.chosen()
        self._known |= {one.conversation.id: one.conversation for one in found}
        self.rows.show(found)
        self.point_at(at.id if at is not None else "")

    def forget(self) -> None:
        self._all = ()
        self._known = {}
        self._folded.clear()
        self._typed = ""
        self.rows.show(())

    def point_at(self, conversation: str) -> None:
        """Marks the one that is open; none when it is new."""
        self.setCurrentIndex(self.rows.place_of(conversation))

    def chosen(self) -> Conversation | None:
        """The one the keyboard is at."""
        return self._of(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.chosen()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        elif chosen is not None and event.key() == Qt.Key.Key_Delete:
            self.unwanted.emit(chosen.id, plain.line(chosen.title, 120))
        elif chosen is not None and event.key() == Qt.Key.Key_F2:
            self.renaming.emit(chosen.id, chosen.title)
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """To the next title that begins with what is typed without a pause."""
        now = monotonic()
        paused = now - self._typed_at > QApplication.keyboardInputInterval() / 1000
        self._typed, self._typed_at = search if paused else self._typed + search, now
        row = self.currentIndex().row() + (len(self._typed) == 1)
        place = self.rows.beginning(self._typed, row)
        if place.isValid():
            self.setCurrentIndex(place)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By mouse at the row under it, by keyboard at the one that is chosen."""
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        chosen = self._of(index)
        if chosen is not None:
            at = event.pos() if by_mouse else self.visualRect(index).bottomLeft()
            self._menu(chosen, self.viewport().mapToGlobal(at))

    # --- inside ---------------------------------------------------------------------------

    def _of(self, index: QModelIndex) -> Conversation | None:
        return conversation_of(self.rows.row(index))

    def _open(self, index: QModelIndex) -> None:
        row = self.rows.row(index)
        one = conversation_of(row)
        if one is not None:
            self.opened.emit(one.id, row.record if isinstance(row, Recalled) else -1)
        elif isinstance(row, Heading) and row.folder:
            self._folded ^= {row.folder}
            self.rows.show(arranged(self._all, self._folded))
            self.setCurrentIndex(self.rows.index(index.row(), 0))

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
