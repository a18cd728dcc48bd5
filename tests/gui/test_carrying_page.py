"""Backups with their progress, and parcels that are looked at before anything is taken in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.values import ParcelItem
from gui import outbox
from gui.admin.carrying import CarryingPage
from gui.admin.parcel import LISTED, ItemRow, ParcelDialog
from gui.login.again import Again
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_carrying import BARRED, CODE, PARCEL
from tests.gui.memory_state import Pace


def page(shell: Shell, qtbot: QtBot) -> CarryingPage:
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("carrying")
    carrying = place.admin.carrying
    qtbot.waitUntil(carrying.back_up.isVisible)
    return carrying


def parcel(shell: Shell, folder: Path, qtbot: QtBot) -> ParcelDialog:
    """The dialog, once it says what is there."""
    page(shell, qtbot).inspect(folder)
    found = dialog(ParcelDialog)
    assert isinstance(found, ParcelDialog)
    qtbot.waitUntil(lambda: bool(found.rows) or found.notice.isVisible())
    return found


def row(shown: ParcelDialog, kind: str) -> ItemRow:
    return next(one for one in shown.rows if one.item.kind == kind)


@pytest.fixture
def stick(product: MemoryAppliance, tmp_path: Path) -> Path:
    product.carrying.parcels[tmp_path] = PARCEL
    return tmp_path


def test_a_backup_shows_how_far_it_is_and_what_was_made(
    shell: Shell, pace: Pace, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    carrying = page(shell, qtbot)
    assert "speaks of no backup yet" in carrying.last.text()
    pace.file = 0.02
    carrying.back_up_into(tmp_path)
    card = carrying.card
    assert card is not None
    qtbot.waitUntil(lambda: 200 < card.bar.value() < 1_000)
    assert "of 1.2 GB" in card.left.text()
    assert not carrying.back_up.isEnabled()
    assert not carrying.bring.isEnabled()
    qtbot.waitUntil(card.dismiss.isVisible)
    assert card.notice.sentence == "Backup 1 is made: 212 files, 1.2 GB; 31 MB had to be written."
    assert "9f2a41c70be355d8" in card.notice.step
    qtbot.waitUntil(lambda: "20 Nov 2026" in carrying.last.text())
    assert carrying.back_up.isEnabled()
    card.dismiss.click()
    assert carrying.card is None


def test_a_backup_that_is_stopped_says_that_the_earlier_ones_are_whole(
    shell: Shell, pace: Pace, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    carrying = page(shell, qtbot)
    pace.file = 0.05
    carrying.back_up_into(tmp_path)
    card = carrying.card
    assert card is not None
    qtbot.waitUntil(lambda: card.bar.value() > 50)
    card.cancel.click()
    qtbot.waitUntil(card.dismiss.isVisible)
    assert card.notice.sentence == "Stopped."
    assert "Every earlier backup" in card.notice.step
    assert card.notice.property("tone") == "info"
    assert product.carrying.backups == {}


def test_a_backup_is_checked_and_a_folder_without_one_is_said(
    shell: Shell, tmp_path: Path, qtbot: QtBot
) -> None:
    carrying = page(shell, qtbot)
    carrying.check_in(tmp_path)
    qtbot.waitUntil(lambda: carrying.card is not None and carrying.card.dismiss.isVisible())
    assert carrying.card is not None
    assert "There is no backup" in carrying.card.notice.sentence
    carrying.back_up_into(tmp_path)
    qtbot.waitUntil(lambda: "Backup 1" in (carrying.card.notice.sentence if carrying.card else ""))
    carrying.check_in(tmp_path)
    qtbot.waitUntil(lambda: "Whole" in (carrying.card.notice.sentence if carrying.card else ""))


def test_a_backup_may_need_the_passphrase_first(
    shell: Shell, pace: Pace, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    carrying = page(shell, qtbot)
    pace.stale = True
    carrying.back_up_into(tmp_path)
    qtbot.waitUntil(lambda: dialog(Again) is not None)
    again = dialog(Again)
    assert isinstance(again, Again)
    assert product.carrying.backups == {}
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()
    qtbot.waitUntil(lambda: product.carrying.backups == {tmp_path: 1})


def test_a_parcel_says_what_is_in_it_who_signed_it_and_what_it_will_do(
    shell: Shell, stick: Path, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shown = parcel(shell, stick, qtbot)
    assert shown.about.text() == ("A parcel of “Northgate IT”, version 12, good until 26 Feb 2027.")
    assert "9f2a 41c7 0be3 55d8" in shown.signed.text()
    assert row(shown, "model").said.text() == "Can write answers from the next login on."
    assert row(shown, "policy").said.text() == "On this machine already."
    assert "Not whole on the stick" in row(shown, "update").said.text()
    assert shown.rows[4].said.text() == BARRED
    assert [one.wanted for one in shown.rows] == [True, False, True, True, False, False]
    assert not any(one.tick.isEnabled() for one in shown.rows if one.item.state != "new")
    assert not shown.go.isEnabled()  # the library's code is not typed yet
    shown.reject()
    assert product.carrying.parcels[stick] == PARCEL


def test_what_is_chosen_is_taken_in_and_the_rest_is_not(
    shell: Shell, stick: Path, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shown = parcel(shell, stick, qtbot)
    row(shown, "model").tick.setChecked(False)
    library = row(shown, "library")
    assert library.field is not None
    QTest.keyClicks(library.field.edit, CODE)
    assert shown.go.text() == "Take in 2 things"
    shown.go.click()
    qtbot.waitUntil(shown.notice.isVisible)
    assert shown.notice.sentence == "2 things taken in."
    assert library.code == ""
    assert library.said.text() == "Taken in. It can be used from now on."
    states = {item.kind: item.state for item in product.carrying.parcels[stick].items[:4]}
    assert states == {"revocation": "here", "policy": "here", "model": "new", "library": "here"}
    assert shown.close_it.text() == "Close"


def test_what_is_refused_says_why_beside_it(shell: Shell, stick: Path, qtbot: QtBot) -> None:
    shown = parcel(shell, stick, qtbot)
    library = row(shown, "library")
    assert library.field is not None
    QTest.keyClicks(library.field.edit, "not the code")
    shown.go.click()
    qtbot.waitUntil(shown.notice.isVisible)
    assert shown.notice.sentence == "2 things taken in, 1 refused."
    assert "does not open the library" in library.said.text()


def test_taking_in_is_stopped_and_can_go_on(
    shell: Shell, stick: Path, pace: Pace, qtbot: QtBot
) -> None:
    shown = parcel(shell, stick, qtbot)
    row(shown, "library").tick.setChecked(False)
    pace.file = 0.03
    shown.go.click()
    qtbot.waitUntil(lambda: shown.card is not None and shown.card.bar.value() > 50)
    assert shown.card is not None
    shown.card.cancel.click()
    qtbot.waitUntil(shown.notice.isVisible)
    assert shown.notice.sentence == "Stopped."
    assert "goes on where it stopped" in shown.notice.step
    assert shown.go.isEnabled()


def test_a_folder_without_a_parcel_is_said_with_another_to_choose(
    shell: Shell, tmp_path: Path, qtbot: QtBot
) -> None:
    shown = parcel(shell, tmp_path, qtbot)
    assert "There is no parcel" in shown.notice.sentence
    assert "“cloister-parcel”" in shown.notice.step
    assert shown.elsewhere.isVisible()
    assert not shown.go.isVisible()


def test_locking_closes_the_dialog_stops_the_work_and_empties_the_page(
    shell: Shell, stick: Path, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shown = parcel(shell, stick, qtbot)
    row(shown, "library").tick.setChecked(False)
    pace.file = 0.05
    shown.go.click()
    qtbot.waitUntil(lambda: shown.card is not None and shown.card.bar.value() > 50)
    shell.lock()
    qtbot.waitUntil(lambda: dialog(ParcelDialog) is None)
    qtbot.waitUntil(lambda: product.carrying.stop.cancelled)
    carrying = workplace(shell).admin.carrying
    assert carrying.last.text() == ""
    assert carrying.card is None
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled)
    assert product.carrying.parcels[stick] == PARCEL


def test_who_may_neither_is_told_who_does(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.allowed = ("read_document",)
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("carrying")
    qtbot.waitUntil(place.admin.carrying.others.isVisible)
    assert not place.admin.carrying.back_up.isVisible()
    assert not place.admin.carrying.bring.isVisible()


def test_a_parcel_of_very_many_things_shows_what_is_new_first(
    shell: Shell, stick: Path, product: MemoryAppliance, qtbot: QtBot
) -> None:
    here = ParcelItem("revocation/seats@1", "revocation", "seats", "1", 10, "here")
    new = replace(here, id="revocation/seats@9999", version="9999", state="new")
    items = (*(replace(here, id=f"revocation/seats@{n}") for n in range(2_000)), new)
    product.carrying.parcels[stick] = replace(PARCEL, items=items)
    shown = parcel(shell, stick, qtbot)
    assert len(shown.rows) == LISTED
    assert shown.rows[0].item == new
    assert shown.go.text() == "Take in 1 thing"


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system mounts sticks."""
    (tmp_path / "media").mkdir()
    monkeypatch.setattr(outbox, "_mounts", lambda: (tmp_path / "media",))
    return tmp_path / "media"


