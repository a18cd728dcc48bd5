"""Documents as a curator keeps them: which are answered from, and what took the place of which.

Rules kept here: a record before it is done and one after; a retired document is kept, with its
original, so that what was cited can be opened; whoever retires may remove, whoever puts back may
add; a newer version is in the library before the older one is retired, so that a kill leaves one
of them answering, or both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.errors import UsageError
from appliance.policy import Action
from appliance.values import DocumentInfo, ImportEvent


class NotRetired(UsageError):
    code = "not_retired"
    hint = "Open the library again: somebody changed it meanwhile."


class Shelves:
    """Each method raises NotAllowed, DocumentUnknown and storage errors."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def retire(self, collection: str, document: str, successor: str = "") -> None:
        """No longer answered from, and kept; durable on return."""
        desk = self._desk
        desk.require(Action.REMOVE_DOCUMENT, collection)
        desk.require_usable((collection,))
        desk.library.document(collection, document)
        details = (("collection", collection), ("successor", successor))
        desk.ledger.note("document.retiring", object=document, details=details)
        desk.library.retire(collection, document, desk.now(), successor)
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
        """Adds the file and, once it is in, retires the document in its favour. Nothing is retired
        where nothing new came in. Raises what an import raises."""
        desk = self._desk
        desk.require(Action.REMOVE_DOCUMENT, collection)
        known = {info.id for info in self.documents(collection)}
        if document not in known:
            desk.library.document(collection, document)
        yield from desk.add(collection, (path,), lambda: stop.cancelled)
        added = [info.id for info in self.documents(collection) if info.id not in known]
        if len(added) == 1:
            self.retire(collection, document, added[0])

    def versions(self, collection: str, document: str) -> tuple[DocumentInfo, ...]:
        """The document, those it took the place of and those that took its, oldest first."""
        return lineage(self.documents(collection), document)

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        self._desk.require_usable((collection,))
        return self._desk.library.documents(collection)


def lineage(documents: tuple[DocumentInfo, ...], document: str) -> tuple[DocumentInfo, ...]:
    """Those that are joined to the document by what took the place of what."""
    joined = {document}
    while True:
        more = {one.id for one in documents if one.successor in joined}
        more |= {one.successor for one in documents if one.id in joined and one.successor}
        if more <= joined:
            return tuple(one for one in documents if one.id in joined)
        joined |= more
