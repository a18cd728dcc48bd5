"""What is typed at the authority never spoils its register."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.cli.signed_files import gathered
from appliance.errors import AlreadyRunning, UsageError
from appliance.licensing import laid_out
from appliance.licensing.authority import keeping
from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.office import new_authority
from appliance.licensing.authority.register import Ended, Listed
from appliance.licensing.errors import (
    AuthorityExists,
    EnrolmentEnded,
    EnrolmentUnfit,
    LabelUnfit,
    OneSeatOnly,
    RegisterRefused,
    SeatBeyondLicence,
    SeatRevoked,
    SeatUnknown,
)
from appliance.licensing.licence import MOST_GRACE
from appliance.licensing.request import open_request, request_bytes
from appliance.licensing.revocations import Reason, open_revocations
from appliance.licensing.signed import Kind
from appliance.vault import PassphraseTooWeak, WrongPassphrase
from tests.unit.licensing.world import NOON, PASSPHRASE, TRUSTED, World, signer


def still_works(world: World) -> bool:
    with world.authority() as authority:
        return authority.held() == ()


@pytest.mark.parametrize("label", ["x" * 81, "two\nlines", "\x00"])
def test_a_label_that_could_not_be_read_back_is_not_written(world: World, label: str) -> None:
    request = world.desk().seat.request()
    with pytest.raises(LabelUnfit):
        world.approve(request, label=label)
    assert still_works(world)
    with pytest.raises(LabelUnfit):
        world.desk().seat.request("x" * 81)


@pytest.mark.parametrize(("count", "days", "until"), [(0, 14, 9), (1, 0, 9), (1, 61, 9), (1, 1, 0)])
def test_a_token_that_no_seat_would_take_is_not_made(
    world: World, count: int, days: int, until: int
) -> None:
    with world.authority() as authority, pytest.raises(EnrolmentUnfit):
        authority.enrol(count, world.clock() + timedelta(days=until), days)
    assert still_works(world)


def test_one_lost_seat_goes_to_one_request_alone(world: World) -> None:
    world.seated("lost")
    requests = [world.desk().seat.request() for _ in range(2)]
    with world.authority() as authority, pytest.raises(OneSeatOnly):
        authority.approve(requests, Terms(replaces=1))
    with world.authority() as authority:
        assert [one.label for one in authority.held()] == ["lost"]


@pytest.mark.parametrize("entry", [Ended(NOON, "no id", Reason.REVOKED), Listed(NOON, 0)])
def test_a_register_that_could_not_be_read_back_is_not_written(
    world: World, entry: Ended | Listed
) -> None:
    with world.authority() as authority:
        authority._register.add(entry)
        with pytest.raises(RegisterRefused):
            authority._save()
    assert still_works(world)


def test_a_label_that_looks_like_a_number_is_not_taken_for_one(world: World) -> None:
    for label in ("ward-1", "1", "twice"):
        world.seated(label)
    with world.authority() as authority:
        revoked = authority.revoke("1")
        assert revoked is not None
        assert (revoked.number, revoked.label) == (1, "ward-1")
        assert [one.number for one in authority.held()] == [2, 3]


def test_a_label_of_several_seats_revokes_none_of_them(world: World) -> None:
    for _ in range(2):
        world.seated("twice")
    with world.authority() as authority:
        with pytest.raises(SeatUnknown, match="Seats 1, 2 are called"):
            authority.revoke("twice")
        assert len(authority.held()) == 2


def test_a_receipt_sent_again_frees_no_seat_of_a_key_that_was_put_back(world: World) -> None:
    desk = world.seated("ward-1")
    sealed = (desk.folder / "seat.sealed").read_bytes()
    image = desk.image(world.folder / "image")
    receipt = desk.seat.give_back()
    with world.authority() as authority:
        authority.take_back((receipt,))
    (desk.folder / "seat.sealed").write_bytes(sealed)
    desk.seat.take(world.approve(desk.seat.request()))  # under a new key
    (image.folder / "certificate.json").unlink()
    with pytest.raises(SeatRevoked, match="given back"):  # as if it had never had a seat
        world.approve(image.seat.request())
    with world.authority() as authority:
        assert authority.take_back((receipt,))[0].number == 0
        assert [one.number for one in authority.held()] == [1]


def test_a_seat_beyond_a_smaller_licence_asks_anew_for_one_within_it(world: World) -> None:
    desks = [world.seated(f"ward-{number}") for number in (1, 2, 3)]
    smaller = world.renewed(seats=2)
    with world.authority() as authority:
        authority.take_licence(smaller, TRUSTED)
    with pytest.raises(SeatBeyondLicence):
        world.approve(desks[2].seat.request())
    desks[2].seat.take(smaller)
    assert "--new" in desks[2].seat.standing().next_step
    desks[2].seat.take(world.approve(desks[2].seat.request(fresh=True), replaces=1))
    assert (desks[2].state, desks[2].seat.view().seat) == ("active", 1)
    with pytest.raises(SeatRevoked):
        world.approve(desks[0].seat.request())


def test_the_passphrase_can_be_changed_and_the_old_one_opens_nothing_then(world: World) -> None:
    folder = world.authority_folder
    new = "five quite other garden words"
    with pytest.raises(WrongPassphrase):
        keeping.change_passphrase(folder, "four other garden words", new)
    with pytest.raises(PassphraseTooWeak):
        keeping.change_passphrase(folder, PASSPHRASE, "short")
    with world.authority(), pytest.raises(AlreadyRunning):
        keeping.change_passphrase(folder, PASSPHRASE, new)
    before = keeping.unlock(folder, PASSPHRASE)
    keeping.change_passphrase(folder, PASSPHRASE, new)
    assert keeping.unlock(folder, new).id == before.id
    with pytest.raises(WrongPassphrase):
        keeping.unlock(folder, PASSPHRASE)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "St.\nAnne"])
def test_an_institution_has_a_name_that_a_licence_can_hold(world: World, name: str) -> None:
    folder = world.folder / "another"
    with pytest.raises(LabelUnfit):
        new_authority(folder, world.anchors, PASSPHRASE, world.office, name, NOON)
    assert not folder.exists()


def test_of_a_folder_only_what_is_asked_for_is_taken(world: World) -> None:
    """Certificates may lie in the very folder the requests came in."""
    folder = world.folder / "post"
    folder.mkdir()
    request = world.desk().seat.request()
    (folder / "a.request").write_bytes(request)
    (folder / "0001-seat.seat").write_bytes(world.approve(request))
    (folder / "large").write_bytes(request.rstrip(b"}") + b" " * 70_000 + b"}")
    kinds = (Kind.REQUEST, Kind.RECEIPT)
    assert gathered((folder,), kinds) == (("a.request", request),)
    named = folder / "0001-seat.seat"
    assert gathered((named,), kinds) == ((named.name, named.read_bytes()),)


def test_a_folder_of_too_many_files_is_not_taken_in_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laid_out, "MOST_FILES", 1)
    with pytest.raises(UsageError, match="more files"):
        gathered((world.authority_folder,), (Kind.REQUEST,))


def test_a_list_names_nobody_whose_lease_and_grace_are_over(world: World) -> None:
    """Or it would grow until no seat could read it."""
    desk = world.seated("ward-1")
    listed = open_revocations(world.revocations("1"), world.licence)
    assert [one.reason for one in listed.revoked] == [Reason.REVOKED]
    world.clock.pass_days(90 + MOST_GRACE + 1)
    later = world.revocations()
    assert open_revocations(later, world.licence).revoked == ()
    desk.seat.take(later)
    assert desk.seat.refusal() is not None


def test_a_key_that_is_gone_is_no_room_for_a_new_authority(world: World) -> None:
    world.seated()
    (world.authority_folder / "key.json").rename(world.folder / "elsewhere")
    with pytest.raises(AuthorityExists):
        keeping.create(world.authority_folder, world.anchors, PASSPHRASE, world.office)
    (world.folder / "elsewhere").rename(world.authority_folder / "key.json")
    with world.authority() as authority:
        assert len(authority.held()) == 1


def test_an_enrolled_request_that_was_seen_enrols_nobody_else(world: World) -> None:
    with world.authority() as authority:
        token = authority.enrol(1, world.clock() + timedelta(days=30), 14)
    desk = world.desk()
    desk.seat.take(token)
    seen, thief = open_request(desk.seat.request()), signer("thief")
    stolen = request_bytes(replace(seen, key=thief.public("")), thief)
    with pytest.raises(EnrolmentEnded):
        world.approve(stolen)
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"
