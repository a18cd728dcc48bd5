"""The vault of a data folder: made once, unlocked by a person.

Rules kept here: there is one way in, a person's slot; an unknown name costs what a wrong passphrase
costs and reads the same; vault.json is believed only after its MAC has been checked under the vault
key that slot led to; unlocking writes nothing, so that a vault that was rolled back is not brought
past the count that the log holds; making a vault is one durable step, so a crash leaves a vault or
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from appliance.values import Role, Standing
from appliance.vault import contexts, people, roster, vault_file
from appliance.vault.accounts import enrolled, founded
from appliance.vault.document import Document, PersonEntry, with_person
from appliance.vault.durable import storage_error
from appliance.vault.encoding import UntrustedVault, require_authentic
from appliance.vault.errors import (
    AccountClosed,
    EnrolFirst,
    EnrolmentEnded,
    NoVault,
    Tampered,
    VaultDamaged,
    VaultExists,
)
from appliance.vault.keyring import Keyring, opened_keyring
from appliance.vault.opened import WRITING
from appliance.vault.primitives import KEY_SIZE, random_bytes
from appliance.vault.recovery import looks_like_code, read_code, secret_for, shown
from appliance.vault.roster import Roll
from appliance.vault.session import Session
from appliance.vault.slots import SlotKind, decoy_slot, open_slot
from appliance.vault.suites import PrivateKey, Profile, public_of
from appliance.vault.unlocking import opened_slot

INVITATION = timedelta(days=14)
"""How long an enrolment code can be used."""

ALL_ROLES = (Role.MEMBER, Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What vault.json says of a name before anybody has proved anything. `tag` names the person
    without their name (64 hexadecimal digits); `everybody` are those of all people there are."""

    vault: str
    tag: str
    administrator: bool
    everybody: frozenset[str]


