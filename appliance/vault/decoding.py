"""What vault.json says, read with every field bounded; nothing of it is vouched for here.

Rules kept here: unknown members are refused; an id is hexadecimal, so that it is a safe file name;
version 1 is still read. What is read here is believed after `encoding.require_authentic` alone.
"""

from __future__ import annotations

from appliance.values import Role, Standing
from appliance.vault.canonical import Fields, Malformed
from appliance.vault.document import (
    CollectionEntry,
    Document,
    KeyEntry,
    Link,
    LinkKind,
    PayloadEntry,
    PersonEntry,
    RecoveryEntry,
    Wrapped,
)
from appliance.vault.slots import Slot, SlotKind
from appliance.vault.suites import Argon2, Kem, Pbkdf2, Profile, PublicKey, Slow

FORMAT = "cloister-vault"
VERSION = 2
MAXIMUM_LINKS = 50_000
_PEOPLE = 10_000
_PAYLOADS = 100_000
_COLLECTIONS = 10_000


def decoded(fields: Fields) -> Document:
    """Raises Malformed, Tampered."""
    version = fields.integer("version", 1, VERSION)
    fields.only(
        *("format", "version", "id", "profile", "created", "counter", "salt"),
        *("people", "recovery", "collections", "payloads"),
        *(("roster",) if version > 1 else ()),
    )
    if fields.text("format") != FORMAT:
        raise Malformed("format")
    people = tuple(_person(row, version) for row in fields.rows("people", _PEOPLE))
    if not people:
        raise Malformed("people")
    return Document(
        id=_id(fields),
        profile=_profile(fields.text("profile")),
        created=fields.text("created"),
        counter=fields.integer("counter", 1),
        salt=fields.blob("salt"),
        people=people,
        recovery=read_recovery(fields.fields("recovery"), version),
        collections=tuple(
            _collection(row, version) for row in fields.rows("collections", _COLLECTIONS)
        ),
        payloads=tuple(_payload(row, version) for row in fields.rows("payloads", _PAYLOADS)),
        roster=_roster(fields) if version > 1 else (),
    )


def read_recovery(row: Fields, version: int) -> RecoveryEntry:
    """version: of the vault's file. Raises Malformed, Tampered."""
    row.only("id", "custodian", "public", "slot", "vault_key")
    return RecoveryEntry(
        _id(row),
        _id(row, "custodian"),
        _public(row.fields("public")),
        _slot(row.fields("slot"), version),
        row.blob("vault_key"),
    )


def _person(row: Fields, version: int) -> PersonEntry:
    row.only(
        *("id", "lookup", "name", "roles", "public", "slots"),
        *("vault_key", "store_key", "created"),
        *(("standing", "anchor") if version > 1 else ()),
    )
    return PersonEntry(
        id=_id(row),
        lookup=row.blob("lookup"),
        name=row.blob("name"),
        roles=tuple(_role(text) for text in row.texts("roles", len(Role))),
        public=_public(row.fields("public")),
        slots=tuple(_slot(slot, version) for slot in row.rows("slots", 8)),
        vault_key=row.blob("vault_key"),
        store_key=row.blob("store_key"),
        created=row.text("created"),
        standing=_standing(row.text("standing")) if version > 1 else Standing.ACTIVE,
        anchor=row.blob("anchor") if version > 1 else b"",
    )


def _collection(row: Fields, version: int) -> CollectionEntry:
    row.only("id", "title", "created", "keys", *(("due",) if version > 1 else ()))
    keys = tuple(_key(key, version) for key in row.rows("keys", 8))
    if not keys:
        raise Malformed("keys")
    due = row.flag("due") if version > 1 else False
    return CollectionEntry(_id(row), row.blob("title"), row.text("created"), keys, due)


