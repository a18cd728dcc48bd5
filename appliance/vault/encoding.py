"""vault.json's one encoding, and what makes it believed.

Rules kept here: nothing of it is believed before `require_authentic` has returned under the vault
key; what is written is of the newest version (decoding.py reads it). The checksum tells a damaged
file from a wrong passphrase before any key is at hand; it proves nothing, the MAC does. Format:
docs/formats/vault.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_bytes,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.decoding import FORMAT, VERSION, decoded
from appliance.vault.document import (
    CollectionEntry,
    Document,
    KeyEntry,
    Link,
    PersonEntry,
    RecoveryEntry,
    Wrapped,
)
from appliance.vault.errors import Tampered, VaultDamaged
from appliance.vault.primitives import hkdf, mac, require_mac, sha256
from appliance.vault.slots import Slot
from appliance.vault.suites import Argon2, PublicKey, Slow

MAXIMUM_FILE = 64 << 20


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
        return UntrustedVault(decoded(Fields(members)), canonical_json(members), tag)
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
            {
                "id": entry.id,
                "person": entry.person,
                "wraps": _wraps_json(entry.wraps),
                "own": base64_text(entry.own),
            }
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
        "wraps": _holders_json(key.wraps),
        "emergency": _holders_json(key.emergency),
        "follows": base64_text(key.follows),
    }


def link_json(link: Link) -> dict[str, Json]:
    """As it stands in the file; without its signature it is what was signed (roster.py)."""
    return {
        "kind": link.kind.value,
        "subject": link.subject,
        "by": link.by,
        "public": base64_text(link.public),
        "signing": base64_text(link.signing),
        "name": base64_text(link.name),
        "roles": [role.value for role in link.roles],
        "standing": link.standing.value,
        "custodian": link.custodian,
        "signature": base64_text(link.signature),
    }


def _wraps_json(wraps: tuple[Wrapped, ...]) -> Json:
    return [{"holder": item.holder, "wrap": base64_text(item.wrap)} for item in wraps]


def _holders_json(wraps: tuple[Wrapped, ...]) -> Json:
    return [
        {
            "holder": item.holder,
            "wrap": base64_text(item.wrap),
            "proof": base64_text(item.proof),
        }
        for item in wraps
    ]


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
