"""A document of the library, to be leafed through: its pages, its versions, whether it is answered
from.

Rules kept here: pages are drawn by the sandboxed reader and only shown here; a retired document
says so above its pages, in words.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from appliance.values import Citation, DocumentInfo, Passage
from gui.ask.page_panel import PagePanel
from gui.controls.buttons import TextButton
from gui.controls.flow import Flow
from gui.controls.labels import Words
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import counts, plain

_ID = Qt.ItemDataRole.UserRole
_ROW, _MOST = 38, 4


class DocumentPanel(PagePanel):
    """`retire_wanted`, `restore_wanted`, `newer_wanted` (document); `version_wanted(id)`;
    `seen(it)` when it comes into sight or goes."""

    retire_wanted = Signal(object)
    restore_wanted = Signal(object)
    newer_wanted = Signal(object)
    version_wanted = Signal(str)
    seen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Document"))
        self.back.setText(self.tr("To the first page"))
        self.back.setAccessibleName(self.back.text())
        self.document: DocumentInfo | None = None
        self._versions: tuple[DocumentInfo, ...] = ()
        self._allowed: frozenset[str] = frozenset()
        self.state = Words("", "quiet", wrap=True)
        self.versions = QListWidget()
        self.versions.setAccessibleName(self.tr("Versions of the document"))
        fix(self.versions, icons=16)
        self.versions.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.newer = TextButton(self.tr("Newer version …"), glyph="plus", tone="muted")
        self.retire = TextButton(self.tr("Retire"), glyph="barred", tone="muted")
        self.restore = TextButton(self.tr("Answer from it again"), glyph="again", tone="muted")
        self._box = QFrame()
        column = QVBoxLayout(self._box)
        column.setContentsMargins(0, 0, 6, 4)
        column.setSpacing(6)
        column.addWidget(self.state)
        column.addWidget(self.versions)
        acts = Flow(gap=8)
        acts.setContentsMargins(0, 0, 0, 0)
        for button in (self.newer, self.retire, self.restore):
            acts.addWidget(button)
        column.addLayout(acts)
        layout = self.layout()
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(1, self._box)
        self.versions.itemActivated.connect(self._other)
        self.versions.itemClicked.connect(self._other)
        self.newer.clicked.connect(lambda: self.newer_wanted.emit(self.document))
        self.retire.clicked.connect(lambda: self.retire_wanted.emit(self.document))
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(self.document))

    def open(self, document: DocumentInfo, versions: tuple[DocumentInfo, ...]) -> None:
        """From its first page; versions: oldest first, itself among them."""
        again = self.document is not None and self.document.id == document.id
        self.document, self._versions = document, versions
        self.state.setText(self._state(document))
        self._offer()
        self._list(document, versions)
        self.show()
        if not again:
            self.load(whole(document))

    def permit(self, allowed: frozenset[str]) -> None:
        """What the policy lets this person do; the product asks it itself all the same."""
        self._allowed = allowed
        self._offer()

    def newer_of(self, document: DocumentInfo) -> DocumentInfo | None:
        """What took its place, if that is still there."""
        return next((one for one in self._versions if one.id == document.successor), None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.seen.emit(False)

    def forget(self) -> None:
        self.document, self._versions = None, ()
        self.state.setText("")
        self.versions.clear()
        super().forget()

    # --- inside -----------------------------------------------------------------------------

    def _offer(self) -> None:
        """Retiring needs what removing needs, putting back what adding needs, a newer one both."""
        document = self.document
        if document is None:
            return
        answers, adds = document.retired is None, "import" in self._allowed
        retires = "remove_document" in self._allowed
        self.retire.setVisible(answers and retires)
        self.restore.setVisible(not answers and adds)
        self.newer.setVisible(answers and adds and retires)

    def _state(self, document: DocumentInfo) -> str:
        if document.retired is None:
            return self.tr("Answered from since {}.").format(counts.day(document.added))
        since = counts.day(document.retired)
        newer = self.newer_of(document)
        if newer is not None:
            return self.tr(
                "Retired on {day}: “{title}” of {added} took its place. It is kept, and no longer "
                "answered from."
            ).format(day=since, title=plain.line(newer.title, 80), added=counts.day(newer.added))
        return self.tr("Retired on {}: it is kept, and no longer answered from.").format(since)

    def _list(self, document: DocumentInfo, versions: tuple[DocumentInfo, ...]) -> None:
        self.versions.clear()
        self.versions.setVisible(len(versions) > 1)
        fix(self.versions, height=min(len(versions), _MOST) * _ROW, icons=16)
        for number, one in enumerate(versions, 1):
            said = self.tr("Version {number} · {day} · {state}").format(
                number=counts.number(number),
                day=counts.day(one.added),
                state=self.tr("retired") if one.retired else self.tr("answered from"),
            )
            glyph, tone = ("barred", "muted") if one.retired else ("check", "good")
            item = QListWidgetItem(icon(glyph, getattr(current(), tone), 16), said)
            item.setData(_ID, one.id)
            self.versions.addItem(item)
            if one.id == document.id:
                self.versions.setCurrentItem(item)

    def _other(self, item: QListWidgetItem) -> None:
        wanted = str(item.data(_ID))
        if self.document is not None and wanted != self.document.id:
            self.version_wanted.emit(wanted)


def whole(document: DocumentInfo) -> Citation:
    """The document as a page panel asks for it: from the first page, nothing marked."""
    passage = Passage(document.collection, document.id, 0, document.title, "", (), (), ())
    return Citation(0, passage, 0, 0)
