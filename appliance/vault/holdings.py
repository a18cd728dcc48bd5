"""Who holds which key: collections, and the keys of the log's personal text.

Rules kept here: pure functions from one document to the next; a key is wrapped to its holders and
to the institution's recovery key, never to anybody else; who is removed loses every wrap at once
and the collection gets a new key; nothing is wrapped that the keyring could not unwrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from appliance.errors import UsageError
from appliance.values import Standing
from appliance.vault import contexts
from appliance.vault.document import (
    CollectionEntry,
    Document,
    KeyEntry,
    PayloadEntry,
    Wrapped,
    with_collection,
)
from appliance.vault.errors import NotAMember
from appliance.vault.keyring import Keyring
from appliance.vault.people import (
    active,
    auditors_of,
    new_id,
    person_by_id,
    public_of_holder,
    showable,
)
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.wraps import wrap

MAXIMUM_TITLE = 500
MAXIMUM_KEYS = 8


def collection_by_id(document: Document, collection: str) -> CollectionEntry:
    """Raises NotAMember: who holds no key learns nothing, not even that there is no such one."""
    for entry in document.collections:
        if entry.id == collection:
            return entry
    raise NotAMember("You are not a member of this collection.")


def new_collection(document: Document, title: str, key: bytes, creator: str, now: str) -> Document:
    """The document with one collection more, last in order, held by creator and recovery."""
    text = " ".join(title.split())
    if not 0 < len(text) <= MAXIMUM_TITLE or not showable(text):
        raise UsageError(
            f"A collection's title has 1 to {MAXIMUM_TITLE} plain characters.",
            hint="Give another title.",
        )
    collection = new_id()
    entry = key_entry(document, collection, new_id(), key, (creator, document.recovery.id))
    sealed = seal(key, text.encode(), contexts.collection_title(document.id, collection, entry.id))
    added = CollectionEntry(collection, sealed, now, (entry,))
    return replace(document, collections=(*document.collections, added))


def title_of(entry: CollectionEntry, keyring: Keyring) -> str:
    """Raises NotAMember."""
    newest = entry.keys[-1]
    key = keyring.collection_key(entry.id, newest)
    context = contexts.collection_title(keyring.vault, entry.id, newest.id)
    return unseal(key, entry.title, context).decode()


def members_of(document: Document, entry: CollectionEntry) -> tuple[str, ...]:
    holders = {item.holder for item in entry.keys[-1].wraps}
    return tuple(person.id for person in document.people if person.id in holders)


def with_member(document: Document, collection: str, person: str, keyring: Keyring) -> Document:
    """The person holds every key of the collection that the keyring holds."""
    _require_active(document, person)
    entry = collection_by_id(document, collection)
    keys = tuple(_with_holders(document, entry.id, key, (person,), keyring) for key in entry.keys)
    return with_collection(document, replace(entry, keys=keys))


def _require_active(document: Document, person: str) -> None:
    """A key is given to somebody whose keys are their own, never to who was only invited."""
    if person_by_id(document, person).standing is not Standing.ACTIVE:
        raise UsageError(
            "This person has not enrolled, or their account is closed.",
            hint="They must log in once before they can be given a collection.",
        )


def with_emergency(document: Document, collection: str, person: str, keyring: Keyring) -> Document:
    """The person may break the glass: they hold every key the keyring holds, as nothing else."""
    _require_active(document, person)
    entry = collection_by_id(document, collection)
    keys = tuple(
        key
        if holds(key.emergency, person)
        else replace(
            key,
            emergency=(
                *key.emergency,
                *_emergency_wraps(
                    document, entry.id, key.id, keyring.collection_key(entry.id, key), (person,)
                ),
            ),
        )
        for key in entry.keys
    )
    return with_collection(document, replace(entry, keys=keys))


def emergency_of(document: Document, entry: CollectionEntry) -> tuple[str, ...]:
    """Who may break the glass of this collection."""
    holders = {item.holder for item in entry.keys[-1].emergency}
    return tuple(person.id for person in document.people if person.id in holders)


def emergency_title(document: Document, entry: CollectionEntry, keyring: Keyring) -> str:
    """For who may break the glass. Raises NotAMember."""
    newest = entry.keys[-1]
    key = keyring.emergency_key(entry.id, newest)
    return unseal(
        key, entry.title, contexts.collection_title(document.id, entry.id, newest.id)
    ).decode()


def expelled(document: Document, collection: str, person: str) -> Document:
    """The person holds no key of the collection any more, in whatever way they did, and it is due
    for a new one. Needs no key."""
    entry = collection_by_id(document, collection)
    held = any(holds(key.wraps, person) or holds(key.emergency, person) for key in entry.keys)
    if not held:
        return document
    keys = tuple(_without(key, person) for key in entry.keys)
    return with_collection(document, replace(entry, keys=keys, due=True))


def without_emergency(document: Document, collection: str, person: str) -> Document:
    """The person may not break the glass any more, and the collection is due for a new key."""
    entry = collection_by_id(document, collection)
    if not any(holds(key.emergency, person) for key in entry.keys):
        return document
    keys = tuple(
        replace(key, emergency=tuple(item for item in key.emergency if item.holder != person))
        for key in entry.keys
    )
    return with_collection(document, replace(entry, keys=keys, due=True))


def without_holder(document: Document, person: str) -> Document:
    """The person holds no collection and none of the log's keys any more."""
    for entry in document.collections:
        document = expelled(document, entry.id, person)
    payloads = tuple(
        replace(entry, wraps=tuple(item for item in entry.wraps if item.holder != person))
        for entry in document.payloads
    )
    return replace(document, payloads=payloads)


