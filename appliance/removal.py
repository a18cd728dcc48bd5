"""Taking away what a person no longer wants: a document, a conversation, an unfinished import.

Rules kept here: a record before it is done and one after; the log keeps that it was there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import CloisterError
from appliance.policy import Action

if TYPE_CHECKING:
    from appliance.desk import Desk


def remove_document(desk: Desk, collection: str, document: str) -> None:
    """Raises NotAllowed, DocumentUnknown, StorageFull, StorageReadOnly. An original that could
    not be removed is removed at the next opening."""
    desk.require(Action.REMOVE_DOCUMENT, collection)
    desk.require_usable((collection,))
    desk.library.document(collection, document)
    within = (("collection", collection),)
    desk.ledger.note("document.removing", object=document, details=within)
    desk.library.remove_document(collection, document)
    desk.ledger.note("document.removed", object=document, details=within)
    desk.originals(collection).remove(document)


def forget_conversation(desk: Desk, conversation: str) -> None:
    """With the documents beside it, whose key goes first. Raises ConversationUnknown, StorageFull,
    StorageReadOnly: nothing was deleted then, and the log says so."""
    desk.history.turns(conversation)
    desk.ledger.note("conversation.deleting", object=conversation)
    try:
        desk.history.delete(conversation)
    except CloisterError as error:
        desk.ledger.note(
            "conversation.not_deleted", object=conversation, outcome="failed", code=error.code
        )
        raise
    desk.attached.drop(conversation)
    desk.ledger.note("conversation.deleted", object=conversation)


def discard_import(desk: Desk, job: str) -> None:
    desk.ledger.note("import.discarded", object=job)
    desk.library.discard_job(job)
