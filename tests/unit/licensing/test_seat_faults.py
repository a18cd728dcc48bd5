"""A seat's acts cut at every write, on a full disk, and the silent installation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import StorageFull
from appliance.licensing import seat_folder
from appliance.licensing.errors import LicensingError
from appliance.vault import durable, sealed
from tests.unit.licensing.world import Desk, World


class Cut(Exception):
    """The power went."""


def cut_at(
    step: int, patch: pytest.MonkeyPatch, desk: Desk, error: type[Exception] = Cut
) -> list[str]:
    """From here on the write number `step`, of files and log values, raises; returns what was
    written before."""
    done: list[str] = []

    def guarded(write: Callable[..., object], name: str) -> Callable[..., object]:
        def writing(*given: object, **named: object) -> object:
            if len(done) == step:
                raise error("The power went.")
            done.append(name)
            return write(*given, **named)

        return writing

    patch.setattr(seat_folder, "write_atomic", guarded(durable.write_atomic, "file"))
    patch.setattr(seat_folder, "write_sealed", guarded(sealed.write_sealed, "sealed"))
    patch.setattr(desk.log, "note_value", guarded(desk.log.note_value, "value"))
    return done


@pytest.mark.parametrize("step", range(5))
def test_an_activation_that_is_cut_is_done_again_or_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    desk = world.desk()
    certificate = world.approve(desk.seat.request())
    with monkeypatch.context() as patch:
        cut_at(step, patch, desk)
        try:
            desk.seat.take(certificate)
        except Cut:
            pass
        else:
            assert step > 3
    assert desk.state in {"active", "evaluation"}
    try:
        desk.seat.take(certificate)
    except LicensingError:
        assert desk.state == "active"
    assert desk.state == "active"


@pytest.mark.parametrize("step", range(3))
def test_a_return_that_is_cut_leaves_a_seat_or_a_receipt_never_both(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    desk = world.seated()
    with monkeypatch.context() as patch:
        cut_at(step, patch, desk)
        try:
            desk.seat.give_back()
        except Cut:
            pass
        else:
            assert step == 2
    assert (desk.state == "active") == (step == 0)
    receipt = desk.seat.give_back()
    assert desk.code == "seat_returned"
    with world.authority() as authority:
        assert authority.take_back((receipt,))[0].number == 1


@pytest.mark.parametrize("step", range(3))
def test_on_a_full_disk_a_seat_stays_what_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    desk = world.seated()
    with monkeypatch.context() as patch:
        cut_at(0, patch, desk, StorageFull)
        act = (desk.seat.request, desk.seat.usage, lambda: desk.seat.take(world.revocations()))
        with pytest.raises(StorageFull):
            act[step]()
    assert desk.state == "active"
    assert desk.log.entries[-1].outcome == "refused"


def test_a_report_that_was_cut_is_made_again_under_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.seated()
    with monkeypatch.context() as patch:
        cut_at(1, patch, desk)
        with pytest.raises(Cut):
            desk.seat.usage()
    report = desk.seat.usage()
    with world.authority() as authority:
        assert authority.summary((report,))[1] == ()


@pytest.fixture
def managed(world: World) -> Path:
    """/etc/cloister/licence as IT lays it out: a licence, a token, and what does not belong."""
    folder = world.folder / "managed"
    folder.mkdir()
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
    (folder / "a.token").write_bytes(token)
    (folder / "b.licence").write_bytes(world.licence_file)
    (folder / "README").write_text("laid here by IT")
    (folder / "forged.licence").write_bytes(world.licence_file.replace(b"St. Anne", b"St. Bona"))
    (folder / "link").symlink_to("/dev/zero")
    (folder / "folder").mkdir()
    return folder


def test_a_silent_installation_has_a_seat_at_the_first_log_in(world: World, managed: Path) -> None:
    desk = world.desk(licensed=False)
    desk.seat.take_managed(managed)
    assert (desk.state, desk.code) == ("active", "enrolled")
    entries = len(desk.log.entries)
    (managed / "forged.licence").unlink()
    desk.seat.take_managed(managed)
    assert len(desk.log.entries) == entries  # nothing is news, nothing is written
    (managed / "c.seat").write_bytes(world.approve(desk.seat.request()))
    desk.seat.take_managed(managed)
    assert (desk.state, desk.code) == ("active", "active")


def test_what_does_not_hold_in_the_managed_folder_is_logged_and_changes_nothing(
    world: World, managed: Path
) -> None:
    desk = world.desk(licensed=False)
    desk.seat.take_managed(managed)
    refused = [entry for entry in desk.log.entries if entry.outcome == "refused"]
    assert [dict(entry.fields)["code"] for entry in refused] == ["licence_forged"]
    desk.seat.take_managed(world.folder / "nowhere")
    assert desk.state == "active"
