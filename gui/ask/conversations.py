"""The list of conversations on the left, newest first.

Rules kept here: a title is a question somebody typed: plain text, elided, never markup.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QWidget

from appliance.values import Conversation
from gui.style.icons import icon
from gui.style.tokens import current
from gui.text import plain

_ID = Qt.ItemDataRole.UserRole


class Conversations(QListWidget):
    """`opened(id)` when one is chosen, `unwanted(id, title)` when one should be forgotten."""

    opened = Signal(str)
    unwanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Conversations"))
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(17, 17))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemClicked.connect(self._open)
        self.itemActivated.connect(self._open)

    def show_all(self, conversations: tuple[Conversation, ...], current_id: str) -> None:
        self.clear()
        drawing = icon("ask", current().muted, 17)
        for conversation in conversations:
            title = plain.line(conversation.title, 120) or self.tr("Untitled")
            item = QListWidgetItem(drawing, title)
            item.setData(_ID, conversation.id)
            item.setToolTip(plain.tip(title))
            self.addItem(item)
        self.point_at(current_id)

    def point_at(self, conversation: str) -> None:
        """Marks the one that is open; none when it is new."""
        for row in range(self.count()):
            if self.item(row).data(_ID) == conversation:
                self.setCurrentRow(row)
                return
        self.clearSelection()
        self.setCurrentRow(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and item is not None:
            self.unwanted.emit(item.data(_ID), item.text())
            return
        super().keyPressEvent(event)

    def _open(self, item: QListWidgetItem) -> None:
        self.opened.emit(item.data(_ID))

    def _menu(self, where: QPoint) -> None:
        item = self.itemAt(where)
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        identity, title = item.data(_ID), item.text()
        forget = menu.addAction(self.tr("Forget this conversation …"))
        forget.triggered.connect(lambda: self.unwanted.emit(identity, title))
        menu.popup(self.viewport().mapToGlobal(where))