class Vault:
    """`folder` is the data folder. Nothing is read or made before a method is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is a vault.json, be it damaged or not."""
        try:
            vault_file.mark(self._folder)
        except NoVault:
            return False
        return True

    @property
    def several(self) -> bool:
        """Whether it has several people, so that a name is needed to unlock. Raises NoVault,
        VaultDamaged."""
        return len(vault_file.load(self._folder).document.people) > 1

    def create(
        self,
        name: str,
        passphrase: str,
        roles: Iterable[Role] = ALL_ROLES,
        *,
        profile: Profile = Profile.STANDARD,
        now: datetime,
    ) -> tuple[Session, str]:
        """Makes the vault with its first person, who is the custodian of the institution's
        recovery key. Returns the session and the recovery code, which is shown once.

        Raises VaultExists, PassphraseTooWeak, NameUnusable, StorageFull, StorageReadOnly. Takes
        three slow derivations (about 0.4 s).
        """
        if self.exists:
            raise VaultExists("This folder already holds a vault.")
        vault, salt, vault_key = people.new_id(), random_bytes(32), random_bytes(KEY_SIZE)
        founder = people.new_person(
            name,
            passphrase,
            roles,
            now,
            vault=vault,
            salt=salt,
            vault_key=vault_key,
            profile=profile,
        )
        recovery = people.new_recovery(
            founder.entry.id, founder.code, vault=vault, vault_key=vault_key, profile=profile
        )
        bare = Document(vault, profile, people.stamp(now), 1, salt, (founder.entry,), recovery)
        document = founded(bare, founder.entry, founder.private)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the data folder was not made") from error
        vault_file.save(self._folder, document, vault_key)
        keyring = opened_keyring(document, founder.entry, founder.private)
        roll = roster.followed(document, None)
        return Session(self._folder, document, keyring, roll), shown(founder.code)

    def unlock(self, secret: str, name: str = "", *, device: bool = False) -> Session:
        """`secret` is a passphrase or a recovery code. `name` may be empty if there is one person.
        device: whether the code that the system's key store keeps opens the vault as well.

        Raises NoVault, NameRequired, WrongPassphrase (also for an unknown name, after the same
        work), RecoveryCodeMistyped, EnrolFirst (an enrolment code), AccountClosed, VaultDamaged.
        Takes one slow derivation (about 0.13 s).
        """
        untrusted = vault_file.load(self._folder)
        claimed = untrusted.document
        entry = people.find_person(claimed, name)
        tried = entry or _nobody(claimed)
        if tried.standing is Standing.INVITED and looks_like_code(secret):
            _interim(claimed, tried, secret)
            raise EnrolFirst("This is the code to enrol with: you have no passphrase yet.")
        private, slot = opened_slot(claimed, tried, secret, device=device)
        if entry is None:
            raise VaultDamaged("vault.json is damaged: a slot opens that nobody owns.")
        if slot.version > 1 and not claimed.roster:
            raise VaultDamaged("The list of people is gone from vault.json.")
        session = self._session(untrusted, entry, private)
        session.by_device = slot.kind is SlotKind.DEVICE
        return session

    def enrol(
        self,
        code: str,
        name: str,
        passphrase: str,
        now: datetime,
        *,
        believed: Callable[[Session], None] = lambda session: None,
    ) -> tuple[Session, str]:
        """The way in for who was invited: takes keys of their own, under their passphrase, and the
        code opens nothing any more. Returns the session and the recovery code, shown once.

        believed: raises for a vault that is not what the log has seen; called before anything is
        written. Raises NoVault, WrongPassphrase (the name and the code do not belong together, or
        the code was used), RecoveryCodeMistyped, EnrolmentEnded, PassphraseTooWeak, VaultDamaged,
        StorageFull, StorageReadOnly. Takes three slow derivations (about 0.4 s)."""
        with WRITING:
            untrusted = vault_file.load(self._folder)
            claimed = untrusted.document
            entry = people.find_person(claimed, name) or _nobody(claimed)
            interim = _interim(claimed, entry, code)
            if now - people.moment(entry.created) > INVITATION:
                raise EnrolmentEnded("This enrolment code is older than 14 days.")
            session = self._session(untrusted, entry, interim)
            believed(session)
            shown_name = session.person.name
            document, vault_key = claimed, _keyring(claimed, entry, interim).vault_key
            own = people.new_person(
                shown_name, passphrase, entry.roles, now,
                vault=document.id, salt=document.salt, vault_key=vault_key,
                profile=document.profile, person=entry.id,
            )  # fmt: skip
            grown = enrolled(with_person(document, own.entry), own.entry, interim, own.private)
            grown = replace(grown, counter=document.counter + 1)
            roll = roster.followed(grown, None)
            roster.require_listed(grown, roll)
            vault_file.save(self._folder, grown, vault_key)
            keyring = opened_keyring(grown, own.entry, own.private)
            return Session(self._folder, grown, keyring, roll), shown(own.code)

    def _session(
        self, untrusted: UntrustedVault, entry: PersonEntry, private: PrivateKey
    ) -> Session:
        """Raises AccountClosed, VaultDamaged."""
        if entry.standing is Standing.CLOSED:
            raise AccountClosed("This account was closed.")
        keyring = _keyring(untrusted.document, entry, private)
        document = require_authentic(untrusted, keyring.vault_key)
        roll = Roll()
        if document.roster:
            known = roster.opened_anchor(private, document.id, entry.id, entry.anchor)
            roll = roster.followed(document, known)
            roster.require_listed(document, roll)
        return Session(self._folder, document, keyring, roll)

    def claimed(self, name: str) -> Claimed:
        """Who would log in under this name, as the file says it, unproved: for counting failures.
        Raises NoVault, NameRequired, VaultDamaged."""
        document = vault_file.load(self._folder).document
        entry = people.find_person(document, name)
        tag = entry.lookup if entry is not None else people.lookup_tag(document.salt, name)
        administrator = entry is not None and Role.ADMINISTRATOR in entry.roles
        everybody = frozenset(one.lookup.hex() for one in document.people)
        return Claimed(document.id, tag.hex(), administrator, everybody)


def _interim(document: Document, entry: PersonEntry, code: str) -> PrivateKey:
    """The keys an invited person has until they enrol. Raises WrongPassphrase,
    RecoveryCodeMistyped."""
    secret = secret_for(read_code(code), "enrolment")
    slot = people.slot_of(entry, SlotKind.ENROLMENT) or decoy_slot(
        SlotKind.ENROLMENT, document.profile
    )
    return open_slot(slot, secret, contexts.slot_owner(document.id, entry.id))


def _nobody(document: Document) -> PersonEntry:
    """Stands in for an unknown name: slots that cost the usual time and open to nothing."""
    example = document.people[0]
    kinds = (SlotKind.PASSPHRASE, SlotKind.RECOVERY)
    slots = tuple(decoy_slot(kind, document.profile) for kind in kinds)
    return PersonEntry(
        people.new_id(),
        random_bytes(32),
        b"",
        (),
        example.public,
        slots,
        b"",
        b"",
        "",
    )


def _keyring(document: Document, entry: PersonEntry, private: PrivateKey) -> Keyring:
    try:
        if public_of(private) != entry.public:
            raise VaultDamaged("vault.json is damaged: a person's two keys are no pair.")
        return opened_keyring(document, entry, private)
    except Tampered:
        raise VaultDamaged("vault.json is damaged: a key of yours does not open.") from None