def renewed(document: Document, collection: str, key: bytes, keyring: Keyring) -> Document:
    """`key` is the collection's newest, for whoever holds it now. Nothing changes if none is due.

    Raises NotAMember (this person holds none), UsageError (too many rotations begun)."""
    entry = collection_by_id(document, collection)
    if not entry.due:
        return document
    if len(entry.keys) >= MAXIMUM_KEYS:
        raise UsageError("An earlier change of key is unfinished.", hint="Finish it first.")
    title = title_of(entry, keyring)
    return with_collection(document, _with_new_key(document, entry, key, title))


def _with_new_key(
    document: Document, entry: CollectionEntry, key: bytes, title: str
) -> CollectionEntry:
    holders = (*members_of(document, entry), document.recovery.id)
    newest = key_entry(document, entry.id, new_id(), key, holders)
    wraps = _emergency_wraps(document, entry.id, newest.id, key, emergency_of(document, entry))
    newest = replace(newest, emergency=wraps)
    context = contexts.collection_title(document.id, entry.id, newest.id)
    sealed = seal(key, title.encode(), context)
    return replace(entry, title=sealed, keys=(*entry.keys, newest), due=False)


def _without(key: KeyEntry, person: str) -> KeyEntry:
    return replace(
        key,
        wraps=tuple(item for item in key.wraps if item.holder != person),
        emergency=tuple(item for item in key.emergency if item.holder != person),
    )


def _emergency_wraps(
    document: Document, collection: str, key_id: str, key: bytes, holders: Iterable[str]
) -> tuple[Wrapped, ...]:
    return wraps_for(
        document,
        holders,
        key,
        lambda holder: contexts.emergency_key(document.id, collection, key_id, holder),
    )


def without_member(
    document: Document, collection: str, person: str, key: bytes, keyring: Keyring
) -> Document:
    """The person holds no key of the collection any more and `key` is its newest.

    Raises NotAMember (either is none), UsageError (the last member, or too many rotations begun).
    """
    entry = collection_by_id(document, collection)
    members = members_of(document, entry)
    if person not in members:
        raise NotAMember("This person is not a member of the collection.")
    if members == (person,):
        raise UsageError("This is the last member.", hint="Add another member first.")
    if len(entry.keys) >= MAXIMUM_KEYS:
        raise UsageError("An earlier change of key is unfinished.", hint="Finish it first.")
    title = title_of(entry, keyring)
    kept = replace(entry, keys=tuple(_without(old, person) for old in entry.keys))
    return with_collection(document, _with_new_key(document, kept, key, title))


def rotation_finished(document: Document, collection: str) -> Document:
    entry = collection_by_id(document, collection)
    return with_collection(document, replace(entry, keys=entry.keys[-1:]))


def payload_of(document: Document, person: str) -> PayloadEntry | None:
    """The key this person seals with; one they do not hold (any more) is left for the auditors."""
    return next(
        (
            entry
            for entry in document.payloads
            if entry.person == person and holds(entry.wraps, person)
        ),
        None,
    )


