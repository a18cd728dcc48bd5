"""Documents of a person's own beside one of their conversations, for that conversation alone.

Rules kept here: they are kept like a collection, under a key of their own that only the person's
conversations hold; they are searched when that conversation asks and never else, by nobody else and
by no program; they go with the conversation, its key first, so that what a crash leaves of them
cannot be read and is swept at the next log-in; no role makes them part of the library.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance import intake
from appliance.conversations import kept
from appliance.errors import StoreTampered, UsageError
from appliance.finding_files import walk
from appliance.memory import History, Library
from appliance.memory.database import require_identifier
from appliance.originals import CollectionShelf, Originals
from appliance.policy import Action
from appliance.protocols import Finder
from appliance.values import DocumentInfo, ImportEvent, Scored, Vectors
from appliance.vault import random_bytes

if TYPE_CHECKING:
    from appliance.desk import Desk

MOST: Final = 20
"""Documents beside one conversation."""
KEY_SIZE: Final = 32
OWN: Final = 10
"""Passages of them that are read for a question, at most."""


class TooManyAttached(UsageError):
    code = "too_many_attached"
    hint = "Take one away, or add the documents to a collection of the library."


class Attached:
    """Of an open desk. A conversation's documents are a collection named by its id. Safe to call
    from several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.RLock()
        self._sealing = threading.RLock()
        place = desk.place
        self._folder = place.attached(desk.person.id)
        self._library = Library(
            self._folder, place.spill, desk.ledger.mark, on_notice=desk.ledger.notice
        )

    def close(self) -> None:
        self._library.close()

    def abandon(self) -> None:
        """Closes everything without writing, as a crash would."""
        self._library.abandon()

    def still(self) -> AbstractContextManager[tuple[Path, ...]]:
        """The files of those that are open; nothing is written to them while the block runs."""
        return self._library.still()

    def library_of(self, collection: str) -> Library:
        """Where documents of this collection lie: here, or in the library."""
        return self._library if self._holds(collection) else self._desk.library

    def originals_of(self, collection: str) -> Originals:
        if not self._holds(collection):
            return self._desk.originals(collection)
        key = self._key(collection)
        return Originals.under(self._folder / collection, lambda: (key,), self._sealing)

    def is_attached(self, conversation: str) -> bool:
        """Whether there are documents beside it, as far as is known."""
        history = self._desk.history
        return isinstance(history, History) and history.attached_key(conversation) is not None

    def documents(self, conversation: str) -> tuple[DocumentInfo, ...]:
        """Oldest first. Raises what opening a store raises."""
        return self._library.documents(conversation) if self._holds(conversation) else ()

    def held(self, among: Iterable[str]) -> dict[str, set[str]]:
        """The ids of the documents beside each of these, where there are any and they open."""
        found = {}
        for conversation in among:
            with suppress(StoreTampered):  # refused, logged; the rest goes on
                if self._holds(conversation):
                    found[conversation] = {info.id for info in self.documents(conversation)}
        return found

    def attach(
        self, conversation: str, paths: Sequence[Path], cancelled: Callable[[], bool]
    ) -> Iterator[ImportEvent]:
        """What was reported ADDED is durable. Raises NotAllowed, TooManyAttached,
        NothingToImport."""
        desk = self._desk
        desk.require(Action.ATTACH)
        if not _names_a_folder(conversation):
            raise UsageError("A conversation's id has 1 to 64 letters, digits, '-' and '_'.")
        found = sum(1 for _ in islice(walk(paths), MOST + 1))  # a folder may hold any number
        if len(self.documents(conversation)) + found > MOST:
            raise TooManyAttached(f"At most {MOST} documents fit beside a conversation.")
        self._opened(conversation)
        shelf = CollectionShelf(
            conversation, self._library, self.originals_of(conversation), desk.ledger, desk.now
        )
        limit = desk.settings.file_limit_mb * 1_000_000
        parts = intake.IntakeParts(shelf, desk.reader, desk.engine, desk.now, limit)
        yield from intake.start_import(paths, parts, cancelled)
        self._library.checkpoint(conversation)

    def remove(self, conversation: str, document: str) -> None:
        """Raises DocumentUnknown, CollectionNotOpen, StorageFull."""
        within = (("collection", conversation),)
        self.documents(conversation)
        self._library.document(conversation, document)
        self._desk.ledger.note("document.removing", object=document, details=within)
        self._library.remove_document(conversation, document)
        self._desk.ledger.note("document.removed", object=document, details=within)
        self.originals_of(conversation).remove(document)

    def finder(self, conversation: str, library: Finder) -> Finder:
        """What the conversation's questions are looked up in."""
        if not self._holds(conversation):
            return library
        return _Beside(library, self._library, conversation)

    def drop(self, conversation: str) -> None:
        """Its key is gone already: takes away what cannot be read any more."""
        with self._lock:
            if self._library.holds(conversation):
                self._library.destroy_collection(conversation)
            if _names_a_folder(conversation):
                shutil.rmtree(self._folder / conversation, ignore_errors=True)

    def sweep(self) -> None:
        """After log-in: what a crash left without a key, and what was put beside a conversation in
        which nothing was ever asked."""
        history = kept(self._desk.history)
        asked = {one.id for one in history.conversations()}
        for conversation, _ in history.attached_keys():
            if conversation not in asked:
                history.forget_attached_key(conversation)
        keyed = {conversation for conversation, _ in history.attached_keys()}
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder.name not in keyed:
                self.drop(folder.name)

    # --- inside ---------------------------------------------------------------------------

    def _holds(self, conversation: str) -> bool:
        """Opens them where there are any. Raises what opening a store raises."""
        if self._library.holds(conversation):
            return True
        if not self.is_attached(conversation):
            return False
        self._opened(conversation)
        return True

    def _opened(self, conversation: str) -> None:
        with self._lock:
            if self._library.holds(conversation):
                return
            log = self._desk.ledger.log
            mark = log.latest_store(f"collection/{conversation}")
            if mark is not None and not self.is_attached(conversation):
                raise UsageError(
                    "There is a collection of this name.", hint="Begin a new conversation."
                )
            key = kept(self._desk.history).keep_attached_key(conversation, random_bytes(KEY_SIZE))
            try:
                if mark is None:
                    self._library.create_collection(conversation, key)
                else:
                    self._library.open_collection(conversation, key, mark, log.store_marks)
            except StoreTampered as error:
                self._desk.ledger.refused(f"collection/{conversation}", error)
                raise

    def _key(self, conversation: str) -> bytes:
        key = kept(self._desk.history).attached_key(conversation)
        if key is None:
            raise UsageError("There are no documents beside this conversation.")
        return key


def _names_a_folder(untrusted: str) -> bool:
    try:
        return bool(require_identifier(untrusted))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Beside:
    """The library's finder, and what stands beside one conversation."""

    library: Finder
    own: Library
    conversation: str

    def find(
        self, question: str, vector: Vectors, collections: Sequence[str], limit: int
    ) -> tuple[Scored, ...]:
        """The best of both, by how they rank; both are read before anything is answered."""
        near = self.library.find(question, vector, collections, limit)
        own = self.own.find(question, vector, (self.conversation,), min(OWN, limit))
        return tuple(sorted((*own, *near), key=lambda scored: -scored.score)[:limit])
