"""How the seat stands is said; requesting, activating and returning it by file and code."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from appliance.values import SeatView
from gui.admin.seat import RequestSeat, SeatPage
from gui.admin.signed_file import SignedFile
from gui.admin.standing import SeatStrip
from gui.controls.confirm import Confirm
from gui.login.again import Again
from gui.shell import Shell
from tests.gui import memory_seat
from tests.gui.driving import PASSPHRASE, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace


def page(shell: Shell, qtbot: QtBot) -> SeatPage:
    """The page, once it shows how the seat stands."""
    place = workplace(shell)
    place.go("admin")
    qtbot.waitUntil(lambda: place.admin.seat.view is not None)
    return place.admin.seat


def shown(kind: type[QDialog], qtbot: QtBot) -> QDialog:
    qtbot.waitUntil(lambda: dialog(kind) is not None)
    found = dialog(kind)
    assert found is not None
    return found


def prove(qtbot: QtBot) -> None:
    again = shown(Again, qtbot)
    assert isinstance(again, Again)
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()


NO_ANSWERS = (
    memory_seat.EXPIRED, memory_seat.REVOKED, memory_seat.CLOCK, memory_seat.RETURNED,
)  # fmt: skip


@pytest.mark.parametrize("view", NO_ANSWERS, ids=lambda view: view.code)
def test_without_new_answers_it_is_said_what_goes_on(
    view: SeatView, shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.seating.view = view
    place = workplace(shell)
    place.read_standing()
    qtbot.waitUntil(place.strip.isVisible)
    assert place.strip.property("tone") == "danger"
    assert view.sentence in place.strip.text
    assert view.next_step.replace("`cloister seat request", "“cloister seat request")[:40] in (
        place.strip.text
    )
    for going_on in ("Reading", "exporting", "the log", "backups"):
        assert going_on in place.strip.text


def test_an_active_seat_says_nothing_and_grace_says_until_when(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    page(shell, qtbot)
    assert not place.strip.isVisible()
    product.seating.view = memory_seat.GRACE
    place.read_standing()
    qtbot.waitUntil(place.strip.isVisible)
    assert place.strip.property("tone") == "warn"
    assert "new answers until 2026-12-20" in place.strip.text
    place.go("ask")
    place.strip.more.click()
    assert place.admin.seat.isVisible()


def test_an_end_that_comes_is_said_to_who_can_do_something(qtbot: QtBot) -> None:
    from dataclasses import replace

    near = replace(memory_seat.ACTIVE, sentence="The lease ends on 2027-01-31.")
    strip = SeatStrip()
    qtbot.addWidget(strip)
    strip.show_view(near, manages=False)
    assert strip.isHidden()
    strip.show_view(near, manages=True)
    assert not strip.isHidden()
    assert strip.property("tone") == "good"


def test_the_page_says_what_is_licensed_and_what_was_used(shell: Shell, qtbot: QtBot) -> None:
    rows = dict(page(shell, qtbot).facts.rows)
    assert rows["Institution"] == "Northgate General Hospital"
    assert rows["Licence"] == "Mixed · 250 seats · until 30 Jun 2027"
    assert rows["Features"] == "written answers, programs may ask"
    assert rows["This machine’s seat"] == "17 · Ward 9, nurses’ station"
    assert rows["Tokens this month"] == "148,220 of 2,000,000"


def test_a_request_is_shown_as_codes_and_saved_as_a_file(
    shell: Shell, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    seat = page(shell, qtbot)
    seat.request.click()
    asked = shown(RequestSeat, qtbot)
    assert isinstance(asked, RequestSeat)
    asked.label.edit.setText("Ward 12")
    asked.go.click()
    handed = shown(SignedFile, qtbot)
    assert isinstance(handed, SignedFile)
    assert handed.picture.accessibleName() == "Code 1 of 4"
    image = handed.picture.grab().toImage()
    dark = [image.pixelColor(x, 250).lightness() < 60 for x in range(image.width())]
    assert 150 < sum(dark) < 350
    handed.after.click()
    assert handed.picture.accessibleName() == "Code 2 of 4"
    assert handed.picture.grab().toImage() != image
    handed.save_to(tmp_path / "request.json")
    qtbot.waitUntil(handed.notice.isVisible)
    assert b"Ward 12" in (tmp_path / "request.json").read_bytes()
    qtbot.waitUntil(lambda: "Show the request" in seat.request.text())


def test_a_file_that_cannot_be_written_says_where_it_could(
    shell: Shell, tmp_path: Path, qtbot: QtBot
) -> None:
    seat = page(shell, qtbot)
    seat.request.click()
    asked = shown(RequestSeat, qtbot)
    assert isinstance(asked, RequestSeat)
    asked.go.click()
    handed = shown(SignedFile, qtbot)
    assert isinstance(handed, SignedFile)
    handed.save_to(tmp_path / "no such folder" / "request.json")
    qtbot.waitUntil(handed.notice.isVisible)
    assert "was not written" in handed.notice.sentence


def test_a_certificate_is_activated_and_another_file_is_not(
    shell: Shell, product: MemoryAppliance, tmp_path: Path, qtbot: QtBot
) -> None:
    product.seating.view = memory_seat.RETURNED
    seat = page(shell, qtbot)
    wrong, right = tmp_path / "letter.pdf", tmp_path / "0017-Ward_9.seat"
    wrong.write_bytes(b"%PDF-1.7")
    right.write_bytes(b"certificate")
    seat.take(wrong)
    qtbot.waitUntil(seat.notice.isVisible)
    assert "none of Cloister" in seat.notice.sentence
    seat.take(right)
    qtbot.waitUntil(lambda: seat.notice.sentence == "The seat is activated.")
    qtbot.waitUntil(lambda: seat.view is not None and seat.view.state == "active")
    seat.take(tmp_path / "gone")
    qtbot.waitUntil(lambda: "cannot be read" in seat.notice.sentence)


def test_returning_asks_first_then_who_it_is_and_shows_the_receipt(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    seat = page(shell, qtbot)
    seat.give_back.click()
    confirm = shown(Confirm, qtbot)
    assert isinstance(confirm, Confirm)
    confirm.action.click()
    again = shown(Again, qtbot)
    assert isinstance(again, Again)
    assert product.seating.view is memory_seat.ACTIVE
    QTest.keyClicks(again.secret.edit, "not the passphrase")
    again.go.click()
    qtbot.waitUntil(again.notice.isVisible)
    assert product.seating.view is memory_seat.ACTIVE
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()
    receipt = shown(SignedFile, qtbot)
    assert receipt.windowTitle() == "Receipt of the returned seat"
    receipt.reject()
    qtbot.waitUntil(seat.receipt.isVisible)
    assert not seat.give_back.isVisible()
    place = workplace(shell)
    qtbot.waitUntil(place.strip.isVisible)
    assert "given back" in place.strip.text


def test_administration_asks_for_the_passphrase_again_and_goes_on(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    seat = page(shell, qtbot)
    pace.stale = True
    seat.request.click()
    asked = shown(RequestSeat, qtbot)
    assert isinstance(asked, RequestSeat)
    asked.go.click()
    prove(qtbot)
    shown(SignedFile, qtbot)
    assert product.seating.made == 1


def test_who_may_not_manage_seats_is_offered_nothing(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = ()
    seat = page(shell, qtbot)
    qtbot.waitUntil(seat.others.isVisible)
    assert not any(
        button.isVisible() for button in (seat.request, seat.activate, seat.receipt, seat.give_back)
    )


def test_locking_empties_the_page_and_the_line(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.seating.view = memory_seat.EXPIRED
    seat = page(shell, qtbot)
    place = workplace(shell)
    place.read_standing()
    qtbot.waitUntil(place.strip.isVisible)
    seat.request.click()
    shown(RequestSeat, qtbot)
    shell.lock()
    assert seat.facts.rows == ()
    assert seat.view is None
    assert place.strip.text.strip() == ""
    qtbot.waitUntil(lambda: dialog(RequestSeat) is None)
