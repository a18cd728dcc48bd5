"""An unlocked vault: what one person may open, and the changes they may make.

Rules kept here: the document on the disk decides, it is read again whenever it was replaced, and a
lower counter than the one seen before is refused; every change is one durable replacement with the
counter one higher; a key the person does not hold cannot be had, whatever their role; roles are
demanded here too, so that a mistake above does not open what the design keeps shut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from appliance.values import Person, Role
from appliance.vault import accounts, contexts, holdings, payloads, people, recovering, roster
from appliance.vault.accounts import Accounts
from appliance.vault.document import Document, with_person
from appliance.vault.emergency import Emergency
from appliance.vault.errors import (
    KeyErased,
    NotAMember,
    Tampered,
    VaultDamaged,
)
from appliance.vault.keyring import Keyring
from appliance.vault.opened import WRITING, OpenVault, with_anchor
from appliance.vault.passphrase import require_strong
from appliance.vault.primitives import KEY_SIZE, random_bytes
from appliance.vault.recovered import recovery_envelope
from appliance.vault.recovery import new_code, read_code, secret_for, shown
from appliance.vault.roster import Roll
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.slots import SlotKind, make_slot
from appliance.vault.suites import PrivateKey, Profile, PublicKey
from appliance.vault.unlocking import require_secret

_PAYLOAD_MAGIC = b"CLPL\x01"
_PAYLOAD_ID = 16


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Somebody keys are wrapped to."""

    id: str
    public: PublicKey


