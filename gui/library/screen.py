"""Library: collections on the left, documents of the chosen one, importing by button or by drop.

Rules kept here: one import at a time; it goes on while the person asks or reads. Files are
only named here: reading them is the sandboxed reader's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import Collection, DocumentInfo, ImportEvent, ImportJob
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.empty import Empty
from gui.controls.labels import Elided
from gui.controls.pair import Pair
from gui.desk import Desk
from gui.library.choosing import choose_files, choose_folder, dropped
from gui.library.collections import CollectionList, NewCollection
from gui.library.document_table import DocumentTable
from gui.library.importing import ImportCard
from gui.library.keeping import Keeping, Retired
from gui.library.resume import ResumeBanner
from gui.library.teaching import no_collections, no_documents
from gui.library.viewer import DocumentPanel
from gui.style.scale import tight
from gui.text import counts
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation


class LibraryScreen(QWidget):
    """`collections_changed(collections)` whenever they or their counts are read anew."""

    collections_changed = Signal(tuple)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._wanted = ""
        self._any = False
        self._allowed: frozenset[str] = frozenset()
        self._task: Task | None = None
        self.card: ImportCard | None = None
        self.collections = CollectionList()
        self.title = Elided("", "heading")
        self.summary = Elided("", "caption")
        self.files = TextButton(self.tr("Add files …"), kind="primary", glyph="plus",
                                tone="on_accent")  # fmt: skip
        self.folder = TextButton(self.tr("Add folder …"), glyph="folder", tone="muted")
        self.remove = GlyphButton("trash", self.tr("Remove the document"), shortcut="Del", side=38)
        self.table = DocumentTable()
        self.resume = ResumeBanner()
        self.resume.hide()
        self.viewer = DocumentPanel()
        self.viewer.hide()
        self.retired = Retired()
        self.keeping = Keeping(desk, self.viewer, self.retired)
        self.open = GlyphButton("eye", self.tr("Open the document"), shortcut="Enter", side=38)
        self._arrange()
        self.setAcceptDrops(True)
        self.collections.opened.connect(self._open)
        self.collections.made_wanted.connect(self.make_collection)
        self.files.clicked.connect(lambda: choose_files(self, self.add))
        self.folder.clicked.connect(lambda: choose_folder(self, self.add))
        self.remove.clicked.connect(lambda: self.keeping.ask_to_remove(self.table.document()))
        self.open.clicked.connect(lambda: self.keeping.open(self.table.document()))
        self.table.opened.connect(self.keeping.open)
        self.table.unwanted.connect(self.keeping.ask_to_remove)
        self.table.chosen.connect(self._chosen)
        self.viewer.seen.connect(lambda _: self._offer_again())
        self.keeping.changed.connect(self.refresh)
        self.keeping.importing.connect(self._start)
        self.resume.wanted.connect(self._resume)
        self.resume.unwanted.connect(self._discard)

    # --- what the shell says --------------------------------------------------------------

    def refresh(self, wanted: str = "") -> None:
        """Reads collections and unfinished imports anew."""
        self._wanted = wanted or self._wanted
        run, product = self._desk.worker.run, self._desk.appliance
        run(self, Lane.READ, product.collections, self._show_collections, self._desk.complain)
        run(self, Lane.READ, product.unfinished_imports, self._show_jobs, self._desk.complain)

    def forget(self) -> None:
        self._task = None
        self._wanted = ""
        self._close_card()
        self.keeping.forget()
        self.collections.show_all((), "")
        self.table.rows.show_documents(())
        self.title.set("")
        self.summary.set("")
        self.resume.hide()

    def permit(self, allowed: frozenset[str]) -> None:
        """What the policy lets this person do; the product asks it itself all the same."""
        self._allowed = allowed
        self.viewer.permit(allowed)
        for button in (self.collections.make, self._first):
            button.setVisible("create_collection" in allowed)
        self._offer_again()
        self._teach()

    @property
    def can_add(self) -> bool:
        """Whether documents may be added to the open collection now, by button or by drop."""
        return self._target() is not None

    # --- collections and documents --------------------------------------------------------

    def make_collection(self) -> None:
        dialog = NewCollection(self.window())

        def made(collection: Collection) -> None:
            dialog.accept()
            self.refresh(collection.id)

        dialog.wanted.connect(
            lambda title: self._desk.worker.run(
                dialog,
                Lane.READ,
                lambda: self._desk.appliance.create_collection(title),
                made,
                dialog.failed,
            )
        )
        dialog.open()

    def _chosen(self, document: DocumentInfo | None) -> None:
        for button in (self.open, self.remove):
            button.setEnabled(document is not None)

    def _show_collections(self, collections: tuple[Collection, ...]) -> None:
        self.collections.show_all(collections, self._wanted)
        if not collections:
            self._stack.setCurrentWidget(self._none)
        self._any = bool(collections)
        self._make_room()
        self.collections_changed.emit(collections)

    def _open(self, collection: str) -> None:
        self.keeping.leave(collection)
        self._wanted = collection
        shown = self.collections.current()
        if shown is not None and shown.problem:
            self._show_refused(shown)
            return
        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.documents(collection),
            lambda documents: self._show_documents(collection, documents),
            self._desk.complain,
        )

    def _show_documents(self, collection: str, documents: tuple[DocumentInfo, ...]) -> None:
        shown = self.collections.current()
        if shown is None or shown.id != collection:
            return
        self.title.set(shown.title)
        self.summary.set(self._summed(documents))
        self.table.rows.show_documents(documents)
        self._stack.setCurrentWidget(self._listed)
        self._offer_actions(True)
        busy = self._task is not None
        self._inner.setCurrentWidget(self.table if documents or busy else self._empty)
        if not documents:
            for button in (self.open, self.remove):
                button.hide()

    def _show_refused(self, collection: Collection) -> None:
        """A collection whose store is not what the log recorded: why, and nothing else."""
        self.title.set(collection.title)
        self.summary.set(self.tr("Not used"))
        self.table.rows.show_documents(())
        self._refused.say(self.tr("This collection is not used"), collection.problem)
        self._inner.setCurrentWidget(self._refused)
        self._stack.setCurrentWidget(self._listed)
        self._offer_actions(False)

    def _offer_again(self) -> None:
        self._offer_actions(self._inner.currentWidget() is not self._refused)

    def _offer_actions(self, offered: bool) -> None:
        adds = offered and "import" in self._allowed
        self.files.setVisible(adds)
        self.folder.setVisible(adds and self.viewer.isHidden())  # else the title has no room
        self._make_room()
        self.open.setVisible(offered)
        self.remove.setVisible(offered and "remove_document" in self._allowed)

    def _make_room(self) -> None:
        """Where room is short the list of collections makes way for a document that is open."""
        beside = not tight() or self.viewer.isHidden()
        self.collections.setVisible(beside and self._any)

    def _target(self) -> Collection | None:
        """The open collection, if documents may be added to it now."""
        collection = self.collections.current()
        if collection is None or collection.problem or self._task is not None:
            return None
        if "import" not in self._allowed:
            return None
        return collection

    def _summed(self, documents: tuple[DocumentInfo, ...]) -> str:
        if not documents:
            return self.tr("No documents yet")
        used = [document for document in documents if document.retired is None]
        parts = [
            counts.counted(len(used), self.tr("document"), self.tr("documents")),
            counts.counted(sum(d.pages for d in used), self.tr("page"), self.tr("pages")),
            counts.counted(sum(d.passages for d in used), self.tr("passage"), self.tr("passages")),
        ]
        if len(used) < len(documents):
            gone = counts.number(len(documents) - len(used))
            parts.append(self.tr("{} retired").format(gone))
        return " · ".join(parts)

    # --- importing ------------------------------------------------------------------------

    def add(self, paths: tuple[Path, ...]) -> None:
        """Imports files and folders into the open collection."""
        collection = self._target()
        if collection is None or not paths:
            return
        product = self._desk.appliance
        self._start(lambda cancellation: product.add(collection.id, paths, cancellation))

    def _resume(self, job: ImportJob) -> None:
        if self._task is None:
            self.resume.hide()
            self._wanted = job.collection
            product = self._desk.appliance
            self._start(lambda cancellation: product.resume_import(job.job, cancellation))

    def _discard(self, job: ImportJob) -> None:
        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.discard_import(job.job),
            lambda _: self.refresh(),
            self._desk.complain,
        )

    def _start(self, work: Callable[[Cancellation], Iterable[ImportEvent]]) -> None:
        if self._task is not None:
            return
        self._close_card()
        card = ImportCard()
        self.card = card
        self._above.insertWidget(1, card)
        card.dismissed.connect(self._close_card)
        self._inner.setCurrentWidget(self.table)
        self._frame.setVisible(not tight())  # no room for both
        self._allow(adding=False)
        self._task = self._desk.worker.stream(
            self,
            Lane.IMPORT,
            work,
            card.take,
            self._over,
            lambda error: self._broke(card, error),
        )
        card.cancelled.connect(self._task.cancel)

    def _broke(self, card: ImportCard, error: CloisterError) -> None:
        card.broke(error)
        self._over()

    def _over(self) -> None:
        self._task = None
        self._allow(adding=True)
        self.refresh()
        self.keeping.look_again()

    def _allow(self, *, adding: bool) -> None:
        for button in (self.files, self.folder):
            button.setEnabled(adding)

    def _close_card(self) -> None:
        if self.card is not None:
            self._above.removeWidget(self.card)
            self.card.hide()
            self.card.deleteLater()
            self.card = None
        self._frame.show()
        self._allow(adding=True)

    def _show_jobs(self, jobs: tuple[ImportJob, ...]) -> None:
        if jobs and self._task is None:
            self.resume.offer(jobs[0])
        else:
            self.resume.hide()

    # --- drag and drop --------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        copied = event.possibleActions() & Qt.DropAction.CopyAction
        if self._target() is not None and copied and dropped(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)  # never moved: that would delete it there
            event.accept()
            self._frame_as("drop")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._frame_as("")

    def dropEvent(self, event: QDropEvent) -> None:
        self._frame_as("")
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.add(dropped(event.mimeData()))

    def _frame_as(self, name: str) -> None:
        self._frame.setObjectName(name)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)

    # --- layout ---------------------------------------------------------------------------

    def _arrange(self) -> None:
        self._first = TextButton(self.tr("New collection"), kind="primary", glyph="plus",
                                 tone="on_accent")  # fmt: skip
        self._first.clicked.connect(self.make_collection)
        self._none = Empty("library", "", "", self._first)
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())
        self._stack.addWidget(self._none)
        self._stack.addWidget(self._lay_out_collection())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.collections)
        layout.addWidget(self._stack, 3)
        layout.addWidget(self.viewer, 2)
        self.collections.hide()
        self._teach()
        self._chosen(None)

    def _lay_out_collection(self) -> QScrollArea:
        self._empty = Empty("file", "", "")
        self._refused = Empty("warning", self.tr("This collection is not used"), "", tone="danger")
        self._inner = QStackedWidget()
        for widget in (self._refused, self.table, self._empty):
            self._inner.addWidget(widget)
        self._frame = QFrame()
        framed = QVBoxLayout(self._frame)
        framed.setContentsMargins(0, 0, 0, 0)
        framed.addWidget(self._inner)
        ground = QWidget()
        ground.setObjectName("ground")
        self._above = QVBoxLayout(ground)
        self._above.setContentsMargins(20, 20, 28, 16)
        self._above.setSpacing(14)
        self._above.addLayout(self._head())
        self._above.addWidget(self.resume)
        self._above.addWidget(self.retired)
        self._above.addWidget(self._frame, 1)
        self._listed = QScrollArea()
        self._listed.setWidget(ground)
        self._listed.setWidgetResizable(True)
        self._listed.setFrameShape(QFrame.Shape.NoFrame)
        self._listed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._listed.setAccessibleName(self.tr("Collection"))
        return self._listed

    def _teach(self) -> None:
        self._none.say(*no_collections(makes="create_collection" in self._allowed))
        self._empty.say(*no_documents(adds="import" in self._allowed))

    def _head(self) -> Pair:
        names = QVBoxLayout()
        names.setSpacing(3)
        names.addWidget(self.title)
        names.addWidget(self.summary)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.open, self.remove, self.folder, self.files):
            buttons.addWidget(button)
        return Pair(names, buttons)
