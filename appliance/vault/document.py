"""vault.json as frozen values.

Rules kept here: there is no name and no title in clear; an entry says nothing that its encoding
(encoding.py) does not hold; changes are new documents, never edits. Format: docs/formats/vault.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.values import Role, Standing
from appliance.vault.slots import Slot
from appliance.vault.suites import Profile, PublicKey


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key wrapped to one holder (a person's id or the recovery key's id). `proof`, of a
    collection's key alone, shows that whoever made it held the key (proofs.py)."""

    holder: str
    wrap: bytes
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """`name` is sealed under the vault key, `lookup` finds the person by name before that.

    `anchor` is what the person has seen of the roster, sealed under a key of theirs alone. A closed
    account has no `vault_key`: its slots lead to nothing but `store_key`."""

    id: str
    lookup: bytes
    name: bytes
    roles: tuple[Role, ...]
    public: PublicKey
    slots: tuple[Slot, ...]
    vault_key: bytes
    store_key: bytes
    created: str
    standing: Standing = Standing.ACTIVE
    anchor: bytes = b""


@dataclass(frozen=True, slots=True)
class RecoveryEntry:
    """The institution's recovery key pair. `custodian` is whose recovery code opens it."""

    id: str
    custodian: str
    public: PublicKey
    slot: Slot
    vault_key: bytes


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One generation of a collection's key. `emergency` holders may break the glass: they are no
    members, and their wraps open as nothing else. `follows` shows that whoever made it held the
    one before it; the first has none."""

    id: str
    wraps: tuple[Wrapped, ...]
    emergency: tuple[Wrapped, ...] = ()
    follows: bytes = b""


@dataclass(frozen=True, slots=True)
class CollectionEntry:
    """`title` is sealed under the newest of `keys`; two keys mean a rotation is under way. `due`
    means that somebody lost their wraps and the next member to come gives it a new key."""

    id: str
    title: bytes
    created: str
    keys: tuple[KeyEntry, ...]
    due: bool = False


@dataclass(frozen=True, slots=True)
class PayloadEntry:
    """The key under which one person's text in the log is sealed to the auditors. `own` is the key
    again, sealed under the person's private key: they seal with what they made themselves."""

    id: str
    person: str
    wraps: tuple[Wrapped, ...]
    own: bytes = b""


class LinkKind(StrEnum):
    PERSON = "person"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Link:
    """One signed statement of the roster (roster.py): what `subject` is from here on.

    A person: their roles, standing, public keys. The recovery key: its public key and custodian.
    `public` is a SHA-256 (32 bytes), `signing` an Ed25519 public key and `name` the tag of the
    person's name (32 bytes each, empty for the recovery key), `by` the person who signs."""

    kind: LinkKind
    subject: str
    by: str
    public: bytes
    signing: bytes = b""
    roles: tuple[Role, ...] = ()
    standing: Standing = Standing.ACTIVE
    custodian: str = ""
    name: bytes = b""
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Document:
    """`roster` is empty in a vault of version 1 that nobody has brought forward yet."""

    id: str
    profile: Profile
    created: str
    counter: int
    salt: bytes
    people: tuple[PersonEntry, ...]
    recovery: RecoveryEntry
    collections: tuple[CollectionEntry, ...] = ()
    payloads: tuple[PayloadEntry, ...] = ()
    roster: tuple[Link, ...] = ()


def with_person(document: Document, person: PersonEntry) -> Document:
    """The document with the entry of that id put in place."""
    people = tuple(person if entry.id == person.id else entry for entry in document.people)
    return replace(document, people=people)


def with_collection(document: Document, collection: CollectionEntry) -> Document:
    """The document with the entry of that id put in place."""
    entries = tuple(
        collection if entry.id == collection.id else entry for entry in document.collections
    )
    return replace(document, collections=entries)
