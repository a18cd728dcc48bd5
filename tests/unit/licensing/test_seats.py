"""A seat's life, from evaluation to return, and everything that must not pass for one."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from appliance.errors import LogUnwritable
from appliance.licensing.errors import (
    DocumentForged,
    EnrolmentUsed,
    LicenceOlder,
    SeatElsewhere,
    SeatNotAsked,
    SeatRevoked,
    SeatsUsedUp,
)
from appliance.licensing.machine import Trait
from appliance.licensing.standing import EVALUATION_DAYS
from tests.unit.licensing.world import World, changed, machine


def test_a_new_installation_answers_in_its_evaluation_and_not_after_it(world: World) -> None:
    desk = world.desk(licensed=False)
    assert desk.state == "evaluation"
    assert "evaluation" in desk.seat.standing().sentence
    world.clock.pass_days(EVALUATION_DAYS + 0.1)
    assert (desk.state, desk.code) == ("unlicensed", "licence_missing")
    refusal = desk.seat.refusal()
    assert refusal is not None
    assert refusal.hint


def test_a_program_without_a_vendors_key_is_for_evaluation_and_says_so(world: World) -> None:
    desk = world.desk(licensed=False)
    desk.trusted = ()
    world.clock.pass_days(10_000)
    standing = desk.seat.standing()
    assert (standing.state.value, standing.until) == ("evaluation", None)
    assert "without a vendor's key" in standing.sentence
    with pytest.raises(DocumentForged):
        desk.seat.take(world.licence_file)


def test_a_seat_is_asked_for_approved_and_used(world: World) -> None:
    desk = world.desk("ward-9")
    assert desk.state == "evaluation"
    request = desk.seat.request("Ward 9")
    assert desk.seat.view().requested
    desk.seat.take(world.approve(request))
    view = desk.seat.view()
    assert (view.state, view.seat, view.label, view.institution) == (
        "active", 1, "Ward 9", "St. Anne",
    )  # fmt: skip
    assert desk.seat.refusal() is None


def test_the_same_request_is_handed_out_until_it_is_answered(world: World) -> None:
    desk = world.desk()
    assert desk.seat.request() == desk.seat.request()
    assert desk.seat.request() != desk.seat.request(fresh=True)


def test_a_lease_ends_in_grace_and_then_stops_new_answers(world: World) -> None:
    desk = world.seated()
    world.clock.pass_days(89)
    assert (desk.state, "ends on" in desk.seat.standing().sentence) == ("active", True)
    world.clock.pass_days(2)
    assert (desk.state, desk.code) == ("grace", "seat_ended")
    world.clock.pass_days(14)
    assert (desk.state, desk.code) == ("expired", "term_over")
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"


def test_a_licence_ends_for_every_seat_and_goes_on_with_the_next_serial(world: World) -> None:
    desk = world.seated()
    first = world.licence_file
    world.clock.pass_days(300)
    desk.seat.take(world.approve(desk.seat.request()))
    world.clock.pass_days(70)
    assert (desk.state, desk.code) == ("grace", "licence_ended")
    desk.seat.take(world.renewed(end=world.clock() + timedelta(days=365)))
    assert desk.state == "active"  # its lease runs on under the next licence
    with pytest.raises(LicenceOlder):
        desk.seat.take(first)


def test_an_older_licence_put_back_by_hand_is_found(world: World) -> None:
    desk = world.seated()
    old = (desk.folder / "licence.json").read_bytes()
    desk.seat.take(world.renewed(seats=2))
    (desk.folder / "licence.json").write_bytes(old)
    assert (desk.state, desk.code) == ("unlicensed", "licence_older")


def test_a_certificate_works_for_the_request_it_answers_alone(world: World) -> None:
    first, second = world.desk(), world.desk()
    certificate = world.approve(first.seat.request())
    with pytest.raises(SeatNotAsked):
        second.seat.take(certificate)
    second.seat.request()
    with pytest.raises(SeatNotAsked):
        second.seat.take(certificate)
    first.seat.take(certificate)
    with pytest.raises(SeatNotAsked, match="already"):  # replayed
        first.seat.take(certificate)
    assert (first.state, second.state) == ("active", "evaluation")


def test_a_certificate_of_a_stranger_is_no_certificate(world: World) -> None:
    desk = world.desk()
    other = World(world.folder / "other", id="77" * 16)
    stranger = other.desk()
    with pytest.raises(DocumentForged):
        desk.seat.take(other.approve(stranger.seat.request()))


def test_a_seat_survives_what_happens_to_a_machine(world: World) -> None:
    desk = world.seated()
    here = desk.traits
    for trait in (Trait.NETWORK, Trait.DISK, Trait.MEMORY):
        desk.traits = changed(here, trait, "another")
        assert desk.state == "active", trait
        desk.traits = changed(here, trait)
        assert desk.state == "active", trait
    docked = dict(here)[Trait.NETWORK] + ("card of the docking station",)
    desk.traits = changed(here, Trait.NETWORK, *docked)
    assert desk.state == "active"


def test_a_copy_of_the_data_folder_is_no_seat_elsewhere(world: World) -> None:
    desk = world.seated("ward-1")
    copy = desk.image(world.folder / "copy")
    copy.traits = machine("ward-2")  # the same model, another machine
    assert (copy.state, copy.code) == ("unlicensed", "seat_elsewhere")
    assert desk.state == "active"
    request = copy.seat.request()
    with pytest.raises(SeatElsewhere):
        world.approve(request)


def test_an_image_of_a_whole_disk_is_no_seat_on_the_same_model(world: World) -> None:
    desk = world.seated("ward-1")
    clone = desk.image(world.folder / "clone")
    clone.traits = changed(changed(desk.traits, Trait.NETWORK, "x"), Trait.DISK, "y")
    assert (clone.state, clone.code) == ("unlicensed", "seat_elsewhere")


def test_a_seat_that_moved_to_new_hardware_is_certified_again_where_it_accepts_that(
    world: World,
) -> None:
    desk = world.seated("ward-1")
    desk.traits = machine("new hardware", model="Model 6")
    desk.seat.take(world.approve(desk.seat.request(), accept_moved=True))
    view = desk.seat.view()
    assert (view.state, view.seat) == ("active", 1)


def test_a_revoked_seat_stops_and_stays_so(world: World) -> None:
    desk = world.seated("ward-1")
    before = world.revocations()
    desk.seat.take(world.revocations("1"))
    assert (desk.state, desk.code) == ("revoked", "seat_revoked")
    with pytest.raises(LicenceOlder):
        desk.seat.take(before)
    world.clock.pass_days(-300)
    assert desk.state == "revoked"


def test_a_revoked_seat_goes_on_only_with_a_new_key_and_a_new_approval(world: World) -> None:
    desk = world.seated("ward-1")
    desk.seat.take(world.revocations("1"))
    with pytest.raises(SeatRevoked):
        world.approve(desk.seat.request())
    desk.seat.take(world.approve(desk.seat.request(fresh=True)))
    assert desk.state == "active"
    desk.seat.take(world.revocations())
    assert desk.state == "active"


def test_a_revoked_seat_whose_list_is_taken_away_is_no_seat(world: World) -> None:
    desk = world.seated("ward-1")
    desk.seat.take(world.revocations("1"))
    (desk.folder / "revocations.json").unlink()
    assert (desk.state, desk.code) == ("unlicensed", "licence_older")


def test_a_revoked_seat_restored_from_an_image_stops_at_the_next_list_or_lease(
    world: World,
) -> None:
    desk = world.seated("ward-1")
    image = desk.image(world.folder / "image")
    listed = world.revocations("1")
    desk.seat.take(listed)
    assert desk.state == "revoked"
    managed = world.folder / "managed"
    managed.mkdir()
    (managed / "newest.revocations").write_bytes(listed)
    image.seat.take_managed(managed)  # IT's own folder is not part of the image
    assert image.state == "revoked"
    silent = desk.image(world.folder / "silent")
    shutil.rmtree(silent.folder)
    shutil.copytree(image.folder, silent.folder)
    (silent.folder / "revocations.json").unlink()
    silent.log.numbers = {
        name: value for name, value in silent.log.numbers.items() if "revocations" not in name
    }
    request = silent.seat.request()
    with pytest.raises(Exception, match="revoked or given back"):
        world.approve(request)
    world.clock.pass_days(90 + 15)
    assert silent.state == "expired"


def test_a_seat_is_given_back_once_and_its_number_is_free_again(world: World) -> None:
    desk = world.seated("ward-1")
    world.seated("ward-2")
    world.seated("ward-3")
    fourth = world.desk("ward-4")
    with pytest.raises(SeatsUsedUp):
        world.approve(fourth.seat.request())
    receipt = desk.seat.give_back()
    assert (desk.state, desk.code) == ("unlicensed", "seat_returned")
    assert desk.seat.give_back() == receipt
    with world.authority() as authority:
        assert authority.take_back((receipt,))[0].number == 1
        assert authority.take_back((receipt,))[0].number == 0  # replayed: frees nothing more
    fourth.seat.take(world.approve(fourth.seat.request()))
    assert fourth.seat.view().seat == 1


def test_a_seat_given_back_while_its_renewal_was_under_way_is_free_all_the_same(
    world: World,
) -> None:
    desk = world.seated("ward-1")
    late = world.approve(desk.seat.request())
    receipt = desk.seat.give_back()
    with world.authority() as authority:
        assert authority.take_back((receipt,))[0].number == 1
        assert authority.held() == ()
    with pytest.raises(SeatNotAsked, match="no request"):
        desk.seat.take(late)


def test_a_returned_seat_that_is_put_back_is_no_seat(world: World) -> None:
    desk = world.seated("ward-1")
    sealed = (desk.folder / "seat.sealed").read_bytes()
    image = desk.image(world.folder / "image")
    receipt = desk.seat.give_back()
    (desk.folder / "seat.sealed").write_bytes(sealed)
    assert desk.code == "seat_returned"
    with world.authority() as authority:
        authority.take_back((receipt,))
    image.seat.take(world.revocations())
    assert image.state == "revoked"


def test_a_returned_seat_may_be_asked_for_anew(world: World) -> None:
    desk = world.seated("ward-1")
    receipt = desk.seat.give_back()
    with world.authority() as authority:
        authority.take_back((receipt,))
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"


def test_damaged_files_take_new_answers_away_and_nothing_else(world: World) -> None:
    desk = world.seated("ward-1")
    for name in ("licence.json", "certificate.json", "seat.sealed"):
        path = desk.folder / name
        whole = path.read_bytes()
        for damage in (b"", whole[:-1], whole[: len(whole) // 2] + b"x" + whole[len(whole) // 2 :]):
            path.write_bytes(damage)
            standing = desk.seat.standing()
            assert standing.state.value == "unlicensed", (name, damage)
            assert standing.sentence
            assert standing.next_step
        path.write_bytes(whole)
    assert desk.state == "active"


def test_a_seat_whose_key_is_gone_asks_anew(world: World) -> None:
    desk = world.seated("ward-1")
    (desk.folder / "seat.sealed").unlink()
    assert desk.state == "unlicensed"
    desk.seat.take(world.approve(desk.seat.request(fresh=True), replaces=1))
    assert desk.state == "active"


def test_an_enrolment_token_works_for_some_days_and_once(world: World) -> None:
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
    desk = world.desk()
    desk.seat.take(token)
    assert (desk.state, desk.code) == ("active", "enrolled")
    with pytest.raises(EnrolmentUsed):
        desk.seat.take(token)
    request = desk.seat.request()
    world.clock.pass_days(15)
    assert (desk.state, desk.code) == ("expired", "enrolment_ended")
    desk.seat.take(world.approve(request))
    assert (desk.state, desk.code) == ("active", "active")


def test_a_restored_backup_must_be_certified_again(world: World) -> None:
    desk = world.seated("ward-1")
    desk.seat.restored()
    assert (desk.state, desk.code) == ("unlicensed", "seat_restored")
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"


def test_what_is_done_is_in_the_log_and_refusals_with_their_code(world: World) -> None:
    desk = world.seated("ward-1")
    with pytest.raises(SeatNotAsked):
        desk.seat.take(world.desk().seat.request())  # nothing a seat takes
    with pytest.raises(SeatNotAsked):
        desk.seat.take((desk.folder / "certificate.json").read_bytes())
    seat = desk.seat
    seat.give_back()
    logged = [
        (entry.action.removeprefix("licensing."), entry.outcome, dict(entry.fields)["code"])
        for entry in desk.log.entries
        if not entry.action.startswith(("value.", "log."))
    ]
    assert logged == [
        ("licence.begun", "", ""),
        ("licence.ended", "done", ""),
        ("seat_request.begun", "", ""),
        ("seat_request.ended", "done", ""),
        ("seat_certificate.begun", "", ""),
        ("seat_certificate.ended", "done", ""),
        ("seat.standing", "active", "active"),
        ("seat_certificate.begun", "", ""),
        ("seat_certificate.ended", "refused", "seat_not_asked"),
        ("seat_return.begun", "", ""),
        ("seat_return.ended", "done", ""),
        ("seat.standing", "unlicensed", "seat_returned"),
    ]


def test_a_state_that_changes_in_mid_session_is_logged_at_the_next_question(world: World) -> None:
    seat, log = (desk := world.seated("ward-1")).seat, desk.log
    records = log.size
    assert seat.refusal() is None
    assert log.size == records
    world.clock.pass_days(91)
    assert seat.refusal() is None
    assert seat.refusal() is None
    assert [(entry.action, entry.outcome) for entry in log.entries[records:]] == [
        ("seat.standing", "grace")
    ]


def test_a_log_that_cannot_be_written_keeps_no_answer_back_here(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main path says it itself, when it opens the ask."""
    desk = world.seated("ward-1")
    seat = desk.seat
    world.clock.pass_days(200)

    def full(*_: object, **__: object) -> None:
        raise LogUnwritable("The disk is full.")

    monkeypatch.setattr(desk.log, "write", full)
    refusal = seat.refusal()
    assert refusal is not None
    assert refusal.code == "term_over"
