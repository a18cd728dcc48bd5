"""People as an administrator, a curator and an auditor manage them: allowed, confirmed, logged.

Rules kept here: every act is allowed by policy, asks for fresh proof of who acts, and has a record
before it is done and one after, with ids and no names; what an act takes away by key is taken in
the vault before anything else happens; the roster refuses what this person may not state, whatever
the policy allows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from appliance.desk import Desk, NotAllowed
from appliance.entering import Door
from appliance.errors import CloisterError, UsageError
from appliance.glass import RECOVERY, Alert
from appliance.people import Glass
from appliance.policy import Action
from appliance.rotation import rotate
from appliance.values import Account, Person, Role, Verdict
from appliance.vault import NotAMember

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Membership:
    """Of one collection: who holds its key, and whose its glass is to break."""

    collection: str
    members: tuple[Person, ...]
    emergency: tuple[Person, ...]


class People:
    """Of an open desk. Each method raises NotAllowed (policy), ConfirmFirst, NotPermitted (the
    roster's rule), PersonUnknown, StorageFull, StorageReadOnly, LogUnwritable."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk = desk
        self._door = door
        self._accounts = desk.session.accounts

    # --- accounts ----------------------------------------------------------------------------

    def all(self) -> tuple[Account, ...]:
        """Everybody but who was erased. Whoever works here may know who else does."""
        return self._accounts.all()

    def named(self, name: str) -> Person:
        """By name or id. Raises PersonUnknown."""
        return self._accounts.named(name)

    def invite(self, name: str, roles: Iterable[Role]) -> tuple[Person, str]:
        """The person, and the one-time code they enrol with within 14 days; it is shown once."""
        wanted = _usable(roles)
        with self._act(Action.MANAGE_PEOPLE, "person.inviting") as done:
            person, code = self._accounts.invite(name, wanted, self._desk.now())
            done("person.invited", person.id, roles=_spelled(wanted))
        return person, code

    def add(self, name: str, passphrase: str, roles: Iterable[Role]) -> tuple[Person, str]:
        """Somebody who types a passphrase here and now: the person and their recovery code."""
        wanted = _usable(roles)
        with self._act(Action.MANAGE_PEOPLE, "person.adding") as done:
            person, code = self._accounts.add(name, passphrase, wanted, self._desk.now())
            done("person.added", person.id, roles=_spelled(wanted))
        return person, code

    def invite_again(self, person: str) -> tuple[Person, str]:
        """A new one-time code, for who lost theirs, or passphrase and recovery code. The latter
        begin anew as another person of the same name; what was theirs is erased."""
        with self._act(Action.MANAGE_PEOPLE, "person.inviting_again", person) as done:
            invited, code = self._accounts.invite_again(person, self._desk.now())
            done("person.invited_again", person, now=invited.id)
        if invited.id != person:
            _removed(self._desk, person)
            self._rotate_due()
        return invited, code

    def set_roles(self, person: str, roles: Iterable[Role]) -> None:
        """All roles the person has from now on. An auditor is made by an auditor alone, with
        `appoint`."""
        wanted = _usable(roles)
        with self._act(Action.MANAGE_PEOPLE, "roles.changing", person) as done:
            self._accounts.set_roles(person, wanted)
            done("roles.changed", person, roles=_spelled(wanted))

    def appoint(self, person: str) -> None:
        """Makes the person an auditor beside what they are: they can read what the log has sealed.
        For auditors."""
        wanted = _usable((*self._accounts.named(person).roles, Role.AUDITOR))
        with self._act(Action.APPOINT_AUDITORS, "auditor.appointing", person) as done:
            self._accounts.set_roles(person, wanted)
            done("auditor.appointed", person)

    def resign(self, role: Role) -> None:
        """Gives up a role of one's own. Raises NotPermitted for the last who has it."""
        mine = self._desk.person.id
        kept = tuple(one for one in self._desk.session.person.roles if one is not role)
        with self._own("roles.changing", mine) as done:
            self._accounts.set_roles(mine, kept)
            done("roles.changed", mine, roles=_spelled(kept))

    def close(self, person: str) -> None:
        """Nobody logs in with the account; its conversations are kept, under its own keys."""
        with self._act(Action.MANAGE_PEOPLE, "account.closing", person) as done:
            self._require_another(person)
            self._accounts.close(person)
            done("account.closed", person)
        self._rotate_due()

    def reopen(self, person: str, roles: Iterable[Role]) -> None:
        """Undoes `close`; collections have to add the person anew."""
        wanted = _usable(roles)
        with self._act(Action.MANAGE_PEOPLE, "account.opening", person) as done:
            self._accounts.reopen(person, wanted)
            done("account.opened", person, roles=_spelled(wanted))

    def erase(self, person: str, *, sealed_texts: bool = False) -> str:
        """Destroys the account, every key of its own, and its conversations with them; returns the
        digest that certifies it in the log. sealed_texts: also what the log has sealed of the
        person, for the auditors too. Copies of vault.json made before still hold the keys: the
        digest tells them."""
        with self._act(Action.MANAGE_PEOPLE, "person.erasing", person) as done:
            self._require_another(person)
            erased = self._accounts.erase(person, sealed_texts=sealed_texts)
            removed = _removed(self._desk, person)
            done(
                "person.erased",
                person,
                conversations=removed,
                keys_sha256=erased.digest,
                sealed_texts=sealed_texts,
                slots=erased.slots,
            )
        self._rotate_due()
        return erased.digest

    def hand_over(self, person: str) -> str:
        """Makes them the custodian; the code of the new recovery key, shown once. Collections get
        new keys, since who has the old code held theirs."""
        with self._own("custody.changing", person) as done:
            code = self._accounts.hand_over(person)
            done("custody.changed", person)
        return code

    def new_code(self) -> str:
        """A new recovery code for whoever is logged in, shown once; the old one opens nothing. For
        the custodian collections get new keys, as they are opened next."""
        mine = self._desk.person.id
        with self._own("recovery_code.changing", mine) as done:
            code = self._desk.session.new_recovery_code()
            done("recovery_code.changed", mine)
        return code

    def set_device_code(self, code: str) -> None:
        """Session.set_device_code, where the institution's settings allow a key store."""
        desk = self._desk
        if code and desk.settings.key_store != "allowed":
            raise NotAllowed("Your institution's settings do not allow the system's key store.")
        with self._own("device.changing", desk.person.id) as done:
            desk.session.set_device_code(code)
            done("device.changed", desk.person.id, used=bool(code))

    def release(self, person: str) -> None:
        """An account that was locked out may try again at once."""
        with self._act(Action.MANAGE_PEOPLE, "login.releasing", person) as done:
            self._door.release(self._desk.session, person)
            done("login.released", person)

    def confirm(self, secret: str) -> None:
        """Fresh proof of who is here. A failure counts as a failed log-in. Raises WrongPassphrase,
        TryLater, LockedOut."""
        desk = self._desk
        try:
            self._door.confirm(desk.session, secret)
        except CloisterError as error:
            desk.ledger.note("login.not_confirmed", outcome="failed", code=error.code)
            raise
        desk.confirmation.renew()
        desk.ledger.note("login.confirmed", outcome="done")

    # --- collections -------------------------------------------------------------------------

    def members(self, collection: str) -> Membership:
        """Raises NotAMember."""
        names = {account.person.id: account.person for account in self.all()}
        session = self._desk.session
        return Membership(
            collection,
            tuple(names[one] for one in session.members(collection)),
            tuple(names[one] for one in session.emergency.holders(collection)),
        )

    def join(self, collection: str, person: str) -> None:
        """The person gets the key of a collection of which one is a member. Raises NotAMember,
        UsageError (they have not enrolled)."""
        with self._act(Action.MANAGE_MEMBERS, "member.adding", person, collection) as done:
            self._desk.session.add_member(collection, person)
            done("member.added", person, collection=collection)

    def leave(self, collection: str, person: str) -> None:
        """The person loses every key of the collection at once; it gets a new key, now where this
        person is a member, else when one opens it. Raises NotAMember, UsageError (the last)."""
        session = self._desk.session
        members = session.members(collection)
        if person not in (*members, *session.emergency.holders(collection)):
            raise NotAMember("This person is not a member of the collection.")
        if members == (person,):
            raise UsageError("This is the last member.", hint="Add another member first.")
        with self._act(Action.MANAGE_MEMBERS, "member.removing", person, collection) as done:
            session.expel(collection, person)
            done("member.removed", person, collection=collection)
        self._rotate_due()

    def prepare(self, collection: str, person: str) -> None:
        """The person may break the glass of the collection. Raises NotAMember, UsageError."""
        with self._act(Action.MANAGE_MEMBERS, "glass.preparing", person, collection) as done:
            self._desk.session.emergency.prepare(collection, person)
            done("glass.prepared", person, collection=collection)

    def withdraw(self, collection: str, person: str) -> None:
        """They may not any more; the collection gets a new key. Raises NotAMember."""
        with self._act(Action.MANAGE_MEMBERS, "glass.withdrawing", person, collection) as done:
            self._desk.session.emergency.withdraw(collection, person)
            done("glass.withdrawn", person, collection=collection)
        self._rotate_due()

    def recoverable(self, code: str) -> tuple[tuple[str, str], ...]:
        """(id, title) of what the custodian's code can bring back. Raises WrongRecoveryCode."""
        return self._desk.session.recoverable(code)

    def recover(self, collection: str, code: str) -> None:
        """Makes this person a member with the custodian's code. The auditors are alerted before
        that, as of broken glass: it asks nobody who is in the collection."""
        with self._own("collection.recovering", collection) as done:
            self._desk.glass.alert(RECOVERY, collection)
            self._desk.session.recover_collection(collection, code)
            done("collection.recovered", collection)

    # --- glass -------------------------------------------------------------------------------

    def breakable(self) -> tuple[tuple[str, str], ...]:
        """(id, title) of the collections whose glass is this person's to break."""
        return self._desk.session.emergency.collections()

    def broken(self) -> tuple[Glass, ...]:
        return self._desk.glass.all()

    def break_glass(self, collection: str, reason: str, minutes: int) -> Glass:
        """glass.BrokenGlass.shatter."""
        return self._desk.glass.shatter(collection, reason, minutes)

    def mend_glass(self, collection: str) -> None:
        self._desk.glass.mend(collection)

    def waiting(self) -> int:
        """How many alerts wait for an auditor; 0 for who is none."""
        return self._desk.glass.waiting()

    def alerts(self) -> tuple[Alert, ...]:
        return self._desk.glass.alerts()

    def review(self, alert: str, remark: str) -> None:
        self._desk.glass.review(alert, remark)

    # --- within ------------------------------------------------------------------------------

    @contextmanager
    def _act(
        self, action: Action, beginning: str, person: str = "", collection: str = ""
    ) -> Iterator[Callable[..., None]]:
        """Allowed, confirmed, and with a record before. The block does it and says so with what it
        is given; whatever keeps it from that is in the log as well."""
        verdict = self._desk.require_confirmed(action, collection)
        with self._noted(beginning, person, verdict, collection) as done:
            yield done

    @contextmanager
    def _own(self, beginning: str, about: str) -> Iterator[Callable[..., None]]:
        """As `_act`, for what is a person's to do by the keys they hold, whatever the policy."""
        self._desk.confirmation.require_fresh()
        with self._noted(beginning, about) as done:
            yield done

    @contextmanager
    def _noted(
        self, beginning: str, person: str, verdict: Verdict | None = None, collection: str = ""
    ) -> Iterator[Callable[..., None]]:
        desk = self._desk
        within = (("collection", collection),) if collection else ()
        desk.ledger.note(beginning, object=person, verdict=verdict, details=within)

        def done(ending: str, about: str, **details: str | int | bool) -> None:
            desk.note_vault()
            desk.ledger.note(
                ending, object=about, outcome="done", details=tuple(sorted(details.items()))
            )

        try:
            yield done
        except CloisterError as error:
            desk.ledger.note(
                f"{beginning.split('.', maxsplit=1)[0]}.refused",
                object=person,
                outcome="refused",
                code=error.code,
                details=(*within, ("wanted", beginning)),
            )
            raise

    def _rotate_due(self) -> None:
        """What this person can give its new key gets it now; the rest when a member comes."""
        desk = self._desk
        for identifier, _ in desk.session.collections():
            if desk.session.due(identifier) and desk.library.holds(identifier):
                rotate(desk, identifier)

    def _require_another(self, person: str) -> None:
        if person == self._desk.person.id:
            raise UsageError("Nobody closes their own account.", hint="Ask another administrator.")


def _usable(roles: Iterable[Role]) -> tuple[Role, ...]:
    wanted = tuple(sorted(set(roles)))
    if not wanted:
        raise UsageError("A person has at least one role.", hint="Or close the account.")
    if Role.KIOSK in wanted and len(wanted) > 1:
        raise UsageError(
            "Who is a kiosk's visitor can be nothing else.", hint="Give them one role."
        )
    return wanted


def _spelled(roles: Iterable[Role]) -> str:
    return ",".join(sorted(roles))


def _removed(desk: Desk, person: str) -> str:
    """Takes the file of conversations away, whose key is destroyed already."""
    folder = desk.place.history(person).parent
    if not folder.exists():
        return "none"
    shutil.rmtree(folder, ignore_errors=True)
    return "left" if folder.exists() else "removed"
