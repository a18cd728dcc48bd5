"""What provisioning needs to be able to do with accounts, and how the vault does it.

Rules kept here: this is the one place that knows how accounts are made; each act has a record
before it is done and one after, with ids and roles and no names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.accounts import People
from appliance.entering import Door
from appliance.values import Person, Role, Standing
from appliance.vault import Vault

if TYPE_CHECKING:
    from appliance.desk import Desk


class Accounts(Protocol):
    """Of an open desk, in the name of the administrator. Each raises CloisterError, having changed
    nothing."""

    def people(self) -> tuple[Person, ...]:
        """Those whose accounts are open."""

    def closed(self) -> tuple[Person, ...]:
        """Those whose accounts were closed; their names are taken."""

    def waiting(self, person: str) -> bool:
        """Whether the person was invited and has not enrolled: they hold no key yet."""

    def add(self, name: str, passphrase: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        """The person, and the recovery code, which nobody is shown again."""

    def invite(self, name: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        """The person, and the one-time code to enrol with."""

    def invite_again(self, person: Person) -> str:
        """A new one-time code for somebody who is waited for."""

    def join(self, collection: str, person: str) -> None:
        """Makes the person a member."""

    def new_code(self) -> str:
        """Replaces the administrator's own recovery code."""

    def new_code_of(self, person: Person, passphrase: str) -> str:
        """Replaces the recovery code of somebody whose passphrase is still the one given. Raises
        WrongPassphrase."""


class VaultAccounts:
    """Accounts as they are managed everywhere else (accounts.People). The administrator's
    passphrase is in the run's hands, so who acts is proved for as long as it takes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._door = Door(desk.place.data)
        self._people = People(desk, self._door)

    def people(self) -> tuple[Person, ...]:
        return self._with(Standing.INVITED, Standing.ACTIVE)

    def closed(self) -> tuple[Person, ...]:
        return self._with(Standing.CLOSED)

    def waiting(self, person: str) -> bool:
        return any(one.id == person for one in self._with(Standing.INVITED))

    def add(self, name: str, passphrase: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        self._desk.confirmation.renew()
        return self._people.add(name, passphrase, roles)

    def invite(self, name: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        self._desk.confirmation.renew()
        return self._people.invite(name, roles)

    def invite_again(self, person: Person) -> str:
        self._desk.confirmation.renew()
        return self._people.invite_again(person.id)[1]

    def join(self, collection: str, person: str) -> None:
        self._desk.confirmation.renew()
        self._people.join(collection, person)

    def new_code(self) -> str:
        self._desk.confirmation.renew()
        return self._people.new_code()

    def _with(self, *standings: Standing) -> tuple[Person, ...]:
        return tuple(one.person for one in self._people.all() if one.standing in standings)

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
