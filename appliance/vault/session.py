"""An unlocked vault: what one person may open, and the changes they may make.

Rules kept here: the document on the disk decides, it is read again whenever it was replaced, and a
lower counter than the one seen before is refused; every change is one durable replacement with the
counter one higher; a key the person does not hold cannot be had, whatever their role; roles are
demanded here too, so that a mistake above does not open what the design keeps shut.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from appliance.values import Person, Role
from appliance.vault import contexts, holdings, people, vault_file
from appliance.vault.document import Document, PersonEntry, require_authentic, with_person
from appliance.vault.errors import (
    KeyErased,
    NameUnusable,
    NotAMember,
    NotPermitted,
    NoVault,
    Tampered,
    VaultDamaged,
    WrongPassphrase,
)
from appliance.vault.keyring import Keyring
from appliance.vault.passphrase import normalised, require_strong
from appliance.vault.primitives import KEY_SIZE, random_bytes
from appliance.vault.recovered import recovery_envelope
from appliance.vault.recovery import looks_like_code, new_code, read_code, secret_for, shown
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.slots import WRONG, SlotKind, open_slot
from appliance.vault.suites import PrivateKey, Profile, PublicKey

_PAYLOAD_MAGIC = b"CLPL\x01"
_PAYLOAD_ID = 16

# Two sessions of one process on one vault must not write over each other; between processes the
# folder's lock sees to it. Always taken after a session's own lock, never before.
_WRITING = threading.RLock()


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

    def __init__(self, folder: Path, document: Document, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring
        self._document = document
        self._mark: vault_file.FileMark | None = None
        self._lock = threading.RLock()

    # --- who and what ------------------------------------------------------------------------

    @property
    def vault_id(self) -> str:
        return self._document.id

    @property
    def profile(self) -> Profile:
        return self._document.profile

    @property
    def counter(self) -> int:
        """How often this vault was written. Put it into the log; `require_counter` at unlock."""
        with self._lock:
            return self._current().counter

    @property
    def person(self) -> Person:
        with self._lock:
            return self._shown(self._own(self._current()))

    def people(self) -> tuple[Person, ...]:
        with self._lock:
            return tuple(self._shown(entry) for entry in self._current().people)

    def auditors(self) -> tuple[KeyHolder, ...]:
        with self._lock:
            found = people.auditors_of(self._current())
            return tuple(KeyHolder(entry.id, entry.public) for entry in found)

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
        with the first that fits, give it the newest key, then call `finish_rotation`."""
        with self._lock:
            entry = holdings.collection_by_id(self._current(), collection)
            newest = self._keyring.collection_key(entry.id, entry.keys[-1])
            older = []
            for key in reversed(entry.keys[:-1]):
                try:
                    older.append(self._keyring.collection_key(entry.id, key))
                except NotAMember:  # joined after the rotation began, so the older is not theirs
                    continue
            return (newest, *older)

    # --- collections -------------------------------------------------------------------------

    def collections(self) -> tuple[tuple[str, str], ...]:
        """(id, title) of those whose key this person holds, in the order they were made."""
        with self._lock:
            found = []
            for entry in self._current().collections:
                try:
                    found.append((entry.id, holdings.title_of(entry, self._keyring)))
                except NotAMember:
                    continue
            return tuple(found)

    def create_collection(self, title: str, now: datetime) -> str:
        """Returns the id (32 hexadecimal digits). The key is held by this person and recovery."""
        key, creator = random_bytes(KEY_SIZE), self._keyring.holder
        changed = self._change(
            lambda document: holdings.new_collection(
                document, title, key, creator, people.stamp(now)
            )
        )
        return changed.collections[-1].id

    def members(self, collection: str) -> tuple[str, ...]:
        """Ids of the people who hold the key. Raises NotAMember."""
        with self._lock:
            self.collection_key(collection)
            document = self._current()
            return holdings.members_of(document, holdings.collection_by_id(document, collection))

    def add_member(self, collection: str, person: str) -> None:
        """Raises NotAMember if this session holds no key of it, PersonUnknown."""
        self.collection_key(collection)
        self._change(lambda old: holdings.with_member(old, collection, person, self._keyring))

    def remove_member(self, collection: str, person: str) -> str:
        """Begins a rotation: a new key that the person does not hold. Returns its id.

        What they could read before they may have copied; what is written from now on they cannot
        read once memory has re-keyed the store (`collection_keys`) and `finish_rotation` is called.
        """
        self.collection_key(collection)
        key = random_bytes(KEY_SIZE)
        changed = self._change(
            lambda old: holdings.without_member(old, collection, person, key, self._keyring)
        )
        return holdings.collection_by_id(changed, collection).keys[-1].id

    def rotating(self, collection: str) -> bool:
        """Whether a rotation was begun and not finished."""
        with self._lock:
            return len(holdings.collection_by_id(self._current(), collection).keys) > 1

    def finish_rotation(self, collection: str) -> None:
        """Destroys every key of the collection but the newest. Only after the store has it."""
        self.collection_key(collection)
        self._change(lambda old: holdings.rotation_finished(old, collection))

    # --- personal text in the log ------------------------------------------------------------

    def seal_to_auditors(self, plaintext: bytes, context: Context) -> bytes:
        """Readable by the auditors and by nobody once `erase_payload_key` was called. The first
        call after that (or ever) writes the vault; the others do not."""
        with self._lock:
            person = self._keyring.holder
            entry = holdings.payload_of(self._current(), person)
            if entry is None:
                key = random_bytes(KEY_SIZE)
                self._change(lambda old: holdings.new_payload(old, person, key))
                entry = holdings.payload_of(self._document, person)
            if entry is None:
                raise VaultDamaged("The vault lost a key it had just written.")
            key = self._keyring.payload_key(entry)
            header = _PAYLOAD_MAGIC + bytes.fromhex(entry.id)
            return header + seal(key, plaintext, context)

    def open_as_auditor(self, untrusted: bytes, context: Context) -> bytes:
        """Raises NotPermitted (no auditor), KeyErased, NotAMember (not wrapped to this auditor
        yet: it is as soon as that person logs in), Tampered."""
        with self._lock:
            self._require_role(Role.AUDITOR, "Only an auditor reads what the log has sealed.")
            start = len(_PAYLOAD_MAGIC)
            if not untrusted.startswith(_PAYLOAD_MAGIC):
                raise Tampered("A sealed entry of the log is malformed.")
            payload = untrusted[start : start + _PAYLOAD_ID].hex()
            for entry in self._current().payloads:
                if entry.id == payload:
                    key = self._keyring.payload_key(entry)
                    return unseal(key, untrusted[start + _PAYLOAD_ID :], context)
            raise KeyErased("The key of this entry was erased, or it is another vault's.")

    def erase_payload_key(self, person: str) -> None:
        """Makes unreadable for ever what the log has sealed of this person until now. Copies of
        vault.json made before (backups) still hold the key: they must be destroyed too."""
        self._require_role(Role.ADMINISTRATOR, "Only an administrator erases a person's entries.")
        self._change(lambda old: holdings.without_payload(old, person))

    # --- people ------------------------------------------------------------------------------

    def add_person(
        self, name: str, passphrase: str, roles: tuple[Role, ...], now: datetime
    ) -> tuple[Person, str]:
        """The person and their recovery code, which is shown once. Raises NotPermitted,
        PassphraseTooWeak, NameUnusable (taken, or no name)."""
        with self._lock:
            self._require_role(Role.ADMINISTRATOR, "Only an administrator adds people.")
            document = self._current()
            newcomer = people.new_person(
                name,
                passphrase,
                roles,
                now,
                vault=document.id,
                salt=document.salt,
                vault_key=self._keyring.vault_key,
                profile=document.profile,
            )

            def add(old: Document) -> Document:
                if any(entry.lookup == newcomer.entry.lookup for entry in old.people):
                    raise NameUnusable("This name is taken.")
                grown = replace(old, people=(*old.people, newcomer.entry))
                return holdings.mended(grown, self._keyring)

            self._change(add)
            return self._shown(newcomer.entry), shown(newcomer.code)

    def change_passphrase(self, old: str, new: str) -> None:
        """Rewrites this person's passphrase slot and nothing else. `old` may be the recovery code.
        Raises WrongPassphrase, PassphraseTooWeak."""
        with self._lock:
            document = self._current()
            entry = self._own(document)
            require_strong(new, self._shown(entry).name)
            private = require_secret(document, entry, old)
            slot = people.passphrase_slot(new, private, document.id, entry.id, document.profile)
            self._change(
                lambda latest: with_person(latest, people.with_slot(self._own(latest), slot))
            )

    def new_recovery_code(self) -> str:
        """Replaces this person's recovery code; the old one opens nothing any more. For the
        custodian the institution's recovery key pair is replaced with it."""
        with self._lock:
            document, code = self._current(), new_code()
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
                slotted = with_person(old, people.with_slot(self._own(old), slot))
                renewed = replace(slotted, recovery=rotated or old.recovery)
                return holdings.mended(renewed, self._keyring)

            self._change(renew)
            return shown(code)

    def recoverable(self, recovery_code: str) -> tuple[tuple[str, str], ...]:
        """(id, title) of every collection the custodian's code can bring back."""
        with self._lock:
            document = self._current()
            return holdings.recoverable(document, self._institution(document, recovery_code))

    def recovery_envelope(self) -> bytes:
        """What a backup carries so that the recovery code alone opens it (`recovered.py`): no
        secret in the clear, nothing of any person but the custodian's id."""
        with self._lock:
            return recovery_envelope(self._current())

    def recover_collection(self, collection: str, recovery_code: str) -> None:
        """Makes this person a member with the custodian's recovery code; log it."""
        with self._lock:
            private = self._institution(self._current(), recovery_code)
            person = self._keyring.holder
            self._change(
                lambda old: holdings.with_recovered_member(old, collection, person, private)
            )

    def recover_payloads(self, recovery_code: str) -> None:
        """Gives this auditor the log's keys of people who have left; log it."""
        with self._lock:
            self._require_role(Role.AUDITOR, "Only an auditor reads what the log has sealed.")
            private, person = self._institution(self._current(), recovery_code), self.person.id
            self._change(lambda old: holdings.with_recovered_payloads(old, person, private))

    def mend(self) -> bool:
        """Wraps what this person holds to those who should hold it and do not yet (an auditor who
        came later, a new recovery key). Returns whether anything was written."""
        with self._lock, _WRITING:
            before = self._fresh()
            return self._change(lambda old: holdings.mended(old, self._keyring)) != before

    def close(self) -> None:
        """Overwrites the keys (keyring.py says how far that goes). May be called twice."""
        with self._lock:
            self._keyring.close()

    # --- within ------------------------------------------------------------------------------

    def _current(self) -> Document:
        try:
            if vault_file.mark(self._folder) == self._mark:
                self._keyring.vault_subkey("open")  # raises SessionClosed
                return self._document
        except NoVault:
            raise VaultDamaged("vault.json has gone while it was open.") from None
        return self._fresh()

    def _fresh(self) -> Document:
        """Reads, authenticates and accepts the file, unless it is older than what was seen."""
        vault_key = self._keyring.vault_key
        mark = vault_file.mark(self._folder)
        document = require_authentic(vault_file.load(self._folder), vault_key)
        if document.id != self._document.id or document.counter < self._document.counter:
            raise VaultDamaged("vault.json was replaced by an older or another one.")
        self._document, self._mark = document, mark
        return document

    def _change(self, edit: Callable[[Document], Document]) -> Document:
        with self._lock, _WRITING:
            old = self._fresh()
            edited = edit(old)
            if edited == old:
                return old
            new = replace(edited, counter=old.counter + 1)
            vault_file.save(self._folder, new, self._keyring.vault_key)
            self._document, self._mark = new, vault_file.mark(self._folder)
            return new

    def _own(self, document: Document) -> PersonEntry:
        return people.person_by_id(document, self._keyring.holder)

    def _shown(self, entry: PersonEntry) -> Person:
        return people.shown_person(entry, self._document.id, self._keyring.vault_key)

    def _require_role(self, role: Role, sentence: str) -> None:
        if role not in self._own(self._current()).roles:
            raise NotPermitted(sentence)

    def _institution(self, document: Document, recovery_code: str) -> PrivateKey:
        secret = secret_for(read_code(recovery_code), "institution")
        recovery = document.recovery
        return open_slot(recovery.slot, secret, contexts.slot_owner(document.id, recovery.id))


def require_secret(document: Document, entry: PersonEntry, secret: str) -> PrivateKey:
    """The person's private key, if `secret` is their passphrase or recovery code.

    Raises WrongPassphrase, RecoveryCodeMistyped (before the slow derivation)."""
    is_code = looks_like_code(secret)
    raw = secret_for(read_code(secret), "person") if is_code else normalised(secret)
    slot = people.slot_of(entry, SlotKind.RECOVERY if is_code else SlotKind.PASSPHRASE)
    if slot is None:
        raise WrongPassphrase(WRONG)
    return open_slot(slot, raw, contexts.slot_owner(document.id, entry.id))
