"""A vault with people, restored out of a backup: everybody is who they were, the seat is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.clock import now
from appliance.restoring import restore
from appliance.seat import Seat
from appliance.values import Role, Standing
from appliance.vault import WrongPassphrase
from tests.people_at_work import CANARY, SECRETS, Hospital, found


@pytest.fixture
def backed_up(hospital: Hospital, tmp_path: Path) -> Hospital:
    """Somebody failed to log in, an account was closed, and then a backup was made."""
    stranger = hospital.appliance()
    with pytest.raises(WrongPassphrase):
        stranger.unlock("six herons under a bridge", "Bert")
    stranger.close()
    with hospital.desk("Anna") as anna:
        with anna.people() as people:
            people.close(hospital.ids["Dora"])
        (tmp_path / "stick").mkdir()
        with anna.administration() as care:
            care.backups.create(tmp_path / "stick")
    return hospital


@pytest.fixture
def again(backed_up: Hospital, tmp_path: Path) -> Hospital:
    """The same hospital out of its backup, with its recovery code alone."""
    data = tmp_path / "new"
    data.mkdir(mode=0o700)
    restore(tmp_path / "stick", data, lambda: backed_up.code, now)
    (data / "spill").mkdir(mode=0o700)
    return replace(backed_up, data=data)


def test_everybody_is_who_they_were_and_the_roster_goes_on(again: Hospital) -> None:
    with again.desk("Bert") as bert:
        assert bert.person is not None
        assert bert.person.roles == (Role.MEMBER,)
    with again.desk("Anna") as anna, anna.people() as people:
        standings = {one.person.name: one.standing for one in people.all()}
        assert standings["Dora"] is Standing.CLOSED
        assert standings["Egon"] is Standing.ACTIVE
        assert CANARY in found(anna)
        frida, _ = people.add("Frida", SECRETS["Dora"], (Role.MEMBER,))
        people.join(again.ward, frida.id)
    reopened = again.appliance()
    reopened.unlock(SECRETS["Dora"], "Frida")
    assert CANARY in found(reopened)
    reopened.close()


def test_the_count_of_failures_is_no_older_than_the_log(again: Hospital) -> None:
    actions = again.actions()
    assert "backup.restored" in actions
    assert "login.failed" in actions
    assert "login.count_lost" not in actions


def test_the_seat_is_given_up_once_after_each_restore(
    again: Hospital, backed_up: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: list[Seat] = []

    def noted(seat: Seat) -> None:
        given_up.append(seat)

    monkeypatch.setattr(Seat, "restored", noted)
    for _ in range(2):
        with again.desk("Egon"):
            assert len(given_up) == 1
    with backed_up.desk("Egon"):  # the machine that goes on
        assert len(given_up) == 1
    with again.desk("Anna") as anna, anna.administration() as care:
        care.backups.create(tmp_path / "stick")
    third = tmp_path / "third"
    third.mkdir(mode=0o700)
    restore(tmp_path / "stick", third, lambda: again.code, now)
    (third / "spill").mkdir(mode=0o700)
    with replace(again, data=third).desk("Egon"):
        assert len(given_up) == 2


def test_a_backup_holds_what_people_and_licences_keep(again: Hospital) -> None:
    assert (again.data / "people" / "attempts").is_file()
    assert (again.data / "restored.json").is_file()
