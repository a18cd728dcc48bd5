"""Documents as a curator keeps them: which are answered from, and what took the place of which.

Rules kept here: a record before it is done and one after; a retired document is kept, with its
original, so that what was cited can be opened; whoever retires may remove, whoever puts back may
add; a newer version comes in and the older one is retired in one transaction, so that a kill leaves
the one or the other answering, never both and never neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.errors import CloisterError, UsageError
from appliance.intake import import_one
from appliance.policy import Action
from appliance.values import DocumentInfo, ImportEvent


class NotRetired(UsageError):
    code = "not_retired"
    hint = "Open the library again: somebody changed it meanwhile."


class RetiredAlready(UsageError):
    code = "retired_already"
    hint = "Open the library again: somebody changed it meanwhile."


class OneFileOnly(UsageError):
    code = "one_file_only"
    hint = "Choose the one file of the newer version."


class Shelves:
    """Each method raises NotAllowed, DocumentUnknown and storage errors."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def retire(self, collection: str, document: str) -> None:
        """No longer answered from, and kept; durable on return. Raises RetiredAlready."""
        desk = self._desk
        desk.require(Action.REMOVE_DOCUMENT, collection)
        self._require_answering(collection, document)
        details = (("collection", collection),)
        desk.ledger.note("document.retiring", object=document, details=details)
        desk.library.retire(collection, document, desk.now())
        desk.ledger.note("document.retired", object=document, details=details)

    def restore(self, collection: str, document: str) -> None:
        """Answered from again; durable on return. Raises NotRetired."""
        desk = self._desk
        desk.require(Action.IMPORT, collection)
        desk.require_usable((collection,))
        if desk.library.document(collection, document).retired is None:
            raise NotRetired("This document is not retired.")
        details = (("collection", collection),)
        desk.ledger.note("document.restoring", object=document, details=details)
        desk.library.restore(collection, document)
        desk.ledger.note("document.restored", object=document, details=details)

    def replace(
        self, collection: str, document: str, path: Path, stop: Cancellation
    ) -> Iterator[ImportEvent]:
        """Adds the file and retires the document in its favour: either both happen or neither.
        Raises RetiredAlready, OneFileOnly, and what an import raises."""
        desk = self._desk
        desk.require(Action.REMOVE_DOCUMENT, collection)
        parts = desk.intake(collection, replaces=document)
        self._require_answering(collection, document)
        if path.is_dir():
            raise OneFileOnly(f"{path.name} is a folder.")
        details = (("collection", collection),)
        desk.ledger.note("document.retiring", object=document, details=details)
        try:
            yield from import_one(path, parts, lambda: stop.cancelled)
        finally:
            self._note_replaced(collection, document)
        desk.library.checkpoint(collection)

    def versions(self, collection: str, document: str) -> tuple[DocumentInfo, ...]:
        """The document, those it took the place of and those that took its, oldest first."""
        return lineage(self.documents(collection), document)

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        self._desk.require_usable((collection,))
        return self._desk.library.documents(collection)

    def _require_answering(self, collection: str, document: str) -> None:
        self._desk.require_usable((collection,))
        if self._desk.library.document(collection, document).retired is not None:
            raise RetiredAlready("This document is retired already.")

    def _note_replaced(self, collection: str, document: str) -> None:
        """What came of it, as the store says."""
        try:
            successor = self._desk.library.document(collection, document).successor
        except CloisterError:  # it was removed meanwhile
            successor = ""
        self._desk.ledger.note(
            "document.retired" if successor else "document.not_retired",
            object=document,
            details=(("collection", collection), ("successor", successor)),
        )


def lineage(documents: tuple[DocumentInfo, ...], document: str) -> tuple[DocumentInfo, ...]:
    """Those that are joined to the document by what took the place of what."""
    joined = {document}
    while True:
        more = {one.id for one in documents if one.successor in joined}
        more |= {one.successor for one in documents if one.id in joined and one.successor}
        if more <= joined:
            return tuple(one for one in documents if one.id in joined)
        joined |= more
