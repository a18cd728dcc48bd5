"""People: roles, invitations, closing; members of collections; emergency access and its alerts."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from appliance.values import Role, Standing
from gui.admin.emergency import BreakGlass, EmergencyPage, Review
from gui.admin.people import PeoplePage
from gui.admin.people_forms import AddMember, ChangeRoles, CloseAccount, HandedCode, Invite
from gui.controls.confirm import Confirm
from gui.controls.labels import Words
from gui.login.again import Again
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_people import ALERT, CODE, ME, REASON
from tests.gui.memory_state import Pace

D = TypeVar("D", bound=QDialog)


def page(shell: Shell, qtbot: QtBot) -> PeoplePage:
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("people")
    people = place.admin.people
    qtbot.waitUntil(lambda: people.members.listed is not None)
    return people


def emergency(shell: Shell, qtbot: QtBot) -> EmergencyPage:
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("emergency")
    qtbot.waitUntil(place.admin.emergency.glasses.isVisible)
    return place.admin.emergency


def asked(kind: type[D], qtbot: QtBot) -> D:
    qtbot.waitUntil(lambda: dialog(kind) is not None)
    found = dialog(kind)
    assert isinstance(found, kind)
    return found


def chosen(people: PeoplePage, person: str, qtbot: QtBot) -> None:
    people.table.choose(person)
    qtbot.waitUntil(people.close_it.isVisible)


def standing(product: MemoryAppliance, person: str) -> Standing:
    return product.staff.accounts[person].standing


def test_everybody_is_listed_with_roles_and_account(shell: Shell, qtbot: QtBot) -> None:
    rows = page(shell, qtbot).table.rows
    cells = [[str(rows.index(row, column).data()) for column in range(3)] for row in range(5)]
    assert cells[0] == [
        "Dr Ada Winter (you)", "member, curator, administrator, auditor",
        "active, custodian",
    ]  # fmt: skip
    assert cells[3][1:] == ["administrator", "invited"]
    assert cells[4][1:] == ["–", "closed"]


def test_an_invitation_ends_in_a_code_that_is_shown_once(
    shell: Shell, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    people = page(shell, qtbot)
    people.invite.click()
    form = asked(Invite, qtbot)
    assert not form.go.isEnabled()
    QTest.keyClicks(form.name.edit, "Bert Lind")
    form.go.click()
    qtbot.waitUntil(form.notice.isVisible)
    assert form.notice.sentence == "This name is taken."
    form.name.edit.setText("Frieda Holm")
    form.roles.ticks[Role.CURATOR].setChecked(True)
    form.go.click()
    handed = asked(HandedCode, qtbot)
    assert handed.shown.text() == CODE
    handed.save_to(tmp_path / "code.txt")
    qtbot.waitUntil(handed.notice.isVisible)
    assert (tmp_path / "code.txt").read_text() == f"{CODE}\n"
    assert (tmp_path / "code.txt").stat().st_mode & 0o777 == 0o600
    handed.close_it.click()
    assert handed.shown.text() == ""
    assert QApplication.clipboard().text() != CODE
    qtbot.waitUntil(lambda: people.table.rows.rowCount() == 6)
    assert product.staff.accounts["p6"].person.roles == (Role.MEMBER, Role.CURATOR)


def test_roles_are_changed(shell: Shell, product: MemoryAppliance, qtbot: QtBot) -> None:
    people = page(shell, qtbot)
    chosen(people, "p2", qtbot)
    people.roles.click()
    form = asked(ChangeRoles, qtbot)
    assert form.roles.chosen == (Role.MEMBER,)
    form.roles.ticks[Role.ADMINISTRATOR].setChecked(True)
    form.go.click()
    qtbot.waitUntil(lambda: people.notice.sentence == "The roles are changed.")
    assert Role.ADMINISTRATOR in product.staff.accounts["p2"].person.roles


@pytest.mark.parametrize("erase", [False, True])
def test_an_account_is_closed_or_erased(
    erase: bool, shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    people = page(shell, qtbot)
    chosen(people, "p2", qtbot)
    people.close_it.click()
    form = asked(CloseAccount, qtbot)
    form.erase.setChecked(erase)
    form.go.click()
    qtbot.waitUntil(people.notice.isVisible)
    if erase:
        assert "5d41402abc4b2a76" in people.notice.step
        assert "p2" not in product.staff.accounts
    else:
        assert product.staff.accounts["p2"].standing is Standing.CLOSED


def test_nobody_is_offered_to_close_their_own_account(shell: Shell, qtbot: QtBot) -> None:
    people = page(shell, qtbot)
    people.table.choose(ME.id)
    qtbot.waitUntil(people.roles.isVisible)
    assert not people.close_it.isVisible()
    assert not people.again.isVisible()


def test_administration_asks_who_it_is_and_goes_on(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    people = page(shell, qtbot)
    chosen(people, "p2", qtbot)
    pace.stale = True
    people.release.click()
    again = asked(Again, qtbot)
    assert product.staff.released == []
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()
    qtbot.waitUntil(lambda: product.staff.released == ["p2"])


def test_a_new_code_erases_only_after_a_question(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    people = page(shell, qtbot)
    chosen(people, "p2", qtbot)
    people.again.click()
    confirm = asked(Confirm, qtbot)
    assert standing(product, "p2") is Standing.ACTIVE
    confirm.action.click()
    asked(HandedCode, qtbot).close_it.click()
    assert standing(product, "p2") is Standing.INVITED


def test_members_come_and_go(shell: Shell, product: MemoryAppliance, qtbot: QtBot) -> None:
    members = page(shell, qtbot).members
    listed = [members.list.item(row).text() for row in range(members.list.count())]
    assert listed[:2] == ["Dr Ada Winter", "Bert Lind"]
    assert listed[2].endswith("· only in an emergency")
    members.list.setCurrentRow(2)
    members.remove.click()
    asked(Confirm, qtbot).action.click()
    qtbot.waitUntil(lambda: members.list.count() == 2)
    assert product.staff.prepared == {"k1": []}
    members.add.click()
    form = asked(AddMember, qtbot)
    assert [form.who.itemText(0), form.who.count()] == [
        "Prof Dr med Constance Fitzwilliam-Oyelaran of the Northgate Foundation", 1,
    ]  # fmt: skip
    form.go.click()
    qtbot.waitUntil(lambda: product.staff.inside == {"k1": ["p1", "p2", "p3"]})
    qtbot.waitUntil(lambda: members.list.count() == 3)
    members.add.click()
    people = workplace(shell).admin.people
    qtbot.waitUntil(lambda: "Everybody who has enrolled" in people.notice.sentence)


def test_who_manages_nobody_sees_people_and_nothing_to_press(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = ()
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("people")
    people = place.admin.people
    qtbot.waitUntil(lambda: people.table.rows.rowCount() == 5)
    people.table.choose("p2")
    assert not people.invite.isVisible()
    assert not people.roles.isVisible()
    assert not people.members.isVisible()


def test_locking_empties_the_page_and_the_dialog(shell: Shell, qtbot: QtBot) -> None:
    people = page(shell, qtbot)
    people.invite.click()
    asked(Invite, qtbot)
    shell.lock()
    assert people.table.rows.rowCount() == 0
    assert people.members.list.count() == 0
    assert people.members.collection.count() == 0
    qtbot.waitUntil(lambda: dialog(Invite) is None)


def test_a_glass_is_broken_with_a_reason_and_put_back(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.staff.breaks = (("k9", "Ward 9 pathways"),)
    shown = emergency(shell, qtbot)
    (row,) = shown.glasses.rows
    row.buttons[0].click()
    form = asked(BreakGlass, qtbot)
    QTest.keyClicks(form.reason.edit, "now")
    form.go.click()
    qtbot.waitUntil(form.notice.isVisible)
    assert "10 to 2,000 characters" in form.notice.sentence
    QTest.keyClick(form.reason.edit, Qt.Key.Key_Return)  # neither opens it nor loses the words
    assert form.isVisible()
    form.reason.edit.setText(REASON)
    form.minutes.edit.setText("soon")
    form.go.click()
    qtbot.waitUntil(lambda: "1 to 480 minutes" in form.notice.sentence)
    form.minutes.edit.setText("45")
    form.go.click()
    qtbot.waitUntil(lambda: "The auditors are told" in shown.notice.sentence)
    qtbot.waitUntil(lambda: "Open to you until" in shown.glasses.rows[0].said.text())
    shown.glasses.rows[0].buttons[0].click()
    qtbot.waitUntil(lambda: product.staff.open == {})


def test_an_alert_is_read_reviewed_and_gone(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.staff.told = [ALERT]
    place = workplace(shell)
    place.open(ME, product.airgap)
    qtbot.waitUntil(place.notice.isVisible)
    assert "Emergency access" in place.notice.step
    shown = emergency(shell, qtbot)
    qtbot.waitUntil(lambda: bool(shown.alerts.rows))
    (row,) = shown.alerts.rows
    assert row.title.text() == "Bert Lind opened “k9”"
    row.buttons[0].click()
    qtbot.waitUntil(lambda: any(REASON in words.text() for words in row.findChildren(Words)))
    row.buttons[1].click()
    form = asked(Review, qtbot)
    QTest.keyClicks(form.remark.edit, "Seen, and in order.")
    form.go.click()
    qtbot.waitUntil(lambda: product.staff.remarks == ["Seen, and in order."])
    qtbot.waitUntil(lambda: not shown.alerts.rows)
    qtbot.waitUntil(lambda: not place.notice.isVisible())


def test_without_a_glass_it_is_said_who_prepares_one(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = ()
    shown = emergency(shell, qtbot)
    said = " ".join(words.text() for words in shown.glasses.findChildren(Words))
    assert "A curator who is a member" in said
    assert not shown.alerts.isVisible()
    shell.lock()
    assert shown.glasses.rows == []