def new_payload(document: Document, person: str, key: bytes) -> Document:
    """A key for one person's text in the log: to write, and for the auditors to read. If another
    session made one meanwhile, that one stays."""
    if payload_of(document, person) is not None:
        return document
    payload = new_id()
    wraps = wraps_for(
        document,
        _payload_holders(document, person),
        key,
        lambda holder: contexts.payload_key(document.id, payload, person, holder),
    )
    entry = PayloadEntry(payload, person, wraps)
    return replace(document, payloads=(*document.payloads, entry))


def without_payload(document: Document, person: str) -> Document:
    kept = tuple(entry for entry in document.payloads if entry.person != person)
    return replace(document, payloads=kept)


def mended(document: Document, keyring: Keyring) -> Document:
    """The same document, but every key this keyring holds is wrapped to all who should hold it.

    An auditor who came later, or a new recovery key, gets what the one who added them could not
    open; it happens as soon as somebody who can logs in. Wraps to a replaced recovery key go.
    """
    known = {person.id for person in active(document)} | {document.recovery.id}
    collections = tuple(
        replace(
            entry,
            keys=tuple(_mended_key(document, entry.id, key, known, keyring) for key in entry.keys),
        )
        for entry in document.collections
    )
    payloads = tuple(_mended_payload(document, entry, keyring) for entry in document.payloads)
    return replace(document, collections=collections, payloads=payloads)


def _mended_key(
    document: Document, collection: str, key: KeyEntry, known: set[str], keyring: Keyring
) -> KeyEntry:
    kept = replace(
        key,
        wraps=tuple(item for item in key.wraps if item.holder in known),
        emergency=tuple(item for item in key.emergency if item.holder in known),
    )
    if not holds(key.wraps, keyring.holder):
        return kept
    return _with_holders(document, collection, kept, (document.recovery.id,), keyring)


def _mended_payload(document: Document, entry: PayloadEntry, keyring: Keyring) -> PayloadEntry:
    holders = _payload_holders(document, entry.person)
    kept = tuple(item for item in entry.wraps if item.holder in holders)
    missing = tuple(holder for holder in holders if not holds(kept, holder))
    if not missing or not holds(entry.wraps, keyring.holder):
        return replace(entry, wraps=kept)
    added = wraps_for(
        document,
        missing,
        keyring.payload_key(entry),
        lambda holder: contexts.payload_key(document.id, entry.id, entry.person, holder),
    )
    return replace(entry, wraps=(*kept, *added))


def _payload_holders(document: Document, person: str) -> tuple[str, ...]:
    auditors = (auditor.id for auditor in auditors_of(document))
    own = (person,) if any(entry.id == person for entry in active(document)) else ()
    return tuple(dict.fromkeys((*own, *auditors, document.recovery.id)))


def _with_holders(
    document: Document, collection: str, key: KeyEntry, holders: Iterable[str], keyring: Keyring
) -> KeyEntry:
    missing = tuple(holder for holder in holders if not holds(key.wraps, holder))
    if not missing:
        return key
    secret = keyring.collection_key(collection, key)
    added = key_entry(document, collection, key.id, secret, missing)
    return replace(key, wraps=(*key.wraps, *added.wraps))


def key_entry(
    document: Document, collection: str, key_id: str, key: bytes, holders: Iterable[str]
) -> KeyEntry:
    def context(holder: str) -> Context:
        return contexts.collection_key(document.id, collection, key_id, holder)

    return KeyEntry(key_id, wraps_for(document, holders, key, context))


def wraps_for(
    document: Document, holders: Iterable[str], key: bytes, context: Callable[[str], Context]
) -> tuple[Wrapped, ...]:
    return tuple(
        Wrapped(holder, wrap(public_of_holder(document, holder), key, context(holder)))
        for holder in holders
    )


def holds(wraps: tuple[Wrapped, ...], holder: str) -> bool:
    return any(item.holder == holder for item in wraps)


# --- with the institution's recovery key -----------------------------------------------------


def wrap_of(wraps: tuple[Wrapped, ...], holder: str) -> bytes | None:
    return next((item.wrap for item in wraps if item.holder == holder), None)
