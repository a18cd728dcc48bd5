"""Documents dropped on a conversation, from the desktop.

Rules kept here: of what is dropped only local files and folders are taken; text, addresses and
pictures are not; what is dropped is copied, whatever whoever drags it had in mind: a file that is
moved would be deleted where it was.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from gui.library.choosing import dropped

_DRAGGING = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class Dropping(QObject):
    """`taken` carries the paths of files that were dropped on the widget."""

    taken = Signal(tuple)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _DRAGGING or not isinstance(event, QDropEvent):
            return False
        files = dropped(event.mimeData())
        if not files or not event.possibleActions() & Qt.DropAction.CopyAction:
            event.ignore()
            return True
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.Drop:
            self.taken.emit(files)
        return True
