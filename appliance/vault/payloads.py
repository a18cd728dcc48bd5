"""The keys of the log's personal text: one a person, to seal with, and for the auditors to read.

Rules kept here: pure functions from one document to the next; a key is wrapped to the auditors of
the roster and to the recovery key; whoever seals uses a key of their own making alone, which is
sealed to them under their private key, and makes a new one once somebody who could read with it
may no more.
"""

from __future__ import annotations

from dataclasses import replace

from appliance.vault import contexts
from appliance.vault.document import Document, PayloadEntry
from appliance.vault.errors import Tampered
from appliance.vault.holdings import holds, wraps_for
from appliance.vault.keyring import Keyring
from appliance.vault.people import auditors_of, new_id
from appliance.vault.roster import Roll


def usable(document: Document, keyring: Keyring, roll: Roll) -> tuple[PayloadEntry, bytes] | None:
    """The key that this person seals with now, newest first; None if they have to make one."""
    for entry in reversed(document.payloads):
        if entry.person == keyring.holder and entry.own:
            try:
                key, serial = keyring.own_payload(entry)
            except Tampered:  # not of this person's making
                continue
            if serial >= roll.reader_left:
                return entry, key
    return None


def with_new(document: Document, key: bytes, keyring: Keyring, roll: Roll) -> Document:
    """The document with a key to seal with. If another session made one meanwhile, that stays."""
    if usable(document, keyring, roll) is not None:
        return document
    payload, person = new_id(), keyring.holder
    wraps = wraps_for(
        document,
        _readers(document),
        key,
        lambda holder: contexts.payload_key(document.id, payload, person, holder),
    )
    entry = PayloadEntry(payload, person, wraps)
    entry = replace(entry, own=keyring.sealed_payload(entry, key, roll.serial))
    return replace(document, payloads=(*document.payloads, entry))


def without(document: Document, person: str) -> Document:
    kept = tuple(entry for entry in document.payloads if entry.person != person)
    return replace(document, payloads=kept)


def mended(document: Document, keyring: Keyring) -> Document:
    """Every key that this person holds is wrapped to all who should read with it, and none to
    anybody else."""
    entries = tuple(_mended(document, entry, keyring) for entry in document.payloads)
    return replace(document, payloads=entries)


def _mended(document: Document, entry: PayloadEntry, keyring: Keyring) -> PayloadEntry:
    readers = _readers(document)
    kept = tuple(item for item in entry.wraps if item.holder in readers)
    missing = tuple(holder for holder in readers if not holds(kept, holder))
    key = _held(entry, keyring) if missing else None
    if key is None:
        return replace(entry, wraps=kept)
    added = wraps_for(
        document,
        missing,
        key,
        lambda holder: contexts.payload_key(document.id, entry.id, entry.person, holder),
    )
    return replace(entry, wraps=(*kept, *added))


def _held(entry: PayloadEntry, keyring: Keyring) -> bytes | None:
    if holds(entry.wraps, keyring.holder):
        return keyring.payload_key(entry)
    if entry.person == keyring.holder and entry.own:
        try:
            return keyring.own_payload(entry)[0]
        except Tampered:
            return None
    return None


def _readers(document: Document) -> tuple[str, ...]:
    return (*(auditor.id for auditor in auditors_of(document)), document.recovery.id)
