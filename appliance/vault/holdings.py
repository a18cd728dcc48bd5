"""Who holds the keys of which collection.

Rules kept here: pure functions from one document to the next; a key is wrapped to its holders and
to the institution's recovery key, never to anybody else; who is removed loses every wrap at once
and the collection gets a new key; nothing is wrapped that the keyring could not unwrap; whom the
file names as a holder without proof (proofs.py) is none, and gets no new key.
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
    Wrapped,
    with_collection,
)
from appliance.vault.errors import NotAMember
from appliance.vault.keyring import Keyring
from appliance.vault.people import active, new_id, person_by_id, public_of_holder, showable
from appliance.vault.proofs import following, proved, require_chain, with_proof
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


def keys_of(document: Document, entry: CollectionEntry, keyring: Keyring) -> dict[str, bytes]:
    """The keys of a collection that this person holds, by id, oldest first. Raises NotAMember,
    VaultDamaged (a newer one was not made by who held the older)."""
    keyring.collection_key(entry.id, entry.keys[-1])  # who joined later holds no older one
    held = [
        (key, keyring.collection_key(entry.id, key))
        for key in entry.keys
        if holds(key.wraps, keyring.holder)
    ]
    if document.roster:
        require_chain(document.id, entry.id, held)
    return {key.id: secret for key, secret in held}


def members_of(document: Document, entry: CollectionEntry, key: bytes) -> tuple[str, ...]:
    """Who can log in and holds the collection's newest key, which is `key`."""
    newest = entry.keys[-1]
    return _proved(document, newest.wraps, key, _member_of(document, entry.id, newest.id))


def emergency_of(document: Document, entry: CollectionEntry, key: bytes) -> tuple[str, ...]:
    """Who may break the glass of this collection. key: its newest."""
    newest = entry.keys[-1]
    return _proved(document, newest.emergency, key, _emergency_of(document, entry.id, newest.id))


def _proved(
    document: Document,
    wraps: tuple[Wrapped, ...],
    key: bytes,
    context: Callable[[str], Context],
) -> tuple[str, ...]:
    """A vault of version 1 that was not brought forward knows no proofs."""
    holders = {
        item.holder
        for item in wraps
        if not document.roster or proved(item, key, context(item.holder))
    }
    return tuple(person.id for person in active(document) if person.id in holders)


def _member_of(document: Document, collection: str, key_id: str) -> Callable[[str], Context]:
    return lambda holder: contexts.collection_key(document.id, collection, key_id, holder)


def _emergency_of(document: Document, collection: str, key_id: str) -> Callable[[str], Context]:
    return lambda holder: contexts.emergency_key(document.id, collection, key_id, holder)


def with_member(document: Document, collection: str, person: str, keyring: Keyring) -> Document:
    """The person holds every key of the collection that the keyring holds."""
    _require_active(document, person)
    entry = collection_by_id(document, collection)
    keys = tuple(_with_member(document, entry.id, key, person, keyring) for key in entry.keys)
    return with_collection(document, replace(entry, keys=keys))


def _with_member(
    document: Document, collection: str, key: KeyEntry, holder: str, keyring: Keyring
) -> KeyEntry:
    secret = keyring.collection_key(collection, key)
    context = _member_of(document, collection, key.id)
    return replace(key, wraps=_with_holders(document, key.wraps, (holder,), secret, context))


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
    keys = []
    for key in entry.keys:
        secret = keyring.collection_key(entry.id, key)
        context = _emergency_of(document, entry.id, key.id)
        wraps = _with_holders(document, key.emergency, (person,), secret, context)
        keys.append(replace(key, emergency=wraps))
    return with_collection(document, replace(entry, keys=tuple(keys)))


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
    """`key` is the collection's newest, for whoever holds it now. Nothing changes if none is due,
    or while so many changes of key are unfinished that one of them must be finished first.

    Raises NotAMember (this person holds none)."""
    entry = collection_by_id(document, collection)
    if not entry.due or len(entry.keys) >= MAXIMUM_KEYS:
        return document
    return with_collection(document, _with_new_key(document, entry, key, keyring))


