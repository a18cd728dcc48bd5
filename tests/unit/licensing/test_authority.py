"""The authority gives no seat twice, whatever is copied, restored, killed or sent again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import AlreadyRunning, CloisterError, StorageFull
from appliance.licensing.authority import keeping, office
from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.keeping import AuthorityDamaged
from appliance.licensing.certificate import certificate_bytes, open_certificate
from appliance.licensing.enrolment import open_enrolment
from appliance.licensing.errors import (
    AuthorityElsewhere,
    AuthorityExists,
    AuthorityRestored,
    AuthorityUncertified,
    ClockBehind,
    CloneSuspected,
    DocumentForged,
    EnrolmentEnded,
    EnrolmentUsed,
    LicenceOlder,
    QuotaUsedUp,
    SeatBeyondLicence,
    SeatRevoked,
    SeatsUsedUp,
    SeatUnknown,
    TermOver,
    TooLittleOfItself,
)
from appliance.licensing.licence import Plan, licence_bytes
from appliance.licensing.request import open_request, request_bytes
from appliance.vault import WrongPassphrase, durable, sealed
from tests.unit.licensing.world import PASSPHRASE, TRUSTED, VENDOR, World, machine, signer


def test_no_more_seats_are_given_than_the_licence_has(world: World) -> None:
    for _ in range(3):
        world.seated()
    fourth = world.desk()
    with pytest.raises(SeatsUsedUp, match="All 3 seats"):
        world.approve(fourth.seat.request())


def test_the_same_request_gets_the_same_certificate(world: World) -> None:
    request = world.desk().seat.request()
    assert world.approve(request) == world.approve(request)
    with world.authority() as authority:
        twice = authority.approve((request, request), Terms())
        assert len(authority.held()) == 1
    assert twice[0].certificate == twice[1].certificate == world.approve(request)


def test_a_batch_is_judged_file_by_file(world: World) -> None:
    requests = [world.desk().seat.request(f"Ward {n}") for n in range(5)]
    with world.authority() as authority:
        given = authority.approve((requests[0], b"nonsense", *requests[1:]), Terms())
    assert [one.number for one in given] == [1, 0, 2, 3, 0, 0]
    codes = [one.error.code for one in given if one.error is not None]
    assert codes == ["licence_malformed", "seats_used_up", "seats_used_up"]


def test_an_authority_restored_from_a_backup_gives_nothing(world: World) -> None:
    backup = shutil.copytree(world.authority_folder, world.folder / "backup")
    for _ in range(3):
        world.seated()
    shutil.rmtree(world.authority_folder)
    shutil.copytree(backup, world.authority_folder)
    with pytest.raises(AuthorityRestored, match="restored from a backup"):
        world.approve(world.desk().seat.request())


def test_of_two_copies_open_at_once_one_goes_on(world: World) -> None:
    """Each reached the same number of entries, under one anchor."""
    copy = shutil.copytree(world.authority_folder, world.folder / "copy")
    first, second = world.desk().seat.request(), world.desk().seat.request()
    with world.authority(copy) as other:
        world.approve(first)
        assert other.approve((second,), Terms())[0].certificate
    with pytest.raises(AuthorityRestored, match="goes on somewhere else"):
        world.approve(first)
    with world.authority(copy) as other:
        assert len(other.held()) == 1


def test_an_authority_restored_with_its_anchor_is_found_out_by_the_seats(world: World) -> None:
    """The whole disk was put back: nothing on that machine can know. What was signed does."""
    backup = shutil.copytree(world.authority_folder, world.folder / "backup")
    anchors = shutil.copytree(world.anchors, world.folder / "backup-anchors")
    first, second = world.seated("ward-1"), world.seated("ward-2")
    with world.authority(backup, anchors) as restored:
        for desk in (first, second):  # a renewal shows what its seat has seen
            error = restored.approve((desk.seat.request(),), Terms())[0].error
            assert isinstance(error, AuthorityRestored)
        third = world.desk("ward-3")
        given = restored.approve((third.seat.request(),), Terms())[0]
        assert given.number == 1  # over-issued: this machine was never seen by anybody
        third.seat.take(given.certificate)
        listed = restored.revocation_list()
    with pytest.raises(AuthorityRestored):
        world.approve(third.seat.request())
    third.seat.take(world.revocations())  # the first list of the true authority that reaches it
    assert third.state == "revoked"
    first.seat.take(listed)  # and the other way round: only one of the two can go on
    assert first.state == "revoked"


def test_a_copy_of_the_authority_on_another_machine_gives_nothing(world: World) -> None:
    copy = shutil.copytree(world.authority_folder, world.folder / "copy")
    with (
        pytest.raises(AuthorityElsewhere),
        world.authority(copy, traits=machine("another office")),
    ):
        pass
    nowhere = world.folder / "nowhere"
    with pytest.raises(AuthorityRestored), world.authority(copy, nowhere):
        pass


def test_a_second_authority_that_the_licence_does_not_name_gives_nothing(world: World) -> None:
    other = World(world.folder / "other")  # even under the very same licence id
    desk = world.desk()
    with pytest.raises(DocumentForged):
        desk.seat.take(other.approve(desk.seat.request()))
    with world.authority() as authority, pytest.raises(AuthorityUncertified):
        authority.take_licence(other.licence_file, TRUSTED)


def test_an_uncertified_authority_gives_nothing(world: World) -> None:
    (world.authority_folder / "licence.json").unlink()
    with pytest.raises(AuthorityUncertified):
        world.approve(world.desk().seat.request())


def test_a_new_authority_takes_the_old_ones_place_with_the_next_licence(world: World) -> None:
    desk = world.seated("ward-1")
    newer = World(world.folder / "newer", id=world.licence.id)
    desk.seat.take(world.renewed(authority=newer.licence.authority))
    assert (desk.state, desk.code) == ("unlicensed", "seat_missing")
    newer.licence = world.licence
    with newer.authority() as authority:
        authority.take_licence(licence_bytes(world.licence, VENDOR), TRUSTED)
    desk.seat.take(newer.approve(desk.seat.request()))
    assert desk.state == "active"


def test_a_clone_that_renews_after_the_original_is_found_out(world: World) -> None:
    desk = world.seated("ward-1")
    clone = desk.image(world.folder / "clone")  # even of the very same hardware, to the last card
    desk.seat.take(world.approve(desk.seat.request()))
    with pytest.raises(CloneSuspected, match="renewed already"):
        world.approve(clone.seat.request())


def test_a_certificate_beyond_the_licence_is_refused_by_the_seat(world: World) -> None:
    desk = world.desk()
    request = desk.seat.request()
    genuine = open_certificate(world.approve(request), world.licence)
    with world.authority() as authority:
        key = authority._secrets.key  # a dishonest authority signs what it likes
    beyond = certificate_bytes(replace(genuine, number=4), key)
    with pytest.raises(SeatBeyondLicence):
        desk.seat.take(beyond)


def test_fewer_seats_in_the_next_licence_stop_the_seats_beyond(world: World) -> None:
    desks = [world.seated() for _ in range(3)]
    smaller = world.renewed(seats=2)
    for desk in desks:
        desk.seat.take(smaller)
    assert [desk.state for desk in desks] == ["active", "active", "unlicensed"]
    assert desks[2].code == "seat_beyond_licence"


def test_an_enrolment_token_has_a_count_an_end_and_a_secret(world: World) -> None:
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
        with pytest.raises(SeatsUsedUp):
            authority.enrol(4, world.clock() + timedelta(days=30), 14)
    desks = [world.desk() for _ in range(3)]
    requests = []
    for desk in desks:
        desk.seat.take(token)
        requests.append(desk.seat.request())
    world.approve(requests[0])
    world.approve(requests[1])
    with pytest.raises(EnrolmentUsed, match="All 2 seats"):
        world.approve(requests[2])
    asked = open_request(requests[2])
    key = desks[2].seat._secrets().key
    assert key is not None
    guessed = request_bytes(replace(asked, enrolment_proof="00" * 32), key)
    with pytest.raises(EnrolmentEnded, match="does not show"):
        world.approve(guessed)
    world.clock.pass_days(31)
    late = world.desk()
    with pytest.raises(EnrolmentEnded):
        late.seat.take(token)


def test_a_revoked_token_enrols_nobody_any_more(world: World) -> None:
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
    desk = world.desk()
    desk.seat.take(token)
    desk.seat.take(world.revocations(open_enrolment(token, world.licence).id))
    assert desk.state == "revoked"
    with pytest.raises(EnrolmentEnded):
        world.approve(desk.seat.request())


def test_a_request_of_a_revoked_or_returned_seat_is_not_answered_again(world: World) -> None:
    desk = world.desk("ward-1")
    request = desk.seat.request()
    desk.seat.take(world.approve(request))
    world.revocations("1")
    with pytest.raises(SeatRevoked):
        world.approve(request)


def test_a_lost_machines_seat_goes_to_another(world: World) -> None:
    lost = world.seated("lost")
    found = world.desk("found")
    found.seat.take(world.approve(found.seat.request(), replaces=1))
    lost.seat.take(world.revocations())
    assert (lost.state, found.state) == ("revoked", "active")
    with pytest.raises(SeatUnknown):
        world.approve(world.desk().seat.request(), replaces=3)


def test_a_machine_that_says_nothing_of_itself_needs_a_yes(world: World) -> None:
    desk = world.desk()
    desk.traits = tuple(desk.traits[3:])
    request = desk.seat.request()
    with pytest.raises(TooLittleOfItself):
        world.approve(request)
    desk.seat.take(world.approve(request, accept_indistinct=True))
    assert desk.state == "active"


def test_the_quota_is_divided_and_never_given_twice(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=3_000)
    assert (
        open_certificate(world.approve(world.desk().seat.request()), world.licence).tokens == 1000
    )
    world.approve(world.desk().seat.request(), tokens=1_500)
    with pytest.raises(QuotaUsedUp, match="500 tokens"):
        world.approve(world.desk().seat.request())
    given = world.approve(world.desk().seat.request(), tokens=500)
    assert open_certificate(given, world.licence).tokens == 500


def test_nothing_is_signed_under_a_clock_that_stands_behind_or_after_the_term(
    world: World,
) -> None:
    world.seated()
    request = world.desk().seat.request()
    world.clock.pass_days(-3)
    with pytest.raises(ClockBehind):
        world.approve(request)
    world.clock.pass_days(400)
    with pytest.raises(TermOver):
        world.approve(request)


def test_an_older_licence_does_not_take_a_newer_ones_place(world: World) -> None:
    first = world.licence_file
    with world.authority() as authority:
        authority.take_licence(world.renewed(seats=9), TRUSTED)
        with pytest.raises(LicenceOlder):
            authority.take_licence(first, TRUSTED)
        assert authority.licence.seats == 9


def test_the_folder_opens_with_its_passphrase_alone_and_once_at_a_time(world: World) -> None:
    with pytest.raises(WrongPassphrase):
        keeping.unlock(world.authority_folder, "four other garden words")
    with world.authority(), pytest.raises(AlreadyRunning), world.authority():
        pass
    with pytest.raises(AuthorityExists):
        keeping.create(world.authority_folder, world.anchors, PASSPHRASE, world.office)


@pytest.mark.parametrize("name", ["register.sealed", "key.json"])
def test_a_damaged_authority_signs_nothing(world: World, name: str) -> None:
    path = world.authority_folder / name
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        path.write_bytes(damaged)
        with pytest.raises(CloisterError), world.authority():
            pass
    path.unlink()
    with pytest.raises(CloisterError), world.authority():
        pass


def test_an_anothers_register_is_not_this_authoritys(world: World) -> None:
    other = World(world.folder / "other")
    shutil.copy(other.authority_folder / "register.sealed", world.authority_folder)
    with pytest.raises(AuthorityDamaged), world.authority():
        pass


class Cut(Exception):
    """The power went."""


@pytest.mark.parametrize("step", range(4))
def test_the_power_goes_at_each_step_of_an_approval(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Certificate, register, anchor, and after all three: the request is answered once."""
    request = world.desk().seat.request()
    writes: list[Path] = []

    def cut(write: Callable[..., None]) -> Callable[..., None]:
        def writing(path: Path, *rest: object) -> None:
            if len(writes) == step:
                raise Cut
            writes.append(path)
            write(path, *rest)

        return writing

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "write_sealed", cut(sealed.write_sealed))
        patch.setattr(keeping, "write_atomic", cut(durable.write_atomic))
        patch.setattr(office, "write_atomic", cut(durable.write_atomic))
        if step < 3:
            with pytest.raises(Cut), world.authority() as authority:
                authority.approve((request,), Terms())
        else:
            with world.authority() as authority:
                authority.approve((request,), Terms())
    certificate = world.approve(request)
    with world.authority() as authority:
        held = authority.held()
        files = sorted(path.name for path in (world.authority_folder / "issued").iterdir())
    assert len(held) == len(files) == 1
    assert open_certificate(certificate, world.licence).id == held[0].certificate


def test_a_full_disk_gives_nothing_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    request = world.desk().seat.request()

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "write_sealed", full)
        with pytest.raises(StorageFull), world.authority() as authority:
            authority.approve((request,), Terms())
    with world.authority() as authority:
        assert authority.held() == ()
    world.approve(request)


def test_two_at_once_give_each_request_one_seat(world: World) -> None:
    requests = [world.desk().seat.request() for _ in range(3)]
    found: list[bytes] = []

    def approve(request: bytes) -> None:
        while True:
            try:
                found.append(world.approve(request))
                return
            except AlreadyRunning:
                continue

    threads = [threading.Thread(target=approve, args=(request,)) for request in requests * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 3
    numbers = {open_certificate(one, world.licence).number for one in found}
    assert numbers == {1, 2, 3}


def test_a_forged_request_is_not_answered(world: World) -> None:
    request = world.desk().seat.request("Ward 1")
    with pytest.raises(DocumentForged):
        world.approve(request.replace(b"Ward 1", b"Ward 2"))
    stolen = request_bytes(open_request(request), signer("thief"))
    with pytest.raises(DocumentForged):
        world.approve(stolen)
