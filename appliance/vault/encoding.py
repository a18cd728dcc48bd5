"""vault.json's one encoding, and what makes it believed.

Rules kept here: nothing of it is believed before `require_authentic` has returned under the vault
key; reading bounds every field; what is written is of the newest version, version 1 is still read.
The checksum tells a damaged file from a wrong passphrase before any key is at hand; it proves
nothing, the MAC does. Format: docs/formats/vault.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.values import Role, Standing
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_bytes,
    base64_text,
    canonical_json,
    read_json,
)
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
from appliance.vault.errors import Tampered, VaultDamaged
from appliance.vault.primitives import hkdf, mac, require_mac, sha256
from appliance.vault.slots import Slot, SlotKind
from appliance.vault.suites import Argon2, Kem, Pbkdf2, Profile, PublicKey, Slow

FORMAT = "cloister-vault"
VERSION = 2
MAXIMUM_FILE = 64 << 20
MAXIMUM_LINKS = 50_000
_PEOPLE = 10_000
_COLLECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class UntrustedVault:
    """A parsed vault.json that nothing has vouched for yet."""

    document: Document
    authenticated: bytes
    mac: bytes


def written(document: Document, vault_key: bytes) -> bytes:
    """The file's bytes."""
    members = _encoded(document)
    members["mac"] = base64_text(mac(_mac_key(vault_key), canonical_json(members)))
    members["sha256"] = sha256(canonical_json(members)).hex()
    return canonical_json(members)


def read(untrusted: bytes) -> UntrustedVault:
    """Raises VaultDamaged for anything `written` cannot have made."""
    try:
        members = read_json(untrusted)
        version = members.get("version")
        if isinstance(version, int) and version > VERSION:
            raise VaultDamaged(
                "This vault was written by a newer Cloister.", hint="Install that version."
            )
        checksum = members.pop("sha256", None)
        if checksum != sha256(canonical_json(members)).hex():
            raise VaultDamaged("vault.json is damaged: its checksum does not fit.")
        tag = base64_bytes(str(members.pop("mac", "")))
        return UntrustedVault(_decoded(Fields(members)), canonical_json(members), tag)
    except (Malformed, Tampered):
        raise VaultDamaged("vault.json is damaged or was cut short.") from None


def require_authentic(untrusted: UntrustedVault, vault_key: bytes) -> Document:
    """The document, vouched for by a holder of the vault key. Raises VaultDamaged."""
    try:
        require_mac(_mac_key(vault_key), untrusted.authenticated, untrusted.mac)
    except Tampered:
        raise VaultDamaged("vault.json was changed by something other than Cloister.") from None
    return untrusted.document


def _mac_key(vault_key: bytes) -> bytes:
    return hkdf(vault_key, "cloister/vault-mac/v1")


# --- encoding --------------------------------------------------------------------------------


def _encoded(document: Document) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": document.id,
        "profile": document.profile.value,
        "created": document.created,
        "counter": document.counter,
        "salt": base64_text(document.salt),
        "people": [_person_json(entry) for entry in document.people],
        "recovery": recovery_json(document.recovery),
        "collections": [_collection_json(entry) for entry in document.collections],
        "payloads": [
            {"id": entry.id, "person": entry.person, "wraps": _wraps_json(entry.wraps)}
            for entry in document.payloads
        ],
        "roster": [link_json(link) for link in document.roster],
    }


def recovery_json(entry: RecoveryEntry) -> Json:
    """As it stands in the file, and in what a backup carries (recovered.py)."""
    return {
        "id": entry.id,
        "custodian": entry.custodian,
        "public": _public_json(entry.public),
        "slot": _slot_json(entry.slot),
        "vault_key": base64_text(entry.vault_key),
    }


def _person_json(entry: PersonEntry) -> Json:
    return {
        "id": entry.id,
        "lookup": base64_text(entry.lookup),
        "name": base64_text(entry.name),
        "roles": [role.value for role in entry.roles],
        "public": _public_json(entry.public),
        "slots": [_slot_json(slot) for slot in entry.slots],
        "vault_key": base64_text(entry.vault_key),
        "store_key": base64_text(entry.store_key),
        "created": entry.created,
        "standing": entry.standing.value,
        "anchor": base64_text(entry.anchor),
    }


def _collection_json(entry: CollectionEntry) -> Json:
    return {
        "id": entry.id,
        "title": base64_text(entry.title),
        "created": entry.created,
        "keys": [_key_json(key) for key in entry.keys],
        "due": entry.due,
    }


def _key_json(key: KeyEntry) -> Json:
    return {
        "id": key.id,
        "wraps": _wraps_json(key.wraps),
        "emergency": _wraps_json(key.emergency),
    }


def link_json(link: Link) -> dict[str, Json]:
    """As it stands in the file; without its signature it is what was signed (roster.py)."""
    return {
        "kind": link.kind.value,
        "subject": link.subject,
        "by": link.by,
        "public": base64_text(link.public),
        "signing": base64_text(link.signing),
        "roles": [role.value for role in link.roles],
        "standing": link.standing.value,
        "custodian": link.custodian,
        "signature": base64_text(link.signature),
    }


def _wraps_json(wraps: tuple[Wrapped, ...]) -> Json:
    return [{"holder": item.holder, "wrap": base64_text(item.wrap)} for item in wraps]


def _public_json(public: PublicKey) -> Json:
    return {"kem": public.kem.value, "raw": base64_text(public.raw)}


def _slot_json(slot: Slot) -> Json:
    return {
        "id": slot.id,
        "kind": slot.kind.value,
        "kdf": _slow_json(slot.slow),
        "salt": base64_text(slot.salt),
        "kem": slot.kem.value,
        "sealed": base64_text(slot.sealed),
        "version": slot.version,
    }


def _slow_json(slow: Slow) -> Json:
    if isinstance(slow, Argon2):
        return {
            "name": "argon2id",
            "memory": slow.memory,
            "passes": slow.passes,
            "lanes": slow.lanes,
        }
    return {"name": "pbkdf2-hmac-sha256", "iterations": slow.iterations}


# --- decoding --------------------------------------------------------------------------------


def _decoded(fields: Fields) -> Document:
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
        payloads=tuple(_payload(row) for row in fields.rows("payloads", _PEOPLE)),
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
    row.only("id", "wraps", *(("emergency",) if version > 1 else ()))
    return KeyEntry(_id(row), _wraps(row), _wraps(row, "emergency") if version > 1 else ())


def _roster(fields: Fields) -> tuple[Link, ...]:
    return tuple(_link(row) for row in fields.rows("roster", MAXIMUM_LINKS))


def _link(row: Fields) -> Link:
    row.only(
        *("kind", "subject", "by", "public", "signing", "roles", "standing"),
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
        roles=tuple(_role(text) for text in row.texts("roles", len(Role))),
        standing=_standing(row.text("standing")),
        custodian=_id(row, "custodian") if row.text("custodian") else "",
        signature=row.blob("signature", 64),
    )


def _payload(row: Fields) -> PayloadEntry:
    row.only("id", "person", "wraps")
    return PayloadEntry(_id(row), _id(row, "person"), _wraps(row))


def _wraps(row: Fields, name: str = "wraps") -> tuple[Wrapped, ...]:
    return tuple(
        Wrapped(_id(item.only("holder", "wrap"), "holder"), item.blob("wrap"))
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