def _key(row: Fields, version: int) -> KeyEntry:
    if version == 1:
        row.only("id", "wraps")
        return KeyEntry(_id(row), _wraps(row))
    row.only("id", "wraps", "emergency", "follows")
    wraps, emergency = _holders(row, "wraps"), _holders(row, "emergency")
    return KeyEntry(_id(row), wraps, emergency, row.blob("follows", 32))


def _roster(fields: Fields) -> tuple[Link, ...]:
    return tuple(_link(row) for row in fields.rows("roster", MAXIMUM_LINKS))


def _link(row: Fields) -> Link:
    row.only(
        *("kind", "subject", "by", "public", "signing", "name", "roles", "standing"),
        *("custodian", "signature"),
    )
    try:
        kind = LinkKind(row.text("kind"))
    except ValueError:
        raise Malformed("kind") from None
    return Link(
        kind=kind,
        subject=_id(row, "subject"),
        by=_id(row, "by"),
        public=row.blob("public", 32),
        signing=row.blob("signing", 32),
        name=row.blob("name", 32),
        roles=tuple(_role(text) for text in row.texts("roles", len(Role))),
        standing=_standing(row.text("standing")),
        custodian=_id(row, "custodian") if row.text("custodian") else "",
        signature=row.blob("signature", 64),
    )


def _payload(row: Fields, version: int) -> PayloadEntry:
    row.only("id", "person", "wraps", *(("own",) if version > 1 else ()))
    own = row.blob("own", 256) if version > 1 else b""
    return PayloadEntry(_id(row), _id(row, "person"), _wraps(row), own)


def _wraps(row: Fields) -> tuple[Wrapped, ...]:
    return tuple(
        Wrapped(_id(item.only("holder", "wrap"), "holder"), item.blob("wrap"))
        for item in row.rows("wraps", _PEOPLE + 1)
    )


def _holders(row: Fields, name: str) -> tuple[Wrapped, ...]:
    return tuple(
        Wrapped(
            _id(item.only("holder", "wrap", "proof"), "holder"),
            item.blob("wrap"),
            item.blob("proof", 32),
        )
        for item in row.rows(name, _PEOPLE + 1)
    )


def _public(row: Fields) -> PublicKey:
    row.only("kem", "raw")
    return PublicKey(_kem(row.text("kem")), row.blob("raw"))


def _slot(row: Fields, version: int) -> Slot:
    row.only(
        *("id", "kind", "kdf", "salt", "kem", "sealed"), *(("version",) if version > 1 else ())
    )
    return Slot(
        id=_id(row),
        kind=_kind(row.text("kind")),
        slow=_slow(row.fields("kdf")),
        salt=row.blob("salt", 64),
        kem=_kem(row.text("kem")),
        sealed=row.blob("sealed"),
        version=row.integer("version", 1, 2) if version > 1 else 1,
    )


def _slow(row: Fields) -> Slow:
    """The bounds are those of the classes, which raise Tampered."""
    if row.text("name") == "argon2id":
        row.only("name", "memory", "passes", "lanes")
        return Argon2(row.integer("memory"), row.integer("passes"), row.integer("lanes"))
    row.only("name", "iterations")
    if row.text("name") != "pbkdf2-hmac-sha256":
        raise Malformed("kdf")
    return Pbkdf2(row.integer("iterations"))


def _id(row: Fields, name: str = "id") -> str:
    """Hexadecimal, so that an id is a safe file name and never holds a separator."""
    text = row.text(name, 64)
    if not text or any(symbol not in "0123456789abcdef" for symbol in text):
        raise Malformed(name)
    return text


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        raise Malformed("profile") from None


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Malformed("roles") from None


def _standing(text: str) -> Standing:
    try:
        return Standing(text)
    except ValueError:
        raise Malformed("standing") from None


def _kem(text: str) -> Kem:
    try:
        return Kem(text)
    except ValueError:
        raise Malformed("kem") from None


def _kind(text: str) -> SlotKind:
    try:
        return SlotKind(text)
    except ValueError:
        raise Malformed("kind") from None