class Session:
    """Made by `Vault.create` and `Vault.unlock` only. Safe to call from several threads.

    Every method raises SessionClosed after `close`, VaultDamaged if vault.json was meanwhile
    damaged, removed or rolled back, and (the changing ones) StorageFull or StorageReadOnly; after
    any error the vault is as it was before the call.
    """

    def __init__(self, folder: Path, document: Document, keyring: Keyring, roll: Roll) -> None:
        self._keyring = keyring
        self._open = OpenVault(folder, document, keyring, roll)
        self._lock = self._open.lock
        self.by_device = False
        """Whether the system's key store, not the person, said the secret."""
        self._seen: dict[str, str] = {}  # the newest key of each collection that was handed out
        self.accounts = Accounts(self._open)
        """The people of this vault, and what may be changed about them."""
        self.emergency = Emergency(self._open)
        """Collections whose glass may be broken."""

    # --- who and what ------------------------------------------------------------------------

    @property
    def vault_id(self) -> str:
        return self._open.document.id

    @property
    def profile(self) -> Profile:
        return self._open.document.profile

    @property
    def counter(self) -> int:
        """How often this vault was written. Put it into the log; `require_counter` at unlock."""
        with self._lock:
            return self._open.current().counter

    @property
    def person(self) -> Person:
        with self._lock:
            return self._open.shown(self._open.own(self._open.current()))

    def people(self) -> tuple[Person, ...]:
        with self._lock:
            return tuple(self._open.shown(entry) for entry in self._open.current().people)

    def auditors(self) -> tuple[KeyHolder, ...]:
        with self._lock:
            found = people.auditors_of(self._open.current())
            return tuple(KeyHolder(entry.id, entry.public) for entry in found)

    @property
    def roster_size(self) -> int:
        """How many changes the list of people has seen. Put it into the log, too."""
        with self._lock:
            return len(self._open.current().roster)

    def require_roster(self, floor: int) -> None:
        """Raises VaultDamaged if the list of people is older than one the log has seen."""
        if self.roster_size < floor:
            raise VaultDamaged("The list of people is older than the log: it was rolled back.")

    def require_counter(self, floor: int) -> None:
        """Raises VaultDamaged if the vault is older than one the log has seen."""
        if self.counter < floor:
            raise VaultDamaged("vault.json is older than the log: it was rolled back.")

    # --- keys --------------------------------------------------------------------------------

    def vault_subkey(self, purpose: str) -> bytes:
        """32 bytes, the same for every person of this vault."""
        with self._lock:
            return self._keyring.vault_subkey(purpose)

    def person_key(self, purpose: str) -> bytes:
        """32 bytes that only this person's slots lead to (their conversations, their notes)."""
        with self._lock:
            return self._keyring.person_key(purpose)

    def collection_key(self, collection: str) -> bytes:
        """The newest key, 32 bytes. Raises NotAMember."""
        return self.collection_keys(collection)[0]

    def collection_keys(self, collection: str) -> tuple[bytes, ...]:
        """Newest first. More than one means that a store may still be under an older one: open it
        with the first that fits, give it the newest key, then call `finish_rotation`. Raises
        NotAMember, VaultDamaged (one that is not the work of who held the one before it)."""
        with self._lock:
            document = self._open.current()
            entry = holdings.collection_by_id(document, collection)
            held = holdings.keys_of(document, entry, self._keyring)
            if self._seen.get(collection, entry.keys[-1].id) not in held:
                raise VaultDamaged("A collection's key was exchanged while it was open.")
            self._seen[collection] = entry.keys[-1].id
            return tuple(reversed(held.values()))

    # --- collections -------------------------------------------------------------------------

    def collections(self) -> tuple[tuple[str, str], ...]:
        """(id, title) of those whose key this person holds, in the order they were made."""
        with self._lock:
            found = []
            for entry in self._open.current().collections:
                try:
                    found.append((entry.id, holdings.title_of(entry, self._keyring)))
                except NotAMember:
                    continue
            return tuple(found)

    def create_collection(self, title: str, now: datetime) -> str:
        """Returns the id (32 hexadecimal digits). The key is held by this person and recovery."""
        key, creator = random_bytes(KEY_SIZE), self._keyring.holder
        changed = self._open.change(
            lambda document: holdings.new_collection(
                document, title, key, creator, people.stamp(now)
            )
        )
        return changed.collections[-1].id

    def members(self, collection: str) -> tuple[str, ...]:
        """Ids of the people who hold the key. Raises NotAMember."""
        with self._lock:
            key = self.collection_key(collection)
            document = self._open.current()
            entry = holdings.collection_by_id(document, collection)
            return holdings.members_of(document, entry, key)

    def add_member(self, collection: str, person: str) -> None:
        """Raises NotAMember if this session holds no key of it, PersonUnknown."""
        self.collection_key(collection)
        self._open.change(lambda old: holdings.with_member(old, collection, person, self._keyring))

    def remove_member(self, collection: str, person: str) -> str:
        """Begins a rotation: a new key that the person does not hold. Returns its id.

        What they could read before they may have copied; what is written from now on they cannot
        read once memory has re-keyed the store (`collection_keys`) and `finish_rotation` is called.
        """
        self.collection_key(collection)
        key = random_bytes(KEY_SIZE)
        changed = self._open.change(
            lambda old: holdings.without_member(old, collection, person, key, self._keyring)
        )
        return holdings.collection_by_id(changed, collection).keys[-1].id

    def expel(self, collection: str, person: str) -> None:
        """The person loses every key of the collection at once, and it is due for a new one, which
        `begin_rotation` of any member gives it. For members, and for administrators, who need no
        key for it. Raises NotAMember."""
        if Role.ADMINISTRATOR not in self.person.roles:
            self.collection_key(collection)
        self._open.change(lambda old: holdings.expelled(old, collection, person))

    def due(self, collection: str) -> bool:
        """Whether somebody was expelled since the newest key was made."""
        with self._lock:
            return holdings.collection_by_id(self._open.current(), collection).due

    def begin_rotation(self, collection: str) -> None:
        """A new key where one is due, for those who hold one now. Raises NotAMember."""
        self.collection_key(collection)
        key = random_bytes(KEY_SIZE)
        self._open.change(lambda old: holdings.renewed(old, collection, key, self._keyring))

    def rotating(self, collection: str) -> bool:
        """Whether a rotation was begun and not finished."""
        with self._lock:
            return len(holdings.collection_by_id(self._open.current(), collection).keys) > 1

    def finish_rotation(self, collection: str) -> None:
        """Destroys every key of the collection but the newest. Only after the store has it."""
        self.collection_key(collection)
        self._open.change(lambda old: holdings.rotation_finished(old, collection))

    # --- personal text in the log ------------------------------------------------------------

    def seal_to_auditors(self, plaintext: bytes, context: Context) -> bytes:
        """Readable by the auditors and by nobody once `Accounts.erase` destroyed the key. The
        first call (ever, or after somebody ceased to be an auditor) writes the vault; the others do
        not."""
        with self._lock:
            ring, made = self._keyring, random_bytes(KEY_SIZE)
            found = payloads.usable(self._open.current(), ring, self._open.roll)
            if found is None:
                changed = self._open.change(
                    lambda old: payloads.with_new(old, made, ring, self._open.roll)
                )
                found = payloads.usable(changed, ring, self._open.roll)
            if found is None:
                raise VaultDamaged("The vault lost a key it had just written.")
            entry, key = found
            header = _PAYLOAD_MAGIC + bytes.fromhex(entry.id)
            return header + seal(key, plaintext, context)

    def open_as_auditor(self, untrusted: bytes, context: Context) -> bytes:
        """Raises NotPermitted (no auditor), KeyErased, NotAMember (not wrapped to this auditor
        yet: it is as soon as that person logs in), Tampered."""
        with self._lock:
            self._open.require_role(Role.AUDITOR, "Only an auditor reads what the log has sealed.")
            start = len(_PAYLOAD_MAGIC)
            if not untrusted.startswith(_PAYLOAD_MAGIC):
                raise Tampered("A sealed entry of the log is malformed.")
            payload = untrusted[start : start + _PAYLOAD_ID].hex()
            for entry in self._open.current().payloads:
                if entry.id == payload:
                    key = self._keyring.payload_key(entry)
                    return unseal(key, untrusted[start + _PAYLOAD_ID :], context)
            raise KeyErased("The key of this entry was erased, or it is another vault's.")

    # --- people ------------------------------------------------------------------------------

    def add_person(
        self, name: str, passphrase: str, roles: tuple[Role, ...], now: datetime
    ) -> tuple[Person, str]:
        """The person and their recovery code, which is shown once. Raises NotPermitted,
        PassphraseTooWeak, NameUnusable (taken, or no name)."""
        self._open.require_role(Role.ADMINISTRATOR, "Only an administrator adds people.")
        return self.accounts.add(name, passphrase, roles, now)

    def confirm(self, secret: str) -> None:
        """That it is still the same person: their passphrase or recovery code. Raises
        WrongPassphrase, RecoveryCodeMistyped. Takes one slow derivation (about 0.13 s)."""
        document = self._open.current()
        require_secret(document, self._open.own(document), secret)

    def change_passphrase(self, old: str, new: str) -> None:
        """Rewrites this person's passphrase slot and nothing else. `old` may be the recovery code.
        Raises WrongPassphrase, PassphraseTooWeak."""
        with self._lock:
            document = self._open.current()
            entry = self._open.own(document)
            require_strong(new, self._open.shown(entry).name)
            private = require_secret(document, entry, old)
            slot = people.passphrase_slot(new, private, document.id, entry.id, document.profile)
            self._open.change(
                lambda latest: with_person(latest, people.with_slot(self._open.own(latest), slot))
            )

    def set_device_code(self, code: str) -> None:
        """A code for the system's key store to keep, of the recovery code's form: it opens this
        person's slot for it, and nothing of the institution's. Empty: none does any more."""
        with self._lock:
            document, private = self._open.current(), self._keyring.private()
            slot = None
            if code:
                owner = contexts.slot_owner(document.id, self._keyring.holder)
                secret = secret_for(read_code(code), "device")
                slot = make_slot(SlotKind.DEVICE, secret, private, owner, document.profile)
            self._open.change(
                lambda old: with_person(old, people.with_device(self._open.own(old), slot))
            )

    def new_recovery_code(self) -> str:
        """Replaces this person's recovery code; the old one opens nothing any more. For the
        custodian the institution's recovery key pair is replaced with it."""
        with self._lock:
            document, code = self._open.current(), new_code()
            person, private = self._keyring.holder, self._keyring.private()
            slot = people.recovery_slot(code, private, document.id, person, document.profile)
            rotated = None
            if document.recovery.custodian == person:
                rotated = people.new_recovery(
                    person,
                    code,
                    vault=document.id,
                    vault_key=self._keyring.vault_key,
                    profile=document.profile,
                )

            def renew(old: Document) -> Document:
                slotted = with_person(old, people.with_slot(self._open.own(old), slot))
                if rotated is None:
                    return slotted
                renewed = replace(slotted, recovery=rotated)
                if renewed.roster:
                    renewed = self.accounts.recovery_stated(renewed)
                return accounts.mended(renewed, self._keyring)

            self._open.change(renew)
            return shown(code)

    def recoverable(self, recovery_code: str) -> tuple[tuple[str, str], ...]:
        """(id, title) of every collection the custodian's code can bring back."""
        with self._lock:
            document = self._open.current()
            return recovering.recoverable(document, self._institution(document, recovery_code))

    def recovery_envelope(self) -> bytes:
        """What a backup carries so that the recovery code alone opens it (`recovered.py`): no
        secret in the clear, nothing of any person but the custodian's id."""
        with self._lock:
            return recovery_envelope(self._open.current())

    def recover_collection(self, collection: str, recovery_code: str) -> None:
        """Makes this person a member with the custodian's recovery code; log it."""
        with self._lock:
            private = self._institution(self._open.current(), recovery_code)
            person = self._keyring.holder
            self._open.change(
                lambda old: recovering.with_recovered_member(old, collection, person, private)
            )

    def recover_payloads(self, recovery_code: str) -> None:
        """Gives this auditor the log's keys of people who have left; log it."""
        with self._lock:
            self._open.require_role(Role.AUDITOR, "Only an auditor reads what the log has sealed.")
            private, person = self._institution(self._open.current(), recovery_code), self.person.id
            self._open.change(lambda old: recovering.with_recovered_payloads(old, person, private))

    def mend(self) -> bool:
        """Wraps what this person holds to those who should hold it and do not yet (an auditor who
        came later, a new recovery key), and notes how far they have followed the roster. Brings a
        vault of version 1 with one person forward, which a caller allows only after it has seen
        that the log knows of no roster. Returns whether anything was written."""
        with self._lock, WRITING:
            before = self._open.fresh()
            return self._open.change(self._mended) != before

    def _mended(self, old: Document) -> Document:
        private, person = self._keyring.private(), self._keyring.holder
        if not old.roster:
            if len(old.people) > 1 or old.recovery.custodian != person:
                return old
            founded = accounts.founded(old, self._open.own(old), private)
            proved = holdings.with_first_proofs(founded, self._keyring)
            return accounts.mended(proved, self._keyring)
        known = roster.opened_anchor(private, old.id, person, self._open.own(old).anchor)
        if known.serial < len(old.roster):
            old = with_anchor(old, person, private)
        return accounts.mended(old, self._keyring)

    def close(self) -> None:
        """Overwrites the keys (keyring.py says how far that goes). May be called twice."""
        with self._lock:
            self._keyring.close()

    # --- within ------------------------------------------------------------------------------

    def _institution(self, document: Document, recovery_code: str) -> PrivateKey:
        return recovering.institution_key(document, recovery_code)
