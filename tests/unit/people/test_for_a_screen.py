"""What the window is given of the administration, on real parts: values, and what stops in time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.administration import CarryingStopped
from appliance.app import Cancellation
from appliance.clock import now
from appliance.desk import NotAllowed
from appliance.errors import StorageReadOnly
from appliance.parcel.errors import ParcelInterrupted
from appliance.people import CONFIRMED_SECONDS, ConfirmFirst
from tests.people_at_work import Hospital
from tests.unit.parcel.sticks import Sender


def test_who_is_offered_what(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora:
        assert {"manage_seats", "manage_people", "back_up"} <= dora.allowed()
        assert not {"read_log", "read_document", "manage_members"} & dora.allowed()
    with hospital.desk("Bert") as bert:
        assert not {"manage_seats", "manage_people", "back_up"} & bert.allowed()
    assert "action.denied" not in hospital.actions()


def test_managing_the_seat_wants_fresh_proof(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hospital.desk("Dora") as dora:
        with dora.at_desk() as desk:
            later = desk.confirmation._ticking() + CONFIRMED_SECONDS + 1
            monkeypatch.setattr(desk.confirmation, "_ticking", lambda: later)
        with pytest.raises(ConfirmFirst), dora.seat():
            pass
        assert dora.standing().state == "evaluation"
    with hospital.desk("Bert") as bert, pytest.raises(NotAllowed), bert.seat():
        pass


def test_a_backup_is_told_of_and_stops_between_two_pieces(
    hospital: Hospital, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    told: list[tuple[int, int]] = []
    with hospital.desk("Dora") as dora:
        stop = Cancellation()
        with dora.administration(stop) as care:
            assert care.last_backup() is None
            made = care.back_up(stick, lambda done, total: told.append((done, total)))
            noted = care.last_backup()
            assert noted is not None
            assert (noted.number, noted.size) == (made.number, made.size) == (1, told[-1][1])
            checked = care.check(stick, lambda done, total: None)
            assert (checked.first, checked.last) == (1, 1)
            assert checked.created == made.created.replace(microsecond=0)
            stop.cancel()
            with pytest.raises(CarryingStopped):
                care.back_up(stick, lambda done, total: None)
            assert care.last_backup() == noted
    assert told[-1][0] == told[-1][1] > 0
    assert "backup.not_created" in hospital.actions()


def test_locking_stops_a_backup_that_is_under_way(hospital: Hospital, tmp_path: Path) -> None:
    """The window locks from another thread; here the first piece that is told of does it."""
    stick = tmp_path / "stick"
    stick.mkdir()
    with hospital.desk("Dora") as dora:

        def locked(done: int, total: int) -> None:
            for one in dora._sitting._working.values():
                one.cancel()

        with dora.administration(Cancellation()) as care, pytest.raises(CarryingStopped):
            care.back_up(stick, locked)


@pytest.fixture
def parcel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a stick of an origin that this person trusts."""
    sender = Sender(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    roots = tmp_path / "settings" / "cloister" / "parcel-roots"
    roots.mkdir(parents=True)
    shutil.copy(sender.workshop.root, roots / "vendor.json")
    return sender.stick("stick", now=now())


def test_a_parcel_is_looked_at_taken_in_and_then_here(hospital: Hospital, parcel: Path) -> None:
    with hospital.desk("Dora") as dora, dora.administration() as care:
        view = care.look_at(parcel)
        (item,) = view.items
        assert care.is_parcel(parcel)
        assert not care.is_parcel(hospital.data)
        assert (view.origin, item.kind, item.state) == ("vendor", "revocation", "new")
        told: list[int] = []
        (taken,) = care.take_in(parcel, [item.id], {}, lambda done, total: told.append(done))
        assert taken.done
        assert told[-1] == item.size
        assert care.look_at(parcel).items[0].state == "here"


def test_who_may_not_take_something_in_is_told_before(hospital: Hospital, parcel: Path) -> None:
    with hospital.desk("Bert") as bert, bert.administration() as care:
        (item,) = care.look_at(parcel).items
        assert item.state == "barred"
        assert item.sentence
    assert "action.denied" not in hospital.actions()


def test_what_is_stopped_goes_on_the_next_time(hospital: Hospital, parcel: Path) -> None:
    with hospital.desk("Dora") as dora:
        stop = Cancellation()
        stop.cancel()
        with dora.administration(stop) as care:
            (item,) = care.look_at(parcel).items
            with pytest.raises(ParcelInterrupted, match="Stopped"):
                care.take_in(parcel, [item.id], {}, lambda done, total: None)
        with dora.administration() as care:
            (taken,) = care.take_in(parcel, [item.id], {}, lambda done, total: None)
            assert taken.done


def test_a_setting_that_is_changed_is_in_the_log(hospital: Hospital) -> None:
    with hospital.desk("Bert") as bert:
        assert {one.name for one in bert.settings_shown()} >= {"lock_minutes", "airgap"}
        with pytest.raises(StorageReadOnly):  # no window, no file open for writing
            bert.change_setting("lock_minutes", "5")
    said = [action for action in hospital.actions() if action.startswith("setting.")]
    assert said == ["setting.changing", "setting.unchanged"]


def test_the_codes_of_a_file_are_squares(hospital: Hospital) -> None:
    codes = hospital.appliance().codes(b"a seat request" * 20)
    assert all(len(row) == len(code) for code in codes for row in code)
