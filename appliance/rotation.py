"""A collection's new key, after somebody lost theirs: store, originals, and only then the old one.

Rules kept here: the old key is destroyed when nothing is under it any more and the log holds that,
never before; whatever a kill interrupts is taken up when a member opens the collection next; who
only broke the glass opens what is there and changes nothing; a full disk keeps nobody from reading.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from appliance.errors import LogUnwritable, StorageFull, StorageReadOnly
from appliance.memory.errors import WrongStoreKey
from appliance.vault import StorageFailed

if TYPE_CHECKING:
    from appliance.desk import Desk


def open_collection(desk: Desk, identifier: str) -> None:
    """Opens it against the log's newest mark, under whichever of its keys fits, and finishes a
    change of key. One that a crash left without its store gets it now. Raises StoreTampered
    subclasses."""
    session = desk.session
    if not (session.due(identifier) or session.rotating(identifier)):
        open_under(desk, identifier, session.collection_keys(identifier))
        return
    try:
        rotate(desk, identifier)
    except (StorageFull, StorageReadOnly, StorageFailed) as error:
        if not desk.library.holds(identifier):  # reading goes on where nothing can be written
            open_under(desk, identifier, session.collection_keys(identifier))
        with suppress(LogUnwritable):
            desk.ledger.note("collection.rekey_waits", object=identifier, code=error.code)


def open_under(desk: Desk, identifier: str, keys: tuple[bytes, ...]) -> int:
    """keys: newest first; tried in this order. Returns which fitted."""
    mark = desk.ledger.log.latest_store(f"collection/{identifier}")
    for left, key in zip(range(len(keys) - 1, -1, -1), keys, strict=True):
        try:
            if mark is None:
                desk.library.create_collection(identifier, key)
            else:
                desk.library.open_collection(identifier, key, mark, desk.ledger.log.store_marks)
        except WrongStoreKey:
            if not left:
                raise
        else:
            return len(keys) - 1 - left
    raise WrongStoreKey("A collection has no key.")


def rotate(desk: Desk, identifier: str) -> None:
    """Gives the collection the new key that is due, or goes on where that was cut off; open on
    return. Raises StorageFull, StorageReadOnly, StoreTampered subclasses: it is then open under an
    older key or not at all, and the next opening goes on."""
    _moved(desk, identifier)
    if desk.session.due(identifier):  # too many were unfinished for one more
        _moved(desk, identifier)


def _moved(desk: Desk, identifier: str) -> None:
    session, ledger = desk.session, desk.ledger
    if session.due(identifier):
        ledger.note("collection.rekeying", object=identifier)
        session.begin_rotation(identifier)
        desk.note_vault()
    held = desk.library.holds(identifier)
    if held or open_under(desk, identifier, session.collection_keys(identifier)):
        desk.library.rekey_collection(identifier, session.collection_key(identifier))
    within = (("collection", identifier),)
    moved = desk.originals(identifier).reseal(
        lambda document: _note_damaged(desk, document, within)
    )
    session.finish_rotation(identifier)
    desk.note_vault()
    ledger.note("collection.rekeyed", object=identifier, details=(("originals", moved),))


def _note_damaged(desk: Desk, document: str, within: tuple[tuple[str, str], ...]) -> None:
    desk.ledger.note("original.damaged", object=document, code="tampered", details=within)
