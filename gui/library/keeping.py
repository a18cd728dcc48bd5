"""What a curator does with a document: looks into it, retires it, puts it back, brings a newer one,
removes it.

Rules kept here: retiring asks nothing and can be undone at once; removing is final and asks first,
and so does answering from two versions at once; a newer version is imported like any other file,
with the same report.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from appliance.errors import CloisterError
from appliance.values import Citation, DocumentInfo, ImportEvent, PageView
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.controls.notice import Notice
from gui.desk import Desk
from gui.library.choosing import choose_newer
from gui.library.viewer import DocumentPanel
from gui.text import plain
from gui.worker import Lane

if TYPE_CHECKING:
    from appliance.app import Cancellation


class Retired(Notice):
    """That a document was retired, with the way back."""

    undo_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__("info")
        self.document: DocumentInfo | None = None
        self.undo = self.offer_button(TextButton(self.tr("Undo")))
        self.undo.clicked.connect(lambda: self.undo_wanted.emit(self.document))
        self.hide()

    def tell(self, document: DocumentInfo) -> None:
        self.document = document
        self.say(
            "good",
            self.tr("“{}” is retired.").format(plain.line(document.title, 120)),
            self.tr("It is kept and can be opened; nothing is answered from it any more."),
        )
        self.show()

    def forget(self) -> None:
        self.document = None
        super().forget()


class Keeping(QObject):
    """`changed` when the documents have to be read anew; `importing(work)` for a newer version."""

    changed = Signal()
    importing = Signal(object)

    def __init__(self, desk: Desk, panel: DocumentPanel, retired: Retired) -> None:
        super().__init__(panel)
        self._desk, self.panel, self.retired = desk, panel, retired
        self._asked = 0
        panel.wanted.connect(self._page)
        panel.closed.connect(panel.forget)
        panel.retire_wanted.connect(self.retire)
        panel.restore_wanted.connect(self.ask_to_restore)
        panel.newer_wanted.connect(self.bring_newer)
        panel.version_wanted.connect(self._open_version)
        retired.undo_wanted.connect(self.restore)

    def open(self, document: DocumentInfo | None) -> None:
        """Beside the list, with its versions."""
        if document is None:
            return
        product = self._desk.appliance

        def work() -> tuple[DocumentInfo, ...]:
            with product.shelves() as shelves:
                return shelves.versions(document.collection, document.id)

        def done(versions: tuple[DocumentInfo, ...]) -> None:
            now = next((one for one in versions if one.id == document.id), None)
            if now is None:  # it was removed meanwhile
                self.panel.forget()
            else:
                self.panel.open(now, versions)

        self._desk.worker.run(self.panel, Lane.READ, work, done, self._desk.complain)

    def look_again(self) -> None:
        """What is open may have been retired, or be gone."""
        if self.panel.document is not None:
            self.open(self.panel.document)

    def retire(self, document: DocumentInfo) -> None:
        product = self._desk.appliance

        def work() -> None:
            with product.shelves() as shelves:
                shelves.retire(document.collection, document.id)

        def done(_: None) -> None:
            self.retired.tell(document)
            self._read_anew()

        self._desk.worker.run(self.panel, Lane.READ, work, done, self._desk.complain)

    def ask_to_restore(self, document: DocumentInfo) -> None:
        """At once, but where a newer version is answered from."""
        newer = self.panel.newer_of(document)
        if newer is None or newer.retired is not None:
            self.restore(document)
            return
        confirm = Confirm(
            self.panel.window(),
            self.tr("Answer from both versions?"),
            self.tr(
                "“{}” took its place and is answered from as well. Retire it, if only this one is "
                "to count."
            ).format(plain.line(newer.title, 120)),
            self.tr("Answer from both"),
        )
        confirm.accepted.connect(lambda: self.restore(document))
        confirm.open()

    def restore(self, document: DocumentInfo) -> None:
        product = self._desk.appliance

        def work() -> None:
            with product.shelves() as shelves:
                shelves.restore(document.collection, document.id)

        def done(_: None) -> None:
            self.retired.forget()
            self._read_anew()

        self._desk.worker.run(self.panel, Lane.READ, work, done, self._desk.complain)

    def ask_to_remove(self, document: DocumentInfo | None) -> None:
        if document is None:
            return
        confirm = Confirm(
            self.panel.window(),
            self.tr("Remove “{}”?").format(plain.line(document.title, 120)),
            self.tr(
                "The document, its passages and its original are erased from this collection. "
                "Earlier answers keep what they quoted; their page can no longer be opened."
            ),
            self.tr("Remove"),
        )
        confirm.accepted.connect(lambda: self._remove(document))
        confirm.open()

    def _remove(self, document: DocumentInfo) -> None:
        self._desk.worker.run(
            self.panel,
            Lane.READ,
            lambda: self._desk.appliance.remove_document(document.collection, document.id),
            lambda _: self._read_anew(),
            self._desk.complain,
        )

    def bring_newer(self, document: DocumentInfo) -> None:
        choose_newer(self.panel, lambda path: self.replace(document, path))

    def replace(self, document: DocumentInfo, path: Path) -> None:
        """The file takes the document's place."""
        product = self._desk.appliance

        def work(stop: Cancellation) -> Iterable[ImportEvent]:
            with product.shelves(stop) as shelves:
                yield from shelves.replace(document.collection, document.id, path, stop)

        self.importing.emit(work)

    def leave(self, collection: str) -> None:
        """Another collection is looked at: nothing of the one before stays beside it."""
        shown, told = self.panel.document, self.retired.document
        if shown is not None and shown.collection != collection:
            self._asked += 1
            self.panel.forget()
        if told is not None and told.collection != collection:
            self.retired.forget()

    def forget(self) -> None:
        self._asked += 1
        self.panel.forget()
        self.retired.forget()

    # --- inside -----------------------------------------------------------------------------

    def _read_anew(self) -> None:
        self.changed.emit()
        self.look_again()

    def _open_version(self, identity: str) -> None:
        document = self.panel.document
        if document is None:
            return
        product = self._desk.appliance

        def work() -> tuple[DocumentInfo, ...]:
            with product.shelves() as shelves:
                return shelves.versions(document.collection, identity)

        def done(versions: tuple[DocumentInfo, ...]) -> None:
            wanted = next((one for one in versions if one.id == identity), None)
            if wanted is not None:
                self.panel.open(wanted, versions)

        self._desk.worker.run(self.panel, Lane.READ, work, done, self._desk.complain)

    def _page(self, citation: Citation, page: int, scale: float) -> None:
        self._asked += 1
        asked, product = self._asked, self._desk.appliance

        def done(view: PageView) -> None:
            if asked == self._asked:
                self.panel.show_view(view)

        def failed(error: CloisterError) -> None:
            if asked == self._asked:
                self.panel.complain(error)

        self._desk.worker.run(
            self.panel,
            Lane.READ,
            lambda: product.page(citation, page or None, scale),
            done,
            failed,
        )
