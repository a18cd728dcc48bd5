"""Making a person: key pair, two slots, the wraps of the vault key and of their own store's key.

Rules kept here: a name is never written in clear; two people never share a name; a person is found
by a keyed, salted tag of the name, or by being the only one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from appliance.values import Person, Role, Standing
from appliance.vault import contexts
from appliance.vault.document import Document, PersonEntry, RecoveryEntry
from appliance.vault.errors import NameRequired, NameUnusable, PersonUnknown, VaultDamaged
from appliance.vault.passphrase import normalised, require_strong
from appliance.vault.primitives import KEY_SIZE, mac, random_bytes
from appliance.vault.recovery import new_code, secret_for
from appliance.vault.sealed import seal, unseal
from appliance.vault.slots import Slot, SlotKind, make_slot
from appliance.vault.suites import PrivateKey, Profile, PublicKey, generate_pair
from appliance.vault.wraps import wrap

MAXIMUM_NAME = 200
# Control characters, lone surrogates, and the marks that turn text round (they make one name look
# like another on the screen). Joiners stay: names are written with them.
_UNUSABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person just made, the private key (not in the entry) and the code to print."""

    entry: PersonEntry
    private: PrivateKey
    code: bytes


def new_id() -> str:
    return random_bytes(16).hex()


def stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(stamped: str) -> datetime:
    """What `stamp` wrote. Raises VaultDamaged."""
    try:
        return datetime.strptime(stamped, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise VaultDamaged("vault.json is damaged: a date in it is none.") from None


def plain_name(name: str) -> str:
    """As it is shown: NFC, single spaces. Raises NameUnusable."""
    text = " ".join(unicodedata.normalize("NFC", name[: MAXIMUM_NAME * 4]).split())
    if not 0 < len(text) <= MAXIMUM_NAME or not showable(text):
        raise NameUnusable("This name cannot be used.")
    return text


def showable(text: str) -> bool:
    """Whether text can be stored and shown without surprises."""
    return not any(
        symbol in _TURNING or unicodedata.category(symbol) in _UNUSABLE for symbol in text
    )


def lookup_tag(salt: bytes, name: str) -> bytes:
    """The same for every way of typing a name. Who holds vault.json and a list of names can test
    them against it; what it hides is the names themselves (docs/decisions/0001)."""
    folded = unicodedata.normalize("NFKC", " ".join(name[: MAXIMUM_NAME * 4].split())).casefold()
    return mac(salt, b"cloister/lookup/v1\x00" + folded.encode("utf-8", "surrogatepass"))


def find_person(document: Document, name: str) -> PersonEntry | None:
    """None for an unknown name. Raises NameRequired if there are several and no name."""
    if not name.strip():
        if len(document.people) > 1:
            raise NameRequired("Several people use this vault.")
        return document.people[0]
    tag = lookup_tag(document.salt, name)
    return next((entry for entry in document.people if entry.lookup == tag), None)


def person_by_id(document: Document, person: str) -> PersonEntry:
    for entry in document.people:
        if entry.id == person:
            return entry
    raise PersonUnknown("This vault has no such person.")


def shown_person(document: Document, entry: PersonEntry, vault_key: bytes) -> Person:
    """Raises VaultDamaged for another name than the one the tag, which the roster states, is of."""
    name = unseal(vault_key, entry.name, contexts.person_name(document.id, entry.id)).decode()
    if lookup_tag(document.salt, name) != entry.lookup:
        raise VaultDamaged("A name in vault.json was exchanged for another.")
    return Person(entry.id, name, entry.roles)


def sealed_name(name: str, person: str, vault: str, vault_key: bytes) -> bytes:
    return seal(vault_key, name.encode(), contexts.person_name(vault, person))


def active(document: Document) -> tuple[PersonEntry, ...]:
    """Who can log in, and may be given keys."""
    return tuple(entry for entry in document.people if entry.standing is Standing.ACTIVE)


def auditors_of(document: Document) -> tuple[PersonEntry, ...]:
    return tuple(entry for entry in active(document) if Role.AUDITOR in entry.roles)


def public_of_holder(document: Document, holder: str) -> PublicKey:
    if holder == document.recovery.id:
        return document.recovery.public
    return person_by_id(document, holder).public


def new_person(
    name: str,
    passphrase: str,
    roles: Iterable[Role],
    now: datetime,
    *,
    vault: str,
    salt: bytes,
    vault_key: bytes,
    profile: Profile,
    person: str = "",
) -> Newcomer:
    """person: their id, if they were invited. Raises PassphraseTooWeak, NameUnusable. Takes two
    slow derivations (about 0.3 s)."""
    shown_name = plain_name(name)
    require_strong(passphrase, shown_name)
    person, code = person or new_id(), new_code()
    public, private = generate_pair(profile)
    slots = (
        passphrase_slot(passphrase, private, vault, person, profile),
        recovery_slot(code, private, vault, person, profile),
    )
    blank = PersonEntry(
        id=person,
        lookup=lookup_tag(salt, shown_name),
        name=sealed_name(shown_name, person, vault, vault_key),
        roles=tuple(sorted(set(roles))),
        public=public,
        slots=slots,
        vault_key=b"",
        store_key=b"",
        created=stamp(now),
    )
    return Newcomer(with_keys(blank, public, vault, vault_key), private, code)


def invited_person(
    name: str,
    roles: Iterable[Role],
    now: datetime,
    *,
    vault: str,
    salt: bytes,
    vault_key: bytes,
    profile: Profile,
) -> Newcomer:
    """Somebody who sets a passphrase later, with the enrolment code. Raises NameUnusable."""
    shown_name = plain_name(name)
    person = new_id()
    public, _ = generate_pair(profile)
    blank = PersonEntry(
        id=person,
        lookup=lookup_tag(salt, shown_name),
        name=sealed_name(shown_name, person, vault, vault_key),
        roles=tuple(sorted(set(roles))),
        public=public,
        slots=(),
        vault_key=b"",
        store_key=b"",
        created=stamp(now),
        standing=Standing.INVITED,
    )
    return invited_again(blank, now, vault=vault, vault_key=vault_key, profile=profile)


def invited_again(
    entry: PersonEntry, now: datetime, *, vault: str, vault_key: bytes, profile: Profile
) -> Newcomer:
    """The entry with keys for the way in alone, which the code opens once. What the old keys
    opened, the person's conversations among it, stays closed."""
    code = new_code()
    public, private = generate_pair(profile)
    owner = contexts.slot_owner(vault, entry.id)
    secret = secret_for(code, "enrolment")
    slot = make_slot(SlotKind.ENROLMENT, secret, private, owner, profile)
    renewed = replace(
        entry, slots=(slot,), created=stamp(now), standing=Standing.INVITED, anchor=b""
    )
    return Newcomer(with_keys(renewed, public, vault, vault_key), private, code)


def with_keys(entry: PersonEntry, public: PublicKey, vault: str, vault_key: bytes) -> PersonEntry:
    """The entry under another public key, with a store of its own."""
    return replace(
        entry,
        public=public,
        vault_key=wrap(public, vault_key, contexts.vault_key(vault, entry.id)),
        store_key=wrap(public, random_bytes(KEY_SIZE), contexts.store_key(vault, entry.id)),
    )


def new_recovery(
    custodian: str, code: bytes, *, vault: str, vault_key: bytes, profile: Profile
) -> RecoveryEntry:
    """The institution's recovery key pair. Its slot is under a secret of its own, derived from the
    custodian's code: one printout opens both, neither secret tells anything of the other."""
    recovery = new_id()
    public, private = generate_pair(profile)
    slot = make_slot(
        SlotKind.RECOVERY,
        secret_for(code, "institution"),
        private,
        contexts.slot_owner(vault, recovery),
        profile,
    )
    wrapped = wrap(public, vault_key, contexts.vault_key(vault, recovery))
    return RecoveryEntry(recovery, custodian, public, slot, wrapped)


def passphrase_slot(
    passphrase: str, private: PrivateKey, vault: str, person: str, profile: Profile
) -> Slot:
    owner = contexts.slot_owner(vault, person)
    return make_slot(SlotKind.PASSPHRASE, normalised(passphrase), private, owner, profile)


def recovery_slot(
    code: bytes, private: PrivateKey, vault: str, person: str, profile: Profile
) -> Slot:
    owner = contexts.slot_owner(vault, person)
    return make_slot(SlotKind.RECOVERY, secret_for(code, "person"), private, owner, profile)


def with_device(entry: PersonEntry, slot: Slot | None) -> PersonEntry:
    """The entry with this slot for the system's key store in the place of an older one, or none."""
    others = tuple(old for old in entry.slots if old.kind is not SlotKind.DEVICE)
    return replace(entry, slots=others if slot is None else (*others, slot))


def slot_of(entry: PersonEntry, kind: SlotKind) -> Slot | None:
    return next((slot for slot in entry.slots if slot.kind is kind), None)


def with_slot(entry: PersonEntry, slot: Slot) -> PersonEntry:
    """The entry with its slot of that kind replaced, every other byte as it was."""
    return replace(
        entry, slots=tuple(slot if old.kind is slot.kind else old for old in entry.slots)
    )
