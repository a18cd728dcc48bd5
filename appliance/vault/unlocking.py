"""What a person typed, tried on their slots.

Rules kept here: a recovery code is told from a passphrase by its form alone; a typing error in a
code is found before anything slow is done; a slot that is not there reads like one that does not
open, and takes as long.
"""

from __future__ import annotations

from contextlib import suppress

from appliance.vault import contexts, people
from appliance.vault.document import Document, PersonEntry
from appliance.vault.errors import WrongPassphrase
from appliance.vault.passphrase import normalised
from appliance.vault.recovery import looks_like_code, read_code, secret_for
from appliance.vault.slots import Slot, SlotKind, decoy_slot, open_slot
from appliance.vault.suites import PrivateKey


def require_secret(document: Document, entry: PersonEntry, secret: str) -> PrivateKey:
    return opened_slot(document, entry, secret)[0]


def opened_slot(document: Document, entry: PersonEntry, secret: str) -> tuple[PrivateKey, Slot]:
    """The person's private key, if `secret` is their passphrase or recovery code, and the slot it
    was in.

    Raises WrongPassphrase, RecoveryCodeMistyped (before the slow derivation)."""
    is_code = looks_like_code(secret)
    device = people.slot_of(entry, SlotKind.DEVICE)
    if is_code and device is not None:
        with suppress(WrongPassphrase):  # then it is the recovery code
            raw = secret_for(read_code(secret), "device")
            return open_slot(device, raw, contexts.slot_owner(document.id, entry.id)), device
    raw = secret_for(read_code(secret), "person") if is_code else normalised(secret)
    kind = SlotKind.RECOVERY if is_code else SlotKind.PASSPHRASE
    slot = people.slot_of(entry, kind) or decoy_slot(kind, document.profile)
    return open_slot(slot, raw, contexts.slot_owner(document.id, entry.id)), slot
