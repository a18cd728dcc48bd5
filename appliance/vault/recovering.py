"""What the institution's recovery key brings back: collections and the log's keys.

Rules kept here: pure functions from one document to the next; nothing is brought back to anybody
but the person who asks with the custodian's code.
"""

from __future__ import annotations

from dataclasses import replace

from appliance.vault import contexts
from appliance.vault.document import Document, KeyEntry, PayloadEntry, with_collection
from appliance.vault.errors import NotAMember, WrongPassphrase, WrongRecoveryCode
from appliance.vault.holdings import collection_by_id, holds, key_entry, wrap_of, wraps_for
from appliance.vault.recovery import read_code, secret_for
from appliance.vault.sealed import Context, unseal
from appliance.vault.slots import open_slot
from appliance.vault.suites import PrivateKey
from appliance.vault.wraps import unwrap

_CUSTODIANS = (
    "Type the newest code of its custodian, whom `cloister people list` names: a person's own "
    "recovery code is another."
)


def institution_key(document: Document, code: str) -> PrivateKey:
    """The institution's recovery key. Raises WrongRecoveryCode, RecoveryCodeMistyped."""
    secret, recovery = secret_for(read_code(code), "institution"), document.recovery
    try:
        return open_slot(recovery.slot, secret, contexts.slot_owner(document.id, recovery.id))
    except WrongPassphrase:
        raise WrongRecoveryCode(
            "This is not the institution's recovery code.", hint=_CUSTODIANS
        ) from None


def recoverable(document: Document, private: PrivateKey) -> tuple[tuple[str, str], ...]:
    """Id and title of every collection the institution's recovery key opens."""
    found = []
    for entry in document.collections:
        newest = entry.keys[-1]
        if holds(newest.wraps, document.recovery.id):
            key = _recovered_key(document, entry.id, newest, private)
            context = contexts.collection_title(document.id, entry.id, newest.id)
            found.append((entry.id, unseal(key, entry.title, context).decode()))
    return tuple(found)


def with_recovered_member(
    document: Document, collection: str, person: str, private: PrivateKey
) -> Document:
    """The person holds every key of the collection that the recovery key holds."""
    entry = collection_by_id(document, collection)
    keys = []
    for key in entry.keys:
        if holds(key.wraps, person):
            keys.append(key)
            continue
        secret = _recovered_key(document, entry.id, key, private)
        added = key_entry(document, entry.id, key.id, secret, (person,))
        keys.append(replace(key, wraps=(*key.wraps, *added.wraps)))
    return with_collection(document, replace(entry, keys=tuple(keys)))


def with_recovered_payloads(document: Document, auditor: str, private: PrivateKey) -> Document:
    """The auditor holds every payload key that the recovery key holds."""
    payloads = []
    for entry in document.payloads:
        wrapped = wrap_of(entry.wraps, document.recovery.id)
        if wrapped is None or holds(entry.wraps, auditor):
            payloads.append(entry)
            continue

        def context(holder: str, entry: PayloadEntry = entry) -> Context:
            return contexts.payload_key(document.id, entry.id, entry.person, holder)

        key = unwrap(private, wrapped, context(document.recovery.id))
        added = wraps_for(document, (auditor,), key, context)
        payloads.append(replace(entry, wraps=(*entry.wraps, *added)))
    return replace(document, payloads=tuple(payloads))


def _recovered_key(
    document: Document, collection: str, key: KeyEntry, private: PrivateKey
) -> bytes:
    recovery = document.recovery.id
    wrapped = wrap_of(key.wraps, recovery)
    if wrapped is None:
        raise NotAMember("The institution's recovery key does not hold this collection yet.")
    return unwrap(
        private, wrapped, contexts.collection_key(document.id, collection, key.id, recovery)
    )
