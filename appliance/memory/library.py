"""The collections of this session: documents in, passages out.

Rules kept here: only collections that were opened with their key are read, listed or searched; a
document is visible when it is whole and durable, and never before; every commit and checkpoint
gives its mark to the log through `on_mark`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from appliance.errors import CloisterError
from appliance.memory import catalogue, journal, schema
from appliance.memory.catalogue import Draft
from appliance.memory.collection import OnNotice, OpenCollection
from appliance.memory.database import require_identifier
from appliance.memory.errors import CollectionNotOpen, DocumentUnusable, JobUnknown
from appliance.memory.evidence import EarlierMarks
from appliance.memory.exporting import read_draft
from appliance.memory.finding import find
from appliance.memory.journal import JobFile
from appliance.memory.shelf import EXACT_LIMIT
from appliance.memory.store import OnMark, Store, Transaction
from appliance.memory.terms import Terms
from appliance.values import (
    VECTOR_SIZE,
    DocumentInfo,
    DocumentKind,
    ImportJob,
    ImportState,
    Page,
    PageFailure,
    PassageDraft,
    Scored,
    StoreMark,
    Vectors,
)
from appliance.vault.durable import storage_error

KIND: Final = "collection"
STORE: Final = "store.duckdb"


def new_document_id() -> str:
    """128 random bits, in hex."""
    return token_hex(16)


def _say_nothing(_collection: str, _code: str, _sentence: str) -> None:
    """Where nobody listens for notices."""


class Library:
    """Open collections. Safe to call from several threads.

    folder holds one folder a collection; spill is the data folder's spill folder, in which every
    store has its own, emptied when it opens and when it closes.
    """

    def __init__(
        self,
        folder: Path,
        spill: Path,
        on_mark: OnMark,
        *,
        on_notice: OnNotice = _say_nothing,
        exact_limit: int = EXACT_LIMIT,
    ) -> None:
        self._folder, self._spill = folder, spill
        self._on_mark, self._on_notice = on_mark, on_notice
        self._exact_limit = exact_limit
        self._lock = threading.RLock()
        self._open: dict[str, OpenCollection] = {}
        self._terms = Terms()

    # --- collections ---------------------------------------------------------------------

    def create_collection(self, collection: str, key: bytes) -> None:
        """Makes an empty collection and opens it; its first mark has gone out on return.

        Raises StoreExists, StorageFull, StorageReadOnly.
        """
        folder = self._folder_of(collection)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the collection was not made") from error
        with self._lock:
            store = Store.create(
                folder / STORE,
                key,
                spill=self._spill,
                kind=KIND,
                id=collection,
                schema=schema.COLLECTION,
                on_mark=self._on_mark,
            )
            self._keep(store, key)

    def open_collection(
        self,
        collection: str,
        key: bytes,
        mark: StoreMark | None,
        earlier: EarlierMarks = tuple,
    ) -> None:
        """Opens a collection; `mark` is the newest the log holds of it, `earlier` gives all marks
        of any store. Opening twice does nothing. Raises what `Store.open` raises."""
        with self._lock:
            if collection in self._open:
                return
            store = Store.open(
                self._folder_of(collection) / STORE,
                key,
                spill=self._spill,
                kind=KIND,
                id=collection,
                mark=mark,
                on_mark=self._on_mark,
                earlier=earlier,
            )
            self._keep(store, key)

    def _keep(self, store: Store, key: bytes) -> None:
        try:
            self._open[store.id] = OpenCollection(
                store, key, self._terms, self._on_notice, self._exact_limit
            )
        except BaseException:
            store.abandon()
            raise

    def close_collection(self, collection: str) -> None:
        """Checkpoints and closes. Raises StorageFull, StorageReadOnly (it is closed all the same,
        and nothing is lost)."""
        with self._lock:
            opened = self._open.pop(collection, None)
        if opened is not None:
            opened.close()

    def close(self) -> None:
        """Closes every collection; the first error is raised once all are closed."""
        failures = []
        for collection in self.open_collections():
            try:
                self.close_collection(collection)
            except CloisterError as error:
                failures.append(error)
        self._terms = Terms()  # it remembers words of documents
        if failures:
            raise failures[0]

    def abandon(self) -> None:
        """Closes everything without writing, as a crash would."""
        with self._lock:
            for opened in self._open.values():
                opened.abandon()
            self._open.clear()

    def rekey_collection(self, collection: str, key: bytes) -> None:
        """Moves an open collection under a new key; durable on return. After a crash in between it
        opens under the old key or the new one. Raises StorageFull, StorageReadOnly."""
        self._of(collection).rekey(key)

    def destroy_collection(self, collection: str) -> None:
        """Removes an open collection's files. The caller destroys its key and logs it."""
        with self._lock:
            opened = self._of(collection)
            del self._open[collection]
            opened.abandon()
        shutil.rmtree(self._folder_of(collection), ignore_errors=True)

    def holds(self, collection: str) -> bool:
        """Whether it is open."""
        with self._lock:
            return collection in self._open

    def open_collections(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._open)

    def counts(self, collection: str) -> tuple[int, int]:
        """Documents that are answered from, and their passages. Raises CollectionNotOpen."""
        return self._of(collection).counts()

    def index_state(self, collection: str) -> str:
        """As OpenCollection.index_state. Raises CollectionNotOpen."""
        return self._of(collection).index_state

    def warm(self, collection: str) -> None:
        """Reads the indexes now rather than at the first question."""
        self._of(collection).shelf()

    def checkpoint(self, collection: str) -> None:
        """Takes the write-ahead log over into the main file, for the end of an import."""
        self._of(collection).store.checkpoint()

    @contextmanager
    def still(self) -> Iterator[tuple[Path, ...]]:
        """The files of the open stores, to which nothing is written while the block runs."""
        with self._lock, ExitStack() as stack:
            for opened in self._open.values():
                stack.enter_context(opened.store.still())
            yield tuple(opened.store.path for opened in self._open.values())

    # --- documents -----------------------------------------------------------------------

    def add_document(
        self,
        collection: str,
        *,
        title: str,
        kind: DocumentKind,
        paged: bool,
        size: int,
        sha256: str,
        added: datetime,
        pages: tuple[Page, ...],
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
        failures: tuple[PageFailure, ...] = (),
        document: str = "",
        replaces: str = "",
        job: str = "",
        path: str = "",
    ) -> DocumentInfo:
        """Stores a document and what is searched of it; durable, whole and found on return.

        vectors has shape (len(passages), VECTOR_SIZE), float32, unit length. document is its id
        (a new one if empty). The document `replaces` is retired in its favour, and with `job` the
        file `path` of that import is marked ADDED, in the same transaction. Raises
        DocumentUnusable, DocumentUnknown, StorageFull, StorageReadOnly; nothing is then added.
        """
        name = require_identifier(document or new_document_id())
        info = DocumentInfo(
            name,
            collection,
            title,
            kind,
            len(pages),
            len(passages),
            size,
            sha256,
            added,
            failures,
        )
        draft = Draft(info, paged, pages, passages, vectors)
        catalogue.require_sound(draft)

        def finish(transaction: Transaction) -> None:
            if job:
                journal.mark_in(transaction, job, JobFile(path, ImportState.ADDED))

        self._of(collection).add(draft, finish, replaces)
        return info

    def draft(self, collection: str, document: str) -> Draft:
        """A document as it was handed to `add_document`, to be packed for another machine. Raises
        DocumentUnknown."""
        return read_draft(self._of(collection).store, collection, document)

    def has_content(self, collection: str, sha256: str) -> str | None:
        """The id of the document made from these bytes, if there is one."""
        return catalogue.find_content(self._of(collection).store, sha256)

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        """Oldest first, retired ones too."""
        return self._of(collection).documents()

    def document(self, collection: str, document: str) -> DocumentInfo:
        """Raises DocumentUnknown."""
        return self._of(collection).document(document)

    def stored_page(self, collection: str, document: str, number: int) -> Page:
        """A page as it was extracted. Raises DocumentUnknown."""
        return catalogue.read_page(self._of(collection).store, document, number)

    def remove_document(self, collection: str, document: str) -> None:
        """Durable on return. Raises DocumentUnknown."""
        self._of(collection).remove(document)

    def retire(self, collection: str, document: str, since: datetime) -> None:
        """Kept, and no longer found; durable on return. Raises DocumentUnknown, storage errors."""
        self._of(collection).retire(document, since)

    def restore(self, collection: str, document: str) -> None:
        """Undoes `retire`; durable on return. Raises DocumentUnknown, storage errors."""
        self._of(collection).restore(document)

    # --- finding -------------------------------------------------------------------------

    def find(
        self,
        question: str,
        vector: Vectors,
        collections: Sequence[str],
        limit: int,
        documents: Sequence[str] | None = None,
    ) -> tuple[Scored, ...]:
        """The best passages over the named collections (all that are open if none is named).

        vector has shape (1, VECTOR_SIZE). `documents` narrows to these ids. Raises
        CollectionNotOpen, DocumentUnusable for a vector of another shape.
        """
        if vector.shape != (1, VECTOR_SIZE):
            raise DocumentUnusable("A question's vector has the wrong shape.")
        opened = {name: self._of(name) for name in (collections or self.open_collections())}
        if limit < 1:
            return ()
        return find(opened, self._terms, question, vector, limit=limit, documents=documents)

    # --- imports -------------------------------------------------------------------------

    def begin_job(self, collection: str, paths: Sequence[str], now: datetime) -> str:
        """Writes an import down before its first file is read; returns its id."""
        return journal.begin_job(self._of(collection).store, paths, now)

    def job_files(self, job: str) -> tuple[JobFile, ...]:
        """Raises JobUnknown."""
        return journal.job_files(self._store_of_job(job), job)

    def job_collection(self, job: str) -> str:
        """Raises JobUnknown."""
        return self._store_of_job(job).id

    def mark_file(
        self, job: str, path: str, state: ImportState, *, code: str = "", sentence: str = ""
    ) -> None:
        """Durable on return. Raises JobUnknown."""
        file = JobFile(path, state, code, sentence)
        journal.mark_file(self._store_of_job(job), job, file)

    def finish_job(self, job: str) -> None:
        """Forgets the job; its changes go into the main file. Raises JobUnknown."""
        store = self._store_of_job(job)
        journal.finish_job(store, job)
        with suppress(CloisterError):  # tried again later; the job itself is finished and durable
            store.checkpoint()

    def discard_job(self, job: str) -> int:
        """Gives an unfinished import up; what it added stays. Gives how many files it had not come
        to. Not for a job that runs: its end would raise JobUnknown. Raises JobUnknown."""
        return journal.discard_job(self._store_of_job(job), job)

    def unfinished_jobs(self) -> tuple[ImportJob, ...]:
        """Of all open collections."""
        return tuple(
            job
            for name in self.open_collections()
            for job in journal.unfinished_jobs(self._of(name).store, name)
        )

    # --- inside --------------------------------------------------------------------------

    def _of(self, collection: str) -> OpenCollection:
        with self._lock:
            opened = self._open.get(collection)
        if opened is None:
            raise CollectionNotOpen("This collection is not open.")
        return opened

    def _store_of_job(self, job: str) -> Store:
        for name in self.open_collections():
            store = self._of(name).store
            if journal.holds_job(store, job):
                return store
        raise JobUnknown("There is no such import.")

    def _folder_of(self, collection: str) -> Path:
        return self._folder / require_identifier(collection)
