"""Steps of the journey that an administrator takes: the seat, settings, a backup, a newcomer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.sample import sample_folder
from tests.gui.real_doing import PERSON, click, place, press
from tests.gui.waiting import until

if TYPE_CHECKING:
    from gui.shell import Shell

LETTER = "NGH-CP-014-perioperative-anticoagulants.pdf"
NEWCOMER = "Bert Lind"
INVITED: list[str] = []
"""The code the newcomer was given."""


def seat(shell: Shell) -> None:
    """A build without a vendor's key says so, above every screen and on its page."""
    desk = place(shell)
    until(desk.strip.isVisible, "the line about the seat")
    assert desk.strip.text.startswith("Evaluation This program was built without a vendor's key")
    click(desk.side.places["admin"])
    page = desk.admin.seat
    until(lambda: page.view, "how the seat stands")
    assert page.state.sentence == "Evaluation. Everything works, new answers too."
    letter = sample_folder("hospital") / LETTER
    page.take(letter)
    until(page.notice.isVisible, "the word about a file that is none")
    assert page.notice.step == "Copy the file anew from where it came from; do not edit it."


def settings(shell: Shell) -> None:
    """Changed in the person's own file, though the guard is on."""
    admin = place(shell).admin
    admin.show_page("settings")
    until(lambda: admin.settings.yours.rows, "the settings")
    admin.settings.change("lock_minutes", "99")
    until(admin.settings.notice.isVisible, "the word about a bad value")
    admin.settings.change("lock_minutes", "7")
    until(lambda: admin.settings.yours.rows["lock_minutes"].reset, "the change")
    written = Path.home() / ".config" / "cloister" / "settings.toml"
    assert written.read_text() == "lock_minutes = 7\n"


def insights(shell: Shell) -> None:
    admin = place(shell).admin
    admin.show_page("insights")
    until(lambda: admin.insights.facts.rows, "the numbers")
    assert admin.insights.answered.number == "2"
    rows = dict(admin.insights.facts.rows)
    assert rows["Library"].startswith("2 documents · ")
    assert rows["Index"] == "1 collection whole"
    assert rows["Air gap"] == "proven"


def backup(shell: Shell) -> None:
    """Made and checked where the window may write; refused elsewhere, with what to do."""
    from gui.admin.parcel import ParcelDialog
    from gui.outbox import outbox

    admin = place(shell).admin
    admin.show_page("carrying")
    page = admin.carrying
    until(page.back_up.isVisible, "the page of backups")
    assert "speaks of no backup yet" in page.last.text()

    def said(doing: str) -> str:
        until(lambda: page.card and page.card.dismiss.isVisible(), doing)
        assert page.card is not None
        return f"{page.card.notice.sentence} {page.card.notice.step}"

    page.back_up_into(Path.home())
    refused = said("the refusal")
    assert f"Choose {outbox()} or a stick" in refused, refused
    page.back_up_into(outbox())
    until(lambda: "number 1" in page.last.text(), "the backup")
    assert said("the backup").startswith("Backup 1 is made: ")
    page.check_in(outbox())
    assert said("the check").startswith("Whole: backup 1 of ")
    page.inspect(outbox())
    dialog = next(one for one in shell.findChildren(ParcelDialog) if one.isVisible())
    until(dialog.notice.isVisible, "the word about a folder without a parcel")
    assert dialog.notice.sentence == f"There is no parcel in {outbox()}."
    click(dialog.close_it)


def people(shell: Shell) -> None:
    """Somebody is invited, with a code of the product's own making."""
    from PySide6.QtWidgets import QDialog

    from gui.admin.people_forms import HandedCode, Invite

    def shown(kind: type[QDialog]) -> QDialog:
        until(lambda: any(one.isVisible() for one in shell.findChildren(kind)), kind.__name__)
        return next(one for one in shell.findChildren(kind) if one.isVisible())

    page = place(shell).admin.people
    place(shell).admin.show_page("people")
    until(lambda: page.members.listed, "the members")
    click(page.invite)
    form = shown(Invite)
    assert isinstance(form, Invite)
    press(form.name.edit, NEWCOMER)
    click(form.go)
    handed = shown(HandedCode)
    assert isinstance(handed, HandedCode)
    INVITED.append(handed.shown.text())
    assert len(INVITED[0].replace("-", "")) >= 16
    click(handed.close_it)
    rows = page.table.rows
    until(lambda: rows.rowCount() == 2, "the newcomer")
    assert [str(rows.index(1, column).data()) for column in range(3)] == [
        NEWCOMER, "member", "invited",
    ]  # fmt: skip
    assert page.members.list.item(0).text() == PERSON


def enrol(shell: Shell) -> None:
    """The newcomer makes their own keys, sees nothing of the founder's, and locks."""
    unlock, page = shell.front.unlock, shell.front.enrol
    until(unlock.enrol.isVisible, "the way in for who was invited")
    click(unlock.enrol)
    for field, text in (
        (page.name, NEWCOMER), (page.code, INVITED[0]),
        (page.typed.passphrase, "quiet harbour ninety lamps"),
        (page.typed.again, "quiet harbour ninety lamps"),
    ):  # fmt: skip
        press(field.edit, text)
    click(page.go)
    until(lambda: shell.front.recovery, "the newcomer's recovery code")
    assert shell.front.recovery is not None
    click(shell.front.recovery.sure)
    click(shell.front.recovery.go)
    until(lambda: not shell.locked, "the workplace")
    desk = place(shell)
    assert desk.side.person.text() == NEWCOMER
    desk.go("admin")
    desk.admin.show_page("people")
    until(lambda: desk.admin.people.table.rows.rowCount() == 2, "the people")
    desk.admin.people.table.selectRow(0)
    assert not desk.admin.people.invite.isVisible()
    assert not desk.admin.people.close_it.isVisible()
    assert desk.library.collections.list.count() == 0
    assert desk.side.conversations.count() == 0
    shell.lock()
    until(unlock.secret.edit.isEnabled, "the stores to close")
