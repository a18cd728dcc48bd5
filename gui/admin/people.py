"""People: who works here with which roles, and who is a member of which collection.

Rules kept here: what the policy does not let this person do is not offered; every act may need
fresh proof of who acts, and is repeated once that was given.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from appliance.values import Account, Standing
from gui.admin.members import Found, Members
from gui.admin.page import Page
from gui.admin.people_forms import ChangeRoles, CloseAccount, HandedCode, Invite
from gui.admin.people_table import PeopleTable
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.desk import Desk
from gui.text import plain
from gui.worker import Lane

MANAGES = "manage_people"


class PeoplePage(Page):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("People"),
            self.tr(
                "Each person has keys of their own. A role says what they may do; the key of a "
                "collection says what they can read. An administrator reads nothing."
            ),
            parent,
        )
        self._found: Found | None = None
        self.table = PeopleTable()
        self.invite = self.head_button(
            TextButton(self.tr("Invite somebody …"), kind="primary", glyph="plus", tone="on_accent")
        )
        self.roles = TextButton(self.tr("Roles …"))
        self.again = TextButton(self.tr("New code …"))
        self.release = TextButton(self.tr("Let in at once"))
        self.reopen = TextButton(self.tr("Open it again …"))
        self.close_it = TextButton(self.tr("Close the account …"), kind="danger")
        self._acts = (self.roles, self.again, self.release, self.reopen, self.close_it)
        self.members = Members(self)
        self.body.addWidget(self.table)
        self.buttons(*self._acts)
        self.body.addWidget(self.members)
        self.body.addStretch(1)
        self.invite.clicked.connect(self.ask_to_invite)
        self.roles.clicked.connect(self.ask_for_roles)
        self.again.clicked.connect(self.new_code)
        self.release.clicked.connect(self.let_in)
        self.reopen.clicked.connect(self.ask_to_reopen)
        self.close_it.clicked.connect(self.ask_to_close)
        self.table.chosen.connect(self._offer)
        self.forget()

    # --- what the shell says ----------------------------------------------------------------

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> Found:
            with product.people() as people:
                accounts = people.all()
            person = product.person
            me = person.id if person is not None else ""
            return Found(accounts, product.collections(), product.allowed(), me)

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self._found = None
        self.table.rows.show_accounts((), "")
        self.members.forget()
        self.notice.forget()
        for widget in (self.invite, *self._acts):
            widget.hide()

    # --- accounts ---------------------------------------------------------------------------

    def ask_to_invite(self) -> None:
        form = Invite(self.window())

        def submit() -> None:
            name, roles = form.name.text().strip(), form.roles.chosen

            def act() -> tuple[str, str]:
                with self.desk.appliance.people() as people:
                    person, code = people.invite(name, roles)
                    return person.name, code

            self.submit(form, act, self._hand)

        form.submitted.connect(submit)
        form.open()

    def ask_for_roles(self) -> None:
        account = self.table.account()
        if account is None:
            return
        form = ChangeRoles(self.window(), account.person)

        def submit() -> None:
            wanted = form.roles.chosen

            def act() -> None:
                with self.desk.appliance.people() as people:
                    people.set_roles(account.person.id, wanted)

            self.submit(form, act, lambda _: self._done(self.tr("The roles are changed.")))

        form.submitted.connect(submit)
        form.open()

    def ask_to_reopen(self) -> None:
        account = self.table.account()
        if account is None:
            return
        form = ChangeRoles(self.window(), account.person, reopening=True)

        def submit() -> None:
            wanted = form.roles.chosen

            def act() -> None:
                with self.desk.appliance.people() as people:
                    people.reopen(account.person.id, wanted)

            self.submit(form, act, lambda _: self._done(self.tr("The account is open again.")))

        form.submitted.connect(submit)
        form.open()

    def ask_to_close(self) -> None:
        account = self.table.account()
        if account is None:
            return
        form = CloseAccount(self.window(), account.person)

        def submit() -> None:
            erase = form.erase.isChecked()

            def act() -> str:
                with self.desk.appliance.people() as people:
                    if erase:
                        return people.erase(account.person.id)
                    people.close(account.person.id)
                    return ""

            self.submit(form, act, self._closed)

        form.submitted.connect(submit)
        form.open()

    def new_code(self) -> None:
        """At once for who has not enrolled yet; else what they had is erased, after a question."""
        account = self.table.account()
        if account is None:
            return

        def act() -> tuple[str, str]:
            with self.desk.appliance.people() as people:
                invited, code = people.invite_again(account.person.id)
                return invited.name, code

        if account.standing is Standing.INVITED:
            self.act(act, self._hand)
            return
        confirm = Confirm(
            self.window(),
            self.tr("Begin anew for {}?").format(plain.line(account.person.name, 120)),
            self.tr(
                "For who lost passphrase and recovery code: they begin as another person of the "
                "same name, in no collection. What was theirs is erased."
            ),
            self.tr("Begin anew"),
        )
        confirm.accepted.connect(lambda: self.act(act, self._hand))
        confirm.open()

    def let_in(self) -> None:
        """Who was locked out after too many failures."""
        account = self.table.account()
        if account is None:
            return

        def act() -> None:
            with self.desk.appliance.people() as people:
                people.release(account.person.id)

        self.act(act, lambda _: self._done(self.tr("They may log in at once.")))

    # --- inside -----------------------------------------------------------------------------

    def _hand(self, handed: tuple[str, str]) -> None:
        HandedCode(self.desk, self.window(), *handed).open()
        self.refresh()

    def _closed(self, certificate: str) -> None:
        if certificate:
            said = self.tr("Its certificate in the log: {}").format(certificate)
            self._done(self.tr("The account is erased."), said)
        else:
            self._done(self.tr("The account is closed."))

    def _done(self, sentence: str, step: str = "") -> None:
        self.say(sentence, step)
        self.refresh()

    def _show(self, found: Found) -> None:
        account = self.table.account()
        self._found = found
        self.table.rows.show_accounts(found.accounts, found.me)
        self.invite.setVisible(MANAGES in found.allowed)
        if account is not None:
            self.table.choose(account.person.id)
        self.members.show_collections(found)

    def _offer(self, account: Account | None) -> None:
        """What can be done with the person that is chosen."""
        found = self._found
        manages = found is not None and MANAGES in found.allowed
        mine = account is not None and found is not None and account.person.id == found.me
        standing = account.standing if account is not None else Standing.GONE
        for button, fits in (
            (self.roles, standing is not Standing.CLOSED),
            (self.again, standing is not Standing.CLOSED and not mine),
            (self.release, standing is Standing.ACTIVE and not mine),
            (self.reopen, standing is Standing.CLOSED),
            (self.close_it, not mine),
        ):
            button.setVisible(manages and account is not None and fits)
