"""The collections on the left of the library, and making a new one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import Collection
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import counts, plain

_ID = Qt.ItemDataRole.UserRole


class CollectionList(QFrame):
    """`opened(id)` and `made_wanted()`."""

    opened = Signal(str)
    made_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        fix(self, 228, half=True)
        self._collections: tuple[Collection, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Collections"))
        fix(self.list, icons=17)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAcceptDrops(False)
        self.list.currentRowChanged.connect(self._open)
        self.make = TextButton(self.tr("New collection"), kind="link", glyph="plus",
                               tone="accent_ink")  # fmt: skip
        self.make.clicked.connect(self.made_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 10, 16)
        layout.setSpacing(8)
        head = Words(self.tr("Collections"), "section")
        head.setContentsMargins(8, 2, 0, 0)
        layout.addWidget(head)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.make, 0, Qt.AlignmentFlag.AlignLeft)

    def show_all(self, collections: tuple[Collection, ...], wanted: str) -> None:
        """Lists them and opens the wanted one, or the first."""
        self._collections = collections
        self.list.blockSignals(True)
        self.list.clear()
        drawing = icon("library", current().muted, 17)
        refused = icon("warning", current().danger, 17)
        for collection in collections:
            title = plain.line(collection.title, 120)
            item = QListWidgetItem(refused if collection.problem else drawing, title)
            item.setData(_ID, collection.id)
            documents = counts.counted(
                collection.documents, self.tr("document"), self.tr("documents")
            )
            said = collection.problem or f"{title}: {documents}"
            item.setToolTip(plain.tip(said))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, said)
            self.list.addItem(item)
        self.list.blockSignals(False)
        ids = [collection.id for collection in collections]
        if ids:
            self.list.setCurrentRow(ids.index(wanted) if wanted in ids else 0)

    def current(self) -> Collection | None:
        row = self.list.currentRow()
        return self._collections[row] if 0 <= row < len(self._collections) else None

    def _open(self, row: int) -> None:
        if 0 <= row < len(self._collections):
            self.opened.emit(self._collections[row].id)


class NewCollection(QDialog):
    """Asks for a name; `wanted(title)`, and stays open until it was made."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(self.tr("New collection"))
        self.setAccessibleName(self.windowTitle())
        self.field = Field(self.tr("Name"), hint=self.tr("Ward 4 guidelines"), limit=120)
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Make it"), kind="primary")
        self.go.setEnabled(False)
        keep = TextButton(self.tr("Cancel"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(keep)
        row.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Words(self.tr("New collection"), "title"))
        text = self.tr("A body of documents behind one key of its own.")
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addWidget(self.field)
        layout.addWidget(self.notice)
        layout.addSpacing(4)
        layout.addLayout(row)
        fix(self, 420)
        keep_in(self)
        self.field.changed.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self.go.clicked.connect(self._submit)
        keep.clicked.connect(self.reject)
        self.field.edit.setFocus()

    def failed(self, error: CloisterError) -> None:
        self.go.setEnabled(True)
        self.notice.complain(error)

    def _submit(self) -> None:
        title = self.field.text().strip()
        if title:
            self.go.setEnabled(False)
            self.wanted.emit(title)
