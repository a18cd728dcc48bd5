"""One open collection: its store, and its indexes once somebody asks.

Rules kept here: the store is the truth and the indexes are made from it; a document enters the
indexes after its transaction is durable; what is retired is not answered from, whatever an index
says; a newer version and the end of the older one are one transaction; the graph is grown by one
background thread that stops before the store closes; whatever is wrong with the graph's snapshot,
it is made anew and said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeAlias

from appliance.errors import CloisterError, StorageFull
from appliance.memory import catalogue, graph, retirement
from appliance.memory.catalogue import Draft
from appliance.memory.shelf import EXACT_LIMIT, Shelf
from appliance.memory.store import Store, Transaction
from appliance.memory.terms import Terms
from appliance.values import DocumentInfo, Passage
from appliance.vault.durable import storage_error, sync_folder
from appliance.vault.errors import SealedMissing, Tampered
from appliance.vault.primitives import hkdf

OnNotice: TypeAlias = Callable[[str, str, str], None]
"""Called with a collection's id, a code and a sentence, for what was noticed and set right."""

SNAPSHOT: Final = "vectors.sealed"
SNAPSHOT_UNUSABLE: Final = "vector_snapshot_unusable"


class OpenCollection:
    """Safe to call from several threads."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        terms: Terms,
        on_notice: OnNotice,
        exact_limit: int = EXACT_LIMIT,
    ) -> None:
        self.store = store
        self._snapshot = store.path.with_name(SNAPSHOT)
        self._snapshot_key = hkdf(key, "cloister/store/vectors/v1")
        self._terms = terms
        self._on_notice = on_notice
        self._exact_limit = exact_limit
        self._changing = threading.RLock()
        self._shelf: Shelf | None = None
        self._growing: threading.Thread | None = None
        self._stopping = threading.Event()
        with suppress(StorageFull):  # what is not whole is not visible either way
            catalogue.sweep(store)
        self._retires = retirement.brought_forward(store)

    def shelf(self) -> Shelf:
        """The indexes, read from the store the first time."""
        if self._shelf is None:
            with self._changing:
                if self._shelf is None:
                    self._shelf = self._loaded()
                    self._grow()
        return self._shelf

    def add(self, draft: Draft, finish: Callable[[Transaction], None], replaces: str = "") -> None:
        """Stores and indexes a document. Durable, and to be found, on return; `replaces` is then
        retired in its favour: either both happened or neither. Raises DocumentUnknown for it."""
        with self._changing:
            if replaces:
                self._require_retiring()
                catalogue.read_document(self.store, self.store.id, replaces)

            def published(transaction: Transaction) -> None:
                if replaces:
                    retirement.retire_in(transaction, replaces, draft.info.added, draft.info.id)
                finish(transaction)

            try:
                segments = catalogue.write_document(self.store, draft, self._terms, published)
            except BaseException:
                if replaces:  # it may be durable all the same: the store says what is there
                    self._read_anew()
                raise
            if self._shelf is not None:
                self._shelf.exchange(segments, replaces)
                self._grow()
            if self.store.checkpoint_due:
                self.store.checkpoint()

    def remove(self, document: str) -> None:
        """Removes a document from the store and the indexes. Durable on return."""
        with self._changing:
            catalogue.read_document(self.store, self.store.id, document)
            also = ("retired",) if self._retires else ()
            catalogue.delete_document(self.store, document, also)
            if self._shelf is not None:
                self._shelf.remove(document)

    def retire(self, document: str, since: datetime) -> None:
        """The document is kept and no longer found. Durable on return."""
        with self._changing:
            self._require_retiring()
            catalogue.read_document(self.store, self.store.id, document)
            retirement.retire(self.store, document, since)
            if self._shelf is not None:
                self._shelf.remove(document)

    def restore(self, document: str) -> None:
        """A retired document is found again. Durable on return; the indexes are made anew, since
        what was taken out of them cannot be put back in its place."""
        with self._changing:
            self._require_retiring()
            catalogue.read_document(self.store, self.store.id, document)
            self._read_anew()
            self._forget_snapshot()  # first: it may have forgotten the document
            retirement.restore(self.store, document)

    def answering(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Those among the passages that the store answers from now."""
        found = catalogue.read_passages(self.store, self.store.id, keys)
        gone = retirement.retired(self.store) if self._retires and found else {}
        return {key: passage for key, passage in found.items() if passage.document not in gone}

    def settled(self) -> None:
        """Returns once no change is under way between the store and the indexes."""
        with self._changing:
            pass

    def documents(self) -> tuple[DocumentInfo, ...]:
        """Whole ones, retired ones too, oldest first."""
        found = catalogue.list_documents(self.store, self.store.id)
        return retirement.marked(self.store, found) if self._retires else found

    def document(self, document: str) -> DocumentInfo:
        """Raises DocumentUnknown."""
        found = catalogue.read_document(self.store, self.store.id, document)
        return retirement.marked(self.store, (found,))[0] if self._retires else found

    def counts(self) -> tuple[int, int]:
        """Documents that are answered from, and their passages."""
        if self._retires:
            return retirement.count_answering(self.store)
        return catalogue.count_documents(self.store)

    def rekey(self, key: bytes) -> None:
        """Moves the store under another key. The graph's snapshot is made anew at close."""
        with self._changing:
            self.store.rekey(key)
            self._snapshot_key = hkdf(key, "cloister/store/vectors/v1")
            self._snapshot.unlink(missing_ok=True)
            made = self._shelf.graph if self._shelf is not None else None
            if made is not None:
                made.changed = True

    def close(self) -> None:
        """Stops the background thread, keeps the graph if it is worth it, closes the store.

        A graph that cannot be kept is only slower the next time; the store's own errors are
        raised."""
        self._stop()
        with self._changing:
            try:
                self._keep_graph()
            except CloisterError as error:
                self._on_notice(self.store.id, error.code, error.sentence)
            finally:
                self._shelf = None
                self.store.close()

    def abandon(self) -> None:
        """Closes without writing, as a crash would."""
        self._stop()
        with self._changing:
            self._shelf = None
            self.store.abandon()

    def wait_for_graph(self, seconds: float) -> bool:
        """Whether the graph is whole within `seconds`."""
        thread = self._growing
        if thread is not None:
            thread.join(seconds)
        return not self.shelf().graph_due

    @property
    def index_state(self) -> str:
        """ "unread" before the first question, "growing" while the graph is built, else "whole"."""
        if self._shelf is None:
            return "unread"
        thread = self._growing
        return "growing" if thread is not None and thread.is_alive() else "whole"

    def _loaded(self) -> Shelf:
        shelf = Shelf(self._exact_limit)
        gone = retirement.retired(self.store) if self._retires else {}
        segments = catalogue.read_segments(self.store)
        shelf.load([segment for segment in segments if segment.document not in gone])
        if shelf.passages > self._exact_limit:
            try:
                shelf.graph = graph.load(
                    self._snapshot, self._snapshot_key, self.store.id, shelf.alive_keys
                )
            except SealedMissing:
                pass  # never made, or deleted: it is made in the background
            except Tampered:
                self._on_notice(
                    self.store.id,
                    SNAPSHOT_UNUSABLE,
                    "A collection's vector snapshot was damaged or swapped; it is built anew.",
                )
        return shelf

    def _grow(self) -> None:
        """Starts the background thread where there is something for it to do."""
        shelf = self._shelf
        running = self._growing is not None and self._growing.is_alive()
        if shelf is None or running or not shelf.graph_due or self._stopping.is_set():
            return
        self._growing = threading.Thread(
            target=self._grow_until_whole, args=(shelf,), name="cloister-graph", daemon=True
        )
        self._growing.start()

    def _grow_until_whole(self, shelf: Shelf) -> None:
        while not self._stopping.is_set() and shelf.grow_graph():
            pass

    def _require_retiring(self) -> None:
        if not self._retires:
            retirement.require_form(self.store)
            self._retires = True

    def _read_anew(self) -> None:
        """Lets go of the indexes and ends the background thread; it may be started again."""
        self._stop()
        self._growing = None
        self._stopping.clear()
        self._shelf = None

    def _forget_snapshot(self) -> None:
        try:
            self._snapshot.unlink(missing_ok=True)
            sync_folder(self._snapshot.parent)
        except OSError as error:
            raise storage_error(error, "a collection's vector snapshot was not removed") from error

    def _stop(self) -> None:
        self._stopping.set()
        if self._growing is not None:
            self._growing.join()

    def _keep_graph(self) -> None:
        made = self._shelf.graph if self._shelf is not None else None
        if made is not None and made.changed:
            made.save(self._snapshot, self._snapshot_key, self.store.id)
