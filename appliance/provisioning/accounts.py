"""What provisioning needs to be able to do with accounts, and how the vault does it.

Rules kept here: this is the one place that knows how accounts are made; each act has a record
before it is done and one after, with ids and roles and no names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.errors import UsageError
from appliance.policy import Action
from appliance.values import Person, Role
from appliance.vault import Vault

if TYPE_CHECKING:
    from appliance.desk import Desk


class Accounts(Protocol):
    """Of an open desk, in the name of the administrator. Each raises CloisterError, having changed
    nothing."""

    def people(self) -> tuple[Person, ...]: ...

    def waiting(self, person: str) -> bool:
        """Whether the person was invited and has not enrolled: they hold no key yet."""

    def add(self, name: str, passphrase: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        """The person, and the recovery code, which nobody is shown again."""

    def invite(self, name: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        """The person, and the one-time code to enrol with."""

    def join(self, collection: str, person: str) -> None:
        """Makes the person a member."""

    def new_code(self) -> str:
        """Replaces the administrator's own recovery code."""

    def new_code_of(self, person: Person, passphrase: str) -> str:
        """Replaces the recovery code of somebody whose passphrase is still the one given. Raises
        WrongPassphrase."""


class VaultAccounts:
    """Accounts as today's vault has them: everybody is added with a first passphrase."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._session = desk.session

    def people(self) -> tuple[Person, ...]:
        return self._session.people()

    def waiting(self, person: str) -> bool:
        return False

    def add(self, name: str, passphrase: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        desk = self._desk
        verdict = desk.require(Action.MANAGE_PEOPLE)
        desk.ledger.note("person.adding", verdict=verdict)
        person, code = self._session.add_person(name, passphrase, roles, desk.now())
        desk.note_vault()
        spelled = ",".join(sorted(role.value for role in roles))
        desk.ledger.note(
            "person.added", object=person.id, outcome="done", details=(("roles", spelled),)
        )
        return person, code

    def invite(self, name: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        raise UsageError("Nobody can be invited yet.", hint="Give the person a passphrase file.")

    def join(self, collection: str, person: str) -> None:
        desk = self._desk
        verdict = desk.require(Action.MANAGE_PEOPLE)
        within = (("collection", collection),)
        desk.ledger.note("member.adding", object=person, verdict=verdict, details=within)
        self._session.add_member(collection, person)
        desk.note_vault()
        desk.ledger.note("member.added", object=person, outcome="done", details=within)

    def new_code(self) -> str:
        desk = self._desk
        desk.ledger.note("recovery_code.changing", object=desk.person.id)
        code = self._session.new_recovery_code()
        desk.note_vault()
        desk.ledger.note("recovery_code.changed", object=desk.person.id)
        return code

    def new_code_of(self, person: Person, passphrase: str) -> str:
        desk = self._desk
        desk.ledger.note("recovery_code.changing", object=person.id)
        session = Vault(desk.place.data).unlock(passphrase, person.name)
        try:
            code = session.new_recovery_code()
        finally:
            session.close()
        desk.note_vault()
        desk.ledger.note("recovery_code.changed", object=person.id)
        return code