def _with_new_key(
    document: Document, entry: CollectionEntry, key: bytes, keyring: Keyring, leaving: str = ""
) -> CollectionEntry:
    """For whoever holds the newest one by proof (this person does), but not who is leaving."""
    old, title = entry.keys[-1], title_of(entry, keyring)
    secret, new = keyring.collection_key(entry.id, old), new_id()
    staying = (one for one in members_of(document, entry, secret) if one != leaving)
    holders = (*staying, document.recovery.id)
    prepared = (one for one in emergency_of(document, entry, secret) if one != leaving)
    newest = replace(
        key_entry(document, entry.id, new, key, holders),
        emergency=_with_holders(
            document, (), prepared, key, _emergency_of(document, entry.id, new)
        ),
        follows=following(contexts.next_key(document.id, entry.id, old.id, new), secret, key),
    )
    sealed = seal(key, title.encode(), contexts.collection_title(document.id, entry.id, new))
    older = (_without(one, leaving) for one in entry.keys)
    return replace(entry, title=sealed, keys=(*older, newest), due=False)


def _without(key: KeyEntry, person: str) -> KeyEntry:
    return replace(
        key,
        wraps=tuple(item for item in key.wraps if item.holder != person),
        emergency=tuple(item for item in key.emergency if item.holder != person),
    )


def without_member(
    document: Document, collection: str, person: str, key: bytes, keyring: Keyring
) -> Document:
    """The person holds no key of the collection any more and `key` is its newest.

    Raises NotAMember (either is none), UsageError (the last member, or too many rotations begun).
    """
    entry = collection_by_id(document, collection)
    members = members_of(document, entry, keyring.collection_key(entry.id, entry.keys[-1]))
    if person not in members:
        raise NotAMember("This person is not a member of the collection.")
    if members == (person,):
        raise UsageError("This is the last member.", hint="Add another member first.")
    if len(entry.keys) >= MAXIMUM_KEYS:
        raise UsageError("An earlier change of key is unfinished.", hint="Finish it first.")
    return with_collection(document, _with_new_key(document, entry, key, keyring, person))


def rotation_finished(document: Document, collection: str) -> Document:
    entry = collection_by_id(document, collection)
    return with_collection(document, replace(entry, keys=entry.keys[-1:]))


def mended(document: Document, keyring: Keyring) -> Document:
    """The same document, but every collection's key that this keyring holds is wrapped to the
    recovery key, and none to who is not there any more.

    A new recovery key gets what its maker could not open as soon as somebody who can logs in. A
    collection whose key somebody lost in this way, the old recovery key too, is due for a new one.
    """
    known = {person.id for person in active(document)} | {document.recovery.id}
    return replace(
        document,
        collections=tuple(
            _mended(document, entry, known, keyring) for entry in document.collections
        ),
    )


def _mended(
    document: Document, entry: CollectionEntry, known: set[str], keyring: Keyring
) -> CollectionEntry:
    keys = []
    for key in entry.keys:
        kept = replace(
            key,
            wraps=tuple(item for item in key.wraps if item.holder in known),
            emergency=tuple(item for item in key.emergency if item.holder in known),
        )
        if holds(kept.wraps, keyring.holder):
            kept = _with_member(document, entry.id, kept, document.recovery.id, keyring)
        keys.append(kept)
    before, after = entry.keys[-1], keys[-1]
    lost = any(
        not holds(new, item.holder)
        for old, new in ((before.wraps, after.wraps), (before.emergency, after.emergency))
        for item in old
    )
    return replace(entry, keys=tuple(keys), due=entry.due or lost)


def with_first_proofs(document: Document, keyring: Keyring) -> Document:
    """Of a vault of version 1 that is brought forward: nobody but its one person was there to hold
    anything, and the recovery key."""
    holders = (keyring.holder, document.recovery.id)
    for entry in document.collections:
        keys = []
        for key in entry.keys:
            if holds(key.wraps, keyring.holder):
                secret = keyring.collection_key(entry.id, key)
                keys.append(key_entry(document, entry.id, key.id, secret, holders))
        document = with_collection(document, replace(entry, keys=tuple(keys) or entry.keys))
    return document


def key_entry(
    document: Document, collection: str, key_id: str, key: bytes, holders: Iterable[str]
) -> KeyEntry:
    context = _member_of(document, collection, key_id)
    return KeyEntry(key_id, _with_holders(document, (), holders, key, context))


def _with_holders(
    document: Document,
    wraps: tuple[Wrapped, ...],
    holders: Iterable[str],
    key: bytes,
    context: Callable[[str], Context],
) -> tuple[Wrapped, ...]:
    """The wraps with those of these holders, each proved; one that was not is made anew."""
    there = {item.holder for item in wraps if proved(item, key, context(item.holder))}
    missing = tuple(holder for holder in holders if holder not in there)
    kept = tuple(item for item in wraps if item.holder not in missing)
    added = wraps_for(document, missing, key, context)
    return (*kept, *(with_proof(item, key, context(item.holder)) for item in added))


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
