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
    """As `opened_slot`, for who must be there in person: the key store's code opens nothing."""
    return opened_slot(document, entry, secret, device=False)[0]


def opened_slot(
    document: Document, entry: PersonEntry, secret: str, *, device: bool
) -> tuple[PrivateKey, Slot]:
    """The person's private key, if `secret` is their passphrase or recovery code, and the slot it
    was in. device: whether the code that the system's key store keeps does as well.

    Raises WrongPassphrase, RecoveryCodeMistyped (before the slow derivation)."""
    is_code = looks_like_code(secret)
    kept = people.slot_of(entry, SlotKind.DEVICE) if device else None
    if is_code and kept is not None:
        with suppress(WrongPassphrase):  # then it is the recovery code
            raw = secret_for(read_code(secret), "device")
            return open_slot(kept, raw, contexts.slot_owner(document.id, entry.id)), kept
    raw = secret_for(read_code(secret), "person") if is_code else normalised(secret)
    kind = SlotKind.RECOVERY if is_code else SlotKind.PASSPHRASE
    slot = people.slot_of(entry, kind) or decoy_slot(kind, document.profile)
    return open_slot(slot, raw, contexts.slot_owner(document.id, entry.id)), slot