def plugged_in(product: MemoryAppliance, mounts: Path) -> Path:
    stick = mounts / "NORTHGATE"
    stick.mkdir()
    product.carrying.parcels[stick] = PARCEL
    return stick


def test_a_stick_with_a_parcel_opens_the_dialog_and_takes_nothing_in(
    shell: Shell, mounts: Path, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    qtbot.waitUntil(place.sticks.timer.isActive)
    stick = plugged_in(product, mounts)
    place.sticks.look()
    qtbot.waitUntil(lambda: dialog(ParcelDialog) is not None)
    shown = dialog(ParcelDialog)
    assert isinstance(shown, ParcelDialog)
    qtbot.waitUntil(lambda: bool(shown.rows))
    shown.reject()
    with qtbot.assertNotEmitted(place.sticks.found, wait=60):
        place.sticks.look()
    assert product.carrying.parcels[stick] == PARCEL
    stick.rmdir()
    place.sticks.look()
    qtbot.wait(60)
    stick.mkdir()
    with qtbot.waitSignal(place.sticks.found):
        place.sticks.look()


def test_who_is_typing_is_not_interrupted_and_told_later(
    shell: Shell, mounts: Path, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    qtbot.waitUntil(place.sticks.timer.isActive)
    place.ask.composer.typing.setPlainText("When can apixaban")
    plugged_in(product, mounts)
    with qtbot.waitSignal(place.sticks.found):
        place.sticks.look()
    assert dialog(ParcelDialog) is None
    place.ask.composer.typing.setPlainText("")
    place.sticks.look()
    qtbot.waitUntil(lambda: dialog(ParcelDialog) is not None)


def test_nobody_looks_at_sticks_for_who_may_take_nothing_in_or_while_locked(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    place = workplace(shell)
    qtbot.waitUntil(place.sticks.timer.isActive)
    pace.allowed = ("read_log",)
    place.read_standing()
    qtbot.waitUntil(lambda: not place.sticks.timer.isActive())
    pace.allowed = ("manage_models",)
    place.read_standing()
    qtbot.waitUntil(place.sticks.timer.isActive)
    shell.lock()
    assert not place.sticks.timer.isActive()
