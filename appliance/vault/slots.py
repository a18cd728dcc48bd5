"""A slot: a private key sealed under something a person knows or holds.

Rules kept here: what a person typed is stretched (Argon2id or PBKDF2) before it seals anything,
the recovery code too; the slot's id, owner, purpose and vault are bound to it; opening tells only
"opens" or "does not".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.vault.errors import Tampered, WrongPassphrase
from appliance.vault.primitives import random_bytes
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.suites import SALT_SIZE, Kem, PrivateKey, Profile, Slow, kem_of, slow_of

SLOT_VERSION = 2
WRONG = "That name and passphrase do not open this vault."


class SlotKind(StrEnum):
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a kind of slot
    RECOVERY = "recovery"
    ENROLMENT = "enrolment"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Slot:
    """`kem` says what kind of private key `sealed` holds. `version` is bound to what is sealed: a
    slot of version 2 belongs to a vault with a signed roster, and opens in no other."""

    id: str
    kind: SlotKind
    slow: Slow
    salt: bytes
    kem: Kem
    sealed: bytes
    version: int = 1


def make_slot(
    kind: SlotKind, secret: bytes, private: PrivateKey, owner: str, profile: Profile
) -> Slot:
    """owner binds the slot to its vault and holder. Takes about 0.13 s by design."""
    slot_id, salt, slow = random_bytes(8).hex(), random_bytes(SALT_SIZE), slow_of(profile)
    context = _context(kind, owner, slot_id, SLOT_VERSION)
    sealed = seal(slow.derive(secret, salt), private.raw, context)
    return Slot(slot_id, kind, slow, salt, private.kem, sealed, SLOT_VERSION)


def open_slot(slot: Slot, secret: bytes, owner: str) -> PrivateKey:
    """Raises WrongPassphrase if the secret is not the slot's."""
    derived = slot.slow.derive(secret, slot.salt)
    try:
        raw = unseal(derived, slot.sealed, _context(slot.kind, owner, slot.id, slot.version))
    except Tampered:
        raise WrongPassphrase(WRONG) from None
    return PrivateKey(slot.kem, raw)


def decoy_slot(kind: SlotKind, profile: Profile) -> Slot:
    """A slot nothing opens: an unknown name must cost the same time as a wrong passphrase."""
    return Slot(
        random_bytes(8).hex(), kind, slow_of(profile), random_bytes(SALT_SIZE), kem_of(profile),
        random_bytes(181), SLOT_VERSION,
    )  # fmt: skip


def _context(kind: SlotKind, owner: str, slot_id: str, version: int) -> Context:
    return Context(f"slot-{kind}", f"{owner}/{slot_id}", version)
