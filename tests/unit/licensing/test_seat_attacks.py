"""What a seat is tried with: clocks, forked lists, files kept back, put back and damaged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.licensing.errors import (
    ClockBehind,
    CloneSuspected,
    LicenceEarly,
    ListsDisagree,
    SeatElsewhere,
    SeatNotAsked,
)
from appliance.licensing.licence import licence_bytes
from appliance.licensing.seat_folder import SeatFolder
from appliance.vault import StorageFailed
from tests.unit.licensing.test_seat_faults import Cut, cut_at
from tests.unit.licensing.world import TRUSTED, VAULT_KEY, VENDOR, World, machine


def test_a_clock_that_was_put_back_gains_nothing(world: World) -> None:
    desk = world.seated()
    world.clock.pass_days(90 + 14 + 0.5)
    desk.log.write("session.opened")
    assert desk.state == "expired"
    world.clock.pass_days(-0.9)  # by this clock alone it would have days of grace
    assert desk.state == "expired"
    world.clock.pass_days(-100)
    assert (desk.state, desk.code) == ("clock-suspect", "clock_suspect")
    assert desk.seat.refusal() is not None
    world.clock.pass_days(100.9)
    assert desk.state == "expired"


def test_a_clock_before_the_newest_signed_file_is_suspect(world: World) -> None:
    desk = world.seated()
    world.clock.pass_days(40)
    desk.seat.take(world.revocations())
    desk.log.entries = desk.log.entries[:1]  # as if the log said nothing
    world.clock.pass_days(-30)
    assert desk.state == "clock-suspect"


def test_a_clock_that_was_once_far_ahead_is_set_right_by_a_renewal(world: World) -> None:
    desk = world.seated()
    world.clock.pass_days(20_000)
    desk.log.write("session.opened")
    world.clock.pass_days(-20_000)
    assert desk.state == "clock-suspect"
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"
    world.clock.pass_days(50)
    desk.seat.note()
    world.clock.pass_days(-40)  # and from then on it may not be put back either
    assert desk.state == "clock-suspect"


def test_a_certificate_that_was_kept_back_does_not_put_the_clock_back(world: World) -> None:
    """Asked for and given in time, used after everything ended, with the clock put back to then."""
    desk = world.seated()
    world.clock.pass_days(80)
    kept = world.approve(desk.seat.request())
    world.clock.pass_days(400)
    desk.log.write("session.opened")
    assert desk.state == "expired"
    world.clock.pass_days(-395)
    desk.seat.take(kept)
    assert desk.state == "clock-suspect"


def test_a_certificate_kept_back_does_not_lower_a_clock_that_was_set_right_before(
    world: World,
) -> None:
    desk = world.seated()
    world.clock.pass_days(20_000)
    desk.log.write("session.opened")
    world.clock.pass_days(-20_000)
    desk.seat.take(world.approve(desk.seat.request()))
    world.clock.pass_days(5)
    kept = world.approve(desk.seat.request())
    world.clock.pass_days(60)
    desk.seat.note()
    world.clock.pass_days(-60)
    desk.seat.take(kept)
    assert desk.state == "clock-suspect"


def test_a_request_put_back_by_hand_has_the_time_it_was_made_at(world: World) -> None:
    """Made and answered in time; later another is made under a clock far ahead, and the first, with
    the certificate that was kept back, put in its place."""
    desk = world.seated()
    world.clock.pass_days(80)
    kept = world.approve(desk.seat.request())
    sealed = (desk.folder / "seat.sealed").read_bytes()
    world.clock.pass_days(20_000)
    desk.seat.request(fresh=True)
    (desk.folder / "seat.sealed").write_bytes(sealed)
    world.clock.pass_days(-20_000)
    desk.seat.take(kept)
    assert desk.state == "clock-suspect"


def test_a_new_authority_in_the_managed_folder_ends_no_seat_by_itself(world: World) -> None:
    desk = world.seated()
    newer = World(world.folder / "newer", id=world.licence.id)
    managed = world.folder / "managed"
    managed.mkdir()
    content = world.renewed(authority=newer.licence.authority)
    (managed / "next.licence").write_bytes(content)
    desk.seat.take_managed(managed)
    assert desk.state == "active"
    newer.licence = world.licence
    with newer.authority() as authority:
        authority.take_licence(content, TRUSTED)
    certificate = newer.approve(desk.seat.request())  # asked for under the licence before
    desk.seat.take(content)
    desk.seat.take(certificate)
    assert desk.state == "active"


def test_a_folder_that_cannot_be_read_keeps_no_desk_shut(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.seated()
    managed = world.folder / "managed"
    managed.mkdir()
    (managed / "list").write_bytes(world.revocations())
    seat = desk.seat

    def broken(*_: object) -> bytes:
        raise StorageFailed("The disk gave an error.")

    monkeypatch.setattr(SeatFolder, "read", broken)
    seat.take_managed(managed)
    assert seat.view().state == "unlicensed"
    assert desk.seat.view().state == "unlicensed"


def test_a_time_at_the_end_of_the_calendar_is_no_error(world: World) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    world.clock.time = last - timedelta(days=2)
    world.licence_file = world.renewed(end=last - timedelta(days=1))
    with world.authority() as authority:
        authority.take_licence(world.licence_file, TRUSTED)
    desk = world.seated()
    world.clock.time = last
    assert desk.state == "grace"  # it has no later time to end at
    assert world.desk(licensed=False).state == "evaluation"


def test_a_list_of_a_restored_authority_gives_no_revoked_seat_back(world: World) -> None:
    desk = world.seated("ward-1")
    folder = shutil.copytree(world.authority_folder, world.folder / "restored")
    anchors = shutil.copytree(world.anchors, world.folder / "restored-anchors")
    desk.seat.take(true := world.revocations("1"))
    with world.authority(folder, anchors) as restored:
        forks = [restored.revocation_list(), restored.revocation_list()]
    path = desk.folder / "revocations.json"
    for fork in forks:  # of the same number, and of a higher one under a shorter register
        with pytest.raises(ListsDisagree):
            desk.seat.take(fork)
        assert desk.state == "revoked"
        path.write_bytes(fork)  # by hand
        assert (desk.state, desk.code) == ("unlicensed", "lists_disagree")
        path.unlink()
        with pytest.raises(ListsDisagree):
            desk.seat.take(fork)
        path.write_bytes(true)
    desk.seat.take(true)
    assert desk.state == "revoked"


@pytest.mark.parametrize("step", range(5))
def test_a_list_that_was_cut_is_brought_again(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    desk = world.seated("ward-1")
    desk.seat.take(world.revocations())
    listed = world.revocations("1")
    with monkeypatch.context() as patch:
        cut_at(step, patch, desk)
        try:
            desk.seat.take(listed)
        except Cut:
            assert step < 4
    assert desk.state == ("active" if step == 0 else "revoked")
    desk.seat.take(listed)
    assert desk.state == "revoked"


def test_an_answered_request_does_not_wait_though_the_power_went(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.desk()
    certificate = world.approve(desk.seat.request())
    with monkeypatch.context() as patch:
        cut_at(3, patch, desk)  # everything but the request's own end
        with pytest.raises(Cut):
            desk.seat.take(certificate)
    assert (desk.state, desk.seat.view().requested) == ("active", False)
    desk.seat.take(world.approve(desk.seat.request()))  # a renewal, not the old request again
    assert desk.state == "active"


def test_a_damaged_certificate_is_put_right_with_the_same_file(world: World) -> None:
    desk = world.seated("ward-1")
    path = desk.folder / "certificate.json"
    whole = path.read_bytes()
    for damage in (whole[:-9], b"", None):
        path.unlink() if damage is None else path.write_bytes(damage)
        assert desk.state == "unlicensed"
        desk.seat.take(whole)
        assert desk.state == "active"
    with pytest.raises(SeatNotAsked):
        desk.seat.take(whole)
    desk.seat.take(world.approve(desk.seat.request()))
    with pytest.raises(SeatNotAsked):
        desk.seat.take(whole)  # the one before is over


def test_what_is_left_of_an_enrolment_harms_no_certified_seat(world: World) -> None:
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
    desk = world.desk()
    desk.seat.take(token)
    desk.seat.take(world.approve(desk.seat.request()))
    (desk.folder / "enrolment.json").write_bytes(b"damaged")
    assert desk.state == "active"


def test_a_licence_that_has_not_begun_does_not_take_the_place_of_one_that_is_in_force(
    world: World,
) -> None:
    desk = world.seated()
    begins = world.clock() + timedelta(days=30)
    following = world.renewed(start=begins, end=begins + timedelta(days=365))
    with pytest.raises(LicenceEarly):
        desk.seat.take(following)
    managed = world.folder / "managed"
    managed.mkdir()
    (managed / "next.licence").write_bytes(following)
    records = desk.log.size
    desk.seat.take_managed(managed)
    assert (desk.state, desk.log.size) == ("active", records)
    world.clock.pass_days(31)
    desk.seat.take_managed(managed)
    assert (desk.state, desk.seat.view().serial) == ("active", 2)


def test_a_list_that_is_refused_is_in_the_log_once_and_taken_when_it_can_be(world: World) -> None:
    desk = world.desk(licensed=False)
    managed = world.folder / "managed"
    managed.mkdir()
    (managed / "list").write_bytes(world.revocations())
    for _ in range(3):
        desk.seat.take_managed(managed)
    refused = [entry for entry in desk.log.entries if entry.outcome == "refused"]
    assert [dict(entry.fields)["code"] for entry in refused] == ["licence_missing"]
    desk.seat.take(world.licence_file)
    desk.seat.take_managed(managed)
    assert desk.seat.view().revocations == 1
    records = desk.log.size
    desk.seat.take_managed(managed)
    assert desk.log.size == records


def test_another_licence_in_the_managed_folder_ends_no_seat_by_itself(world: World) -> None:
    desk, fresh = world.seated(), world.desk()
    desk.seat.take(world.renewed())
    world.clock.pass_days(1)
    other = replace(world.licence, id="77" * 16, serial=9, issued=world.clock())
    managed = world.folder / "managed"
    managed.mkdir()
    (managed / "a.licence").write_bytes(licence_bytes(other, VENDOR))
    (managed / "b.licence").write_bytes(world.licence_file)
    for _ in range(2):
        desk.seat.take_managed(managed)
        fresh.seat.take_managed(managed)
        assert (desk.state, desk.seat.view().serial) == ("active", 2)
        assert fresh.seat.view().serial == 9


def test_a_certificate_signed_under_a_clock_far_ahead_is_not_taken(world: World) -> None:
    desk = world.desk()
    request = desk.seat.request()
    world.clock.pass_days(200)
    ahead = world.approve(request)
    world.clock.pass_days(-200)
    with pytest.raises(ClockBehind):
        desk.seat.take(ahead)
    assert desk.state == "evaluation"  # and no clock is suspected


def test_what_a_crash_left_in_the_folder_is_swept(world: World) -> None:
    desk = world.seated()
    left = desk.folder / f".seat.sealed.{'0a' * 8}.part"
    left.write_bytes(b"half")
    SeatFolder(desk.folder, VAULT_KEY, "vault").sweep()
    SeatFolder(world.folder / "nowhere", VAULT_KEY, "vault").sweep()
    assert not left.exists()
    assert desk.state == "active"


def test_a_restored_seat_is_not_had_back_by_damaging_its_certificate(world: World) -> None:
    desk = world.seated()
    path = desk.folder / "certificate.json"
    certificate = path.read_bytes()
    path.write_bytes(b"damaged")
    desk.seat.restored()
    with pytest.raises(SeatNotAsked):
        desk.seat.take(certificate)
    path.write_bytes(certificate)
    assert (desk.state, desk.code) == ("unlicensed", "seat_restored")
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"


@pytest.mark.parametrize("seated", [True, False])
def test_a_copy_on_another_machine_gets_a_seat_of_its_own_by_asking_anew(
    world: World, seated: bool
) -> None:
    """Copied with its seat, or while its request waited."""
    desk = world.seated("ward-1") if seated else world.desk("ward-1")
    waiting = b"" if seated else desk.seat.request("ward-1")
    copy = desk.image(world.folder / "copy")
    copy.traits = machine("ward-2")
    if not seated:
        desk.seat.take(world.approve(waiting))
    with pytest.raises((CloneSuspected, SeatElsewhere)):
        world.approve(copy.seat.request())
    copy.seat.take(world.approve(copy.seat.request(fresh=True)))
    assert (desk.state, desk.seat.view().seat) == ("active", 1)
    assert (copy.state, copy.seat.view().seat) == ("active", 2)


def test_asking_anew_where_a_seat_goes_on_renews_it(world: World) -> None:
    desk = world.seated("ward-1")
    desk.seat.take(world.approve(desk.seat.request(fresh=True)))
    assert (desk.state, desk.seat.view().seat) == ("active", 1)
