"""vault.json while somebody has it open: read again when it was replaced, changed as a whole.

Rules kept here: the document on the disk decides, it is read again whenever it was replaced, and a
lower counter than the one seen before is refused, as is a roster that is not the one seen before
and its continuation; every change is one durable replacement with the counter one higher, and is
held against the roster before it is written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appliance.values import Person, Role
from appliance.vault import people, roster, vault_file
from appliance.vault.document import Document, PersonEntry, with_person
from appliance.vault.encoding import require_authentic
from appliance.vault.errors import NotPermitted, NoVault, VaultDamaged
from appliance.vault.keyring import Keyring
from appliance.vault.roster import Roll
from appliance.vault.suites import PrivateKey

# Two sessions of one process on one vault must not write over each other; between processes the
# folder's lock sees to it. Always taken after a session's own lock, never before.
WRITING = threading.RLock()


class OpenVault:
    """Safe to call from several threads. Raises SessionClosed once its keyring is closed."""

    def __init__(self, folder: Path, document: Document, keyring: Keyring, roll: Roll) -> None:
        """document: authenticated; roll: of its roster, followed from the person's anchor."""
        self._folder = folder
        self.keyring = keyring
        self.document = document
        self.roll = roll
        self.lock = threading.RLock()
        self._mark: vault_file.FileMark | None = None

    def current(self) -> Document:
        try:
            if vault_file.mark(self._folder) == self._mark:
                self.keyring.vault_subkey("open")  # raises SessionClosed
                return self.document
        except NoVault:
            raise VaultDamaged("vault.json has gone while it was open.") from None
        return self.fresh()

    def fresh(self) -> Document:
        """Reads, authenticates and accepts the file, unless it is older than what was seen."""
        vault_key = self.keyring.vault_key
        mark = vault_file.mark(self._folder)
        document = require_authentic(vault_file.load(self._folder), vault_key)
        if document.id != self.document.id or document.counter < self.document.counter:
            raise VaultDamaged("vault.json was replaced by an older or another one.")
        self._accept(document)
        self._mark = mark
        return document

    def change(self, edit: Callable[[Document], Document]) -> Document:
        """Writes what `edit` makes of the newest document; durable on return. After an error, also
        one that `edit` raises, the vault is as it was."""
        with self.lock, WRITING:
            old = self.fresh()
            edited = edit(old)
            if edited == old:
                return old
            if edited.roster != old.roster:  # who signs has seen it
                private, person = self.keyring.private(), self.keyring.holder
                edited = with_anchor(edited, person, private)
            new = replace(edited, counter=old.counter + 1)
            roll = self._followed(new)
            vault_file.save(self._folder, new, self.keyring.vault_key)
            self.document, self.roll = new, roll
            self._mark = vault_file.mark(self._folder)
            return new

    def own(self, document: Document) -> PersonEntry:
        return people.person_by_id(document, self.keyring.holder)

    def shown(self, entry: PersonEntry) -> Person:
        return people.shown_person(self.document, entry, self.keyring.vault_key)

    def require_role(self, role: Role, sentence: str) -> None:
        if role not in self.own(self.current()).roles:
            raise NotPermitted(sentence)

    def _accept(self, document: Document) -> None:
        self.document, self.roll = document, self._followed(document)

    def _followed(self, document: Document) -> Roll:
        if document.roster == self.document.roster:
            roll = self.roll
        elif self.roll.serial:
            roll = roster.followed(document, self.roll.known)
        else:  # brought forward from version 1, by this very session
            private, person = self.keyring.private(), self.keyring.holder
            anchor = people.person_by_id(document, person).anchor
            known = roster.opened_anchor(private, document.id, person, anchor)
            roll = roster.followed(document, known)
        if document.roster:
            roster.require_listed(document, roll)
        return roll


def with_anchor(document: Document, person: str, private: PrivateKey) -> Document:
    """The person has followed the roster to its present end."""
    known = roster.followed(document, None).known
    anchor = roster.sealed_anchor(private, document.id, person, known)
    return with_person(document, replace(people.person_by_id(document, person), anchor=anchor))
