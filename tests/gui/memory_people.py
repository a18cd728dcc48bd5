"""People, members and broken glass that are kept in memory, with the product's own errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from appliance.accounts import Membership
from appliance.errors import CloisterError, UsageError
from appliance.glass import Alert, NotYours
from appliance.people import Glass, require_minutes, require_reason
from appliance.values import Account, Person, Role, Standing

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CODE = "ENR7-K2XM-9QTD-4HWB"
ME = Person("p1", "Dr Ada Winter", (Role.MEMBER, Role.CURATOR, Role.ADMINISTRATOR, Role.AUDITOR))
PEOPLE = (
    Account(ME, Standing.ACTIVE, custodian=True),
    Account(Person("p2", "Bert Lind", (Role.MEMBER,)), Standing.ACTIVE),
    Account(Person("p3", "Prof Dr med Constance Fitzwilliam-Oyelaran of the Northgate Foundation",
                   (Role.MEMBER, Role.CURATOR)), Standing.ACTIVE),
    Account(Person("p4", "Dora Marsh", (Role.ADMINISTRATOR,)), Standing.INVITED),
    Account(Person("p5", "Egon Fell", ()), Standing.CLOSED),
)  # fmt: skip
ALERT = Alert("a1", 3, "p2", "k9", NOW, NOW + timedelta(minutes=60))
REASON = "Patient in theatre, their pathway is in the other ward's collection."


class CodeWrong(CloisterError):
    code = "enrolment_code_wrong"
    hint = "Check name and code, or ask for a new one."


class MemoryPeople:
    """breaks: (id, title) of what this person may open in an emergency."""

    def __init__(self) -> None:
        self.accounts = {account.person.id: account for account in PEOPLE}
        self.inside: dict[str, list[str]] = {"k1": ["p1", "p2"]}
        self.prepared: dict[str, list[str]] = {"k1": ["p3"]}
        self.breaks: tuple[tuple[str, str], ...] = ()
        self.open: dict[str, Glass] = {}
        self.told: list[Alert] = []
        self.remarks: list[str] = []
        self.released: list[str] = []

    def all(self) -> tuple[Account, ...]:
        return tuple(self.accounts.values())

    def invite(self, name: str, roles: Iterable[Role]) -> tuple[Person, str]:
        if any(account.person.name == name for account in self.accounts.values()):
            raise UsageError("This name is taken.", hint="Choose another.")
        person = Person(f"p{len(self.accounts) + 1}", name, tuple(roles))
        self.accounts[person.id] = Account(person, Standing.INVITED)
        return person, CODE

    def enrolled(self, code: str, name: str) -> Person:
        for account in self.accounts.values():
            invited = account.standing is Standing.INVITED
            if invited and (code, name) == (CODE, account.person.name):
                found = replace(account, standing=Standing.ACTIVE)
                self.accounts[account.person.id] = found
                return found.person
        raise CodeWrong("This code does not enrol anybody.")

    def invite_again(self, person: str) -> tuple[Person, str]:
        account = self.accounts[person]
        self.accounts[person] = replace(account, standing=Standing.INVITED)
        return account.person, CODE

    def set_roles(self, person: str, roles: Iterable[Role]) -> None:
        account = self.accounts[person]
        changed = replace(account.person, roles=tuple(roles))
        self.accounts[person] = replace(account, person=changed)

    def close(self, person: str) -> None:
        self.set_roles(person, ())
        self.accounts[person] = replace(self.accounts[person], standing=Standing.CLOSED)

    def reopen(self, person: str, roles: Iterable[Role]) -> None:
        self.set_roles(person, roles)
        self.accounts[person] = replace(self.accounts[person], standing=Standing.ACTIVE)

    def erase(self, person: str) -> str:
        del self.accounts[person]
        return "5d41402abc4b2a76"

    def release(self, person: str) -> None:
        self.released.append(person)

    def members(self, collection: str) -> Membership:
        return Membership(
            collection,
            tuple(self.accounts[one].person for one in self.inside.get(collection, [])),
            tuple(self.accounts[one].person for one in self.prepared.get(collection, [])),
        )

    def join(self, collection: str, person: str) -> None:
        self.inside[collection].append(person)

    def leave(self, collection: str, person: str) -> None:
        if self.inside[collection] == [person]:
            raise UsageError("This is the last member.", hint="Add another member first.")
        self.inside[collection].remove(person)

    def prepare(self, collection: str, person: str) -> None:
        self.prepared[collection].append(person)

    def withdraw(self, collection: str, person: str) -> None:
        self.prepared[collection].remove(person)

    def breakable(self) -> tuple[tuple[str, str], ...]:
        return self.breaks

    def broken(self) -> tuple[Glass, ...]:
        return tuple(self.open.values())

    def break_glass(self, collection: str, reason: str, minutes: int) -> Glass:
        require_reason(reason)
        ends = NOW + require_minutes(minutes)
        made = Glass("g1", collection, dict(self.breaks)[collection], ends, 0.0)
        self.open[collection] = made
        return made

    def mend_glass(self, collection: str) -> None:
        del self.open[collection]

    def alerts(self) -> tuple[Alert, ...]:
        return tuple(self.told)

    def review(self, alert: str, remark: str) -> None:
        found = next(one for one in self.told if one.id == alert)
        if found.person == ME.id:
            raise NotYours("You broke this glass yourself.")
        self.remarks.append(require_reason(remark))
        self.told.remove(found)

    def payload(self) -> str:
        return json.dumps({"reason": REASON})
