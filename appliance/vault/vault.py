"""The vault of a data folder: made once, unlocked by a person.

Rules kept here: there is one way in, a person's slot; an unknown name costs what a wrong passphrase
costs and reads the same; vault.json is believed only after its MAC has been checked under the vault
key that slot led to; making a vault is one durable step, so a crash leaves a vault or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from appliance.errors import StorageFull, StorageReadOnly
from appliance.values import Role
from appliance.vault import people, vault_file
from appliance.vault.document import Document, PersonEntry, require_authentic
from appliance.vault.durable import storage_error
from appliance.vault.errors import NoVault, StorageFailed, Tampered, VaultDamaged, VaultExists
from appliance.vault.keyring import Keyring, opened_keyring
from appliance.vault.primitives import KEY_SIZE, random_bytes
from appliance.vault.recovery import shown
from appliance.vault.session import Session, require_secret
from appliance.vault.slots import SlotKind, decoy_slot
from appliance.vault.suites import PrivateKey, Profile, public_of

ALL_ROLES = (Role.MEMBER, Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR)


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
        document = Document(vault, profile, people.stamp(now), 1, salt, (founder.entry,), recovery)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the data folder was not made") from error
        vault_file.save(self._folder, document, vault_key)
        keyring = opened_keyring(document, founder.entry, founder.private)
        return Session(self._folder, document, keyring), shown(founder.code)

    def unlock(self, secret: str, name: str = "") -> Session:
        """`secret` is a passphrase or a recovery code. `name` may be empty if there is one person.

        Raises NoVault, NameRequired, WrongPassphrase (also for an unknown name, after the same
        work), RecoveryCodeMistyped, VaultDamaged. Takes one slow derivation (about 0.13 s).
        """
        untrusted = vault_file.load(self._folder)
        claimed = untrusted.document
        entry = people.find_person(claimed, name)
        private = require_secret(claimed, entry or _nobody(claimed), secret)
        if entry is None:
            raise VaultDamaged("vault.json is damaged: a slot opens that nobody owns.")
        keyring = _keyring(claimed, entry, private)
        session = Session(self._folder, require_authentic(untrusted, keyring.vault_key), keyring)
        with suppress(StorageFull, StorageReadOnly, StorageFailed):
            session.mend()  # reading must go on where nothing can be written
        return session


def _nobody(document: Document) -> PersonEntry:
    """Stands in for an unknown name: slots that cost the usual time and open to nothing."""
    example = document.people[0]
    slots = tuple(decoy_slot(kind, document.profile) for kind in SlotKind)
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
