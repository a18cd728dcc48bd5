"""Accounts: adding people, their roles, closing and erasing, and who keeps the recovery key.

Rules kept here: every change of who somebody is goes through the signed roster (roster.py), which
refuses what this person may not state; whoever loses an account, a role or their keys loses every
wrap that came with it in the same write; a new key is given only to who can log in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from appliance.errors import UsageError
from appliance.values import Account, Person, Role, Standing
from appliance.vault import contexts, holdings, payloads, people, roster
from appliance.vault.document import Document, Link, LinkKind, PersonEntry, with_person
from appliance.vault.errors import NameUnusable
from appliance.vault.keyring import Keyring
from appliance.vault.opened import OpenVault, with_anchor
from appliance.vault.primitives import sha256
from appliance.vault.recovery import new_code, shown
from appliance.vault.roster import Listed
from appliance.vault.suites import PrivateKey
from appliance.vault.wraps import wrap


@dataclass(frozen=True, slots=True)
class Erased:
    """What was destroyed, for the log: `digest` is the SHA-256 (hex) of the wrapped store key and
    the slots that led to it, so that a copy of them can be told; `slots` counts these."""

    digest: str
    slots: int


class Accounts:
    """The people of an open vault, changed in one person's name. Every change raises NotPermitted
    with the rule against it, PersonUnknown, StorageFull, StorageReadOnly."""

    def __init__(self, opened: OpenVault) -> None:
        self._open = opened

    def all(self) -> tuple[Account, ...]:
        """In the order they were added."""
        with self._open.lock:
            document = self._open.current()
            return tuple(
                Account(
                    self._open.shown(entry),
                    entry.standing,
                    entry.id == document.recovery.custodian,
                )
                for entry in document.people
            )

    def named(self, name: str) -> Person:
        """Raises PersonUnknown."""
        with self._open.lock:
            document = self._open.current()
            entry = people.find_person(document, name) if name.strip() else None
            return self._open.shown(entry or people.person_by_id(document, name))

    def tags(self) -> tuple[tuple[str, str], ...]:
        """(id, the tag `Vault.claimed` gives for their name) of everybody."""
        with self._open.lock:
            return tuple((one.id, one.lookup.hex()) for one in self._open.current().people)

    def tag(self, person: str) -> str:
        """Raises PersonUnknown."""
        with self._open.lock:
            return people.person_by_id(self._open.current(), person).lookup.hex()

    def add(
        self, name: str, passphrase: str, roles: Iterable[Role], now: datetime
    ) -> tuple[Person, str]:
        """Somebody who types a passphrase here and now; the person and their recovery code, which
        is shown once. Raises PassphraseTooWeak, NameUnusable (taken, or no name)."""
        with self._open.lock:
            document = self._ready()
            newcomer = people.new_person(
                name, passphrase, roles, now,
                vault=document.id, salt=document.salt, vault_key=self._open.keyring.vault_key,
                profile=document.profile,
            )  # fmt: skip
            self._admit(newcomer)
            return self._open.shown(newcomer.entry), shown(newcomer.code)

    def invite(self, name: str, roles: Iterable[Role], now: datetime) -> tuple[Person, str]:
        """Somebody who comes later; the person and the one-time code to enrol with
        (`Vault.enrol`). Raises NameUnusable."""
        with self._open.lock:
            document = self._ready()
            newcomer = people.invited_person(
                name, roles, now,
                vault=document.id, salt=document.salt, vault_key=self._open.keyring.vault_key,
                profile=document.profile,
            )  # fmt: skip
            self._admit(newcomer)
            return self._open.shown(newcomer.entry), shown(newcomer.code)

    def invite_again(self, person: str, now: datetime) -> tuple[Person, str]:
        """A new one-time code, for who lost theirs, or lost passphrase and recovery code. The
        latter begin anew as another person of the same name: in no collection, an auditor no more;
        what was theirs is erased, since whoever makes the code could use it."""
        with self._open.lock:
            document = self._ready()
            entry = people.person_by_id(document, person)
            lost = entry.standing is not Standing.INVITED
            roles = tuple(role for role in entry.roles if role is not Role.AUDITOR)
            kept = replace(entry, id=people.new_id(), name=b"", roles=roles) if lost else entry
            name = self._open.shown(entry).name
            newcomer = people.invited_again(
                replace(kept, name=people.sealed_name(
                    name, kept.id, document.id, self._open.keyring.vault_key
                )),
                now,
                vault=document.id, vault_key=self._open.keyring.vault_key,
                profile=document.profile,
            )  # fmt: skip
            self._admit(newcomer, instead_of=person if lost else "")
            return self._open.shown(newcomer.entry), shown(newcomer.code)

    def set_roles(self, person: str, roles: Iterable[Role]) -> None:
        """Auditors are made by auditors alone. Who ceases to be one loses the log's keys at once;
        who becomes one gets those that this person holds."""
        wanted = tuple(sorted(set(roles)))

        def change(old: Document) -> Document:
            entry = people.person_by_id(old, person)
            if entry.standing is Standing.CLOSED:
                raise UsageError("This account is closed.", hint="Open it again first.")
            stated = self._stated(old, replace(entry, roles=wanted))
            return mended(stated, self._open.keyring)

        self._ready()
        self._open.change(change)

    def close(self, person: str) -> None:
        """Nobody logs in with it any more: it loses the vault's key, its collections and its
        roles. Its conversations stay, sealed to keys that are left in their slots."""

        def change(old: Document) -> Document:
            entry = people.person_by_id(old, person)
            closed = replace(entry, roles=(), standing=Standing.CLOSED, vault_key=b"")
            stated = self._stated(holdings.without_holder(old, person), closed)
            return mended(stated, self._open.keyring)

        self._ready()
        self._open.change(change)

    def reopen(self, person: str, roles: Iterable[Role]) -> None:
        """The person logs in as before, and reads their conversations. Their collections' members
        have to add them anew."""
        wanted = tuple(sorted(set(roles)))

        def change(old: Document) -> Document:
            entry = people.person_by_id(old, person)
            if entry.standing is not Standing.CLOSED:
                raise UsageError("This account is not closed.", hint="See `cloister people list`.")
            key = wrap(
                entry.public, self._open.keyring.vault_key, contexts.vault_key(old.id, person)
            )
            opened = replace(entry, roles=wanted, standing=Standing.ACTIVE, vault_key=key)
            return self._stated(old, opened)

        self._ready()
        self._open.change(change)

    def erase(self, person: str, *, sealed_texts: bool = False) -> Erased:
        """The account and every key of its own are destroyed: its conversations cannot be read by
        anybody. Copies of vault.json made before (backups) still hold them. sealed_texts: so are
        the keys of what the log has sealed of the person."""
        destroyed: list[Erased] = []

        def change(old: Document) -> Document:
            entry = people.person_by_id(old, person)
            destroyed.append(
                Erased(
                    sha256(b"".join((entry.store_key, *(s.sealed for s in entry.slots)))).hex(),
                    len(entry.slots),
                )
            )
            kept = self._without(old, person)
            if sealed_texts:
                kept = payloads.without(kept, person)
            return mended(kept, self._open.keyring)

        self._ready()
        self._open.change(change)
        return destroyed[-1]

    def hand_over(self, person: str) -> str:
        """Makes them the custodian; returns the code of a new recovery key, which is shown once.
        The old code opens nothing in this file any more. Only the custodian does this."""
        with self._open.lock:
            document, code = self._ready(), new_code()
            renewed = people.new_recovery(
                person, code,
                vault=document.id, vault_key=self._open.keyring.vault_key,
                profile=document.profile,
            )  # fmt: skip

            def change(old: Document) -> Document:
                people.person_by_id(old, person)
                stated = self.recovery_stated(replace(old, recovery=renewed))
                return mended(stated, self._open.keyring)

            self._open.change(change)
            return shown(code)

    def recovery_stated(self, document: Document) -> Document:
        """The document with a signed statement of its present recovery key."""
        recovery = document.recovery
        link = Link(
            LinkKind.RECOVERY,
            recovery.id,
            self._open.keyring.holder,
            roster.public_hash(recovery.public),
            custodian=recovery.custodian,
        )
        return roster.signed(document, link, self._open.keyring.private())

    # --- within ------------------------------------------------------------------------------

    def _ready(self) -> Document:
        document = self._open.current()
        if not document.roster:
            raise UsageError(
                "This vault was made by an older Cloister and has several people already.",
                hint="Make a new vault and add the documents there.",
            )
        return document

    def _stated(self, document: Document, entry: PersonEntry) -> Document:
        """The document with this entry, its keys unchanged, and a statement of it."""
        listed = roster.followed(document, None).people[entry.id]
        return _with_statement(
            document, entry, listed, self._open.keyring.holder, self._open.keyring.private()
        )

    def _without(self, document: Document, person: str) -> Document:
        gone = replace(people.person_by_id(document, person), roles=(), standing=Standing.GONE)
        stated = self._stated(holdings.without_holder(document, person), gone)
        kept = tuple(entry for entry in stated.people if entry.id != person)
        return replace(stated, people=kept)

    def _admit(self, newcomer: people.Newcomer, instead_of: str = "") -> None:
        """A new person, or one with new keys, or one in the place of another."""
        entry, keyring = newcomer.entry, self._open.keyring
        signing = roster.signing_key(newcomer.private).public.raw

        def change(old: Document) -> Document:
            if instead_of:
                old = self._without(old, instead_of)
            others = tuple(one for one in old.people if one.id != entry.id)
            if any(one.lookup == entry.lookup for one in others):
                raise NameUnusable("This name is taken.")
            cleared = holdings.without_holder(old, entry.id)
            if len(others) == len(old.people):
                cleared = replace(cleared, people=(*cleared.people, entry))
            public = roster.public_hash(entry.public)
            listed = Listed(entry.roles, entry.standing, public, signing, entry.lookup)
            stated = _with_statement(cleared, entry, listed, keyring.holder, keyring.private())
            anchored = with_anchor(stated, entry.id, newcomer.private)
            return mended(anchored, keyring)

        self._open.change(change)


def mended(document: Document, keyring: Keyring) -> Document:
    """Whatever this person holds is wrapped to all who should hold it, and to nobody else."""
    return payloads.mended(holdings.mended(document, keyring), keyring)


def _with_statement(
    document: Document, entry: PersonEntry, listed: Listed, by: str, private: PrivateKey
) -> Document:
    link = Link(
        LinkKind.PERSON,
        entry.id,
        by,
        listed.public,
        listed.signing,
        entry.roles,
        entry.standing,
        name=entry.lookup,
    )
    return with_person(roster.signed(document, link, private), entry)


def founded(document: Document, person: PersonEntry, private: PrivateKey) -> Document:
    """The document with the first two links of a roster: its founder, its recovery key."""
    public, signing = roster.public_hash(person.public), roster.signing_key(private).public.raw
    listed = Listed(person.roles, person.standing, public, signing, person.lookup)
    stated = _with_statement(document, person, listed, person.id, private)
    recovery = document.recovery
    link = Link(
        LinkKind.RECOVERY,
        recovery.id,
        person.id,
        roster.public_hash(recovery.public),
        custodian=recovery.custodian,
    )
    return with_anchor(roster.signed(stated, link, private), person.id, private)


def enrolled(
    document: Document, entry: PersonEntry, interim: PrivateKey, private: PrivateKey
) -> Document:
    """The document with the person under keys of their own, on the word of the interim keys."""
    listed = Listed(
        entry.roles,
        entry.standing,
        roster.public_hash(entry.public),
        roster.signing_key(private).public.raw,
        entry.lookup,
    )
    stated = _with_statement(document, entry, listed, entry.id, interim)
    return with_anchor(stated, entry.id, private)
