"""Logging in at a real vault: who waits, who is told, and what the log learns."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.app import Appliance
from appliance.cancellation import Cancellation
from appliance.clock import now as real
from appliance.people import ConfirmFirst, LockedOut, TryLater
from appliance.policy import PolicyEngine
from appliance.settings import Settings
from appliance.values import Role
from appliance.vault import RecoveryCodeMistyped, WrongPassphrase
from appliance.vault.recovery import new_code, shown
from appliance.vault.suites import Argon2
from tests.people_at_work import SECRETS, Hospital


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """Time that a test moves on by appending."""
    moved: list[timedelta] = []

    def now() -> datetime:
        return real() + sum(moved, timedelta())

    monkeypatch.setattr("appliance.entering.now", now)
    return moved


def fail(appliance: Appliance, name: str, times: int, clock: list[timedelta]) -> None:
    for _ in range(times):
        with pytest.raises(WrongPassphrase):
            appliance.unlock("not the passphrase", name)
        clock.append(timedelta(minutes=6))


def test_after_three_failures_the_right_passphrase_waits_too(hospital: Hospital) -> None:
    appliance = hospital.appliance()
    for _ in range(3):
        with pytest.raises(WrongPassphrase):
            appliance.unlock("not the passphrase", "Bert")
    with pytest.raises(TryLater):
        appliance.unlock(SECRETS["Bert"], "Bert")
    appliance.unlock(SECRETS["Anna"], "Anna")  # nobody else waits
    appliance.close()


def test_an_unknown_name_waits_as_a_known_one(hospital: Hospital) -> None:
    appliance = hospital.appliance()
    said = []
    for name in ("Bert", "Nobody"):
        for _ in range(3):
            with pytest.raises(WrongPassphrase):
                appliance.unlock("not the passphrase", name)
        with pytest.raises(TryLater) as waits:
            appliance.unlock("not the passphrase", name)
        said.append((waits.value.code, waits.value.next_step))
    assert said[0] == said[1]


def test_ten_failures_lock_a_member_out_and_nothing_is_tried(
    hospital: Hospital, clock: list[timedelta], monkeypatch: pytest.MonkeyPatch
) -> None:
    appliance = hospital.appliance()
    fail(appliance, "Bert", 10, clock)

    def never(*_: object) -> bytes:
        raise AssertionError("tried")

    with monkeypatch.context() as patch:
        patch.setattr(Argon2, "derive", never)
        with pytest.raises(LockedOut):
            appliance.unlock(SECRETS["Bert"], "Bert")
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.release(hospital.ids["Bert"])
    appliance.unlock(SECRETS["Bert"], "Bert")
    appliance.close()
    (failed,) = [one for one in hospital.records() if one.action == "login.failed"]
    fields = dict(failed.fields)
    assert failed.object == hospital.ids["Bert"]
    assert (fields["details.failures"], fields["details.in_a_row"]) == ("10", "10")
    assert "login.released" in hospital.actions()


def test_an_administrator_who_is_guessed_at_for_ever_gets_in(
    hospital: Hospital, clock: list[timedelta]
) -> None:
    """With the passphrase after an hour, whatever others type meanwhile."""
    appliance = hospital.appliance()
    fail(appliance, "Dora", 9, clock)
    for _ in range(5):
        clock.append(timedelta(hours=1))
        fail(appliance, "Dora", 1, clock)
        with pytest.raises(TryLater):
            appliance.unlock(SECRETS["Dora"], "Dora")
    clock.append(timedelta(hours=1))
    appliance.unlock(SECRETS["Dora"], "Dora")
    appliance.close()


def test_a_recovery_code_is_tried_whatever_was_counted(
    hospital: Hospital, clock: list[timedelta]
) -> None:
    appliance = hospital.appliance()
    fail(appliance, "Anna", 10, clock)
    wrong = ("1" if hospital.code[0] != "1" else "2") + hospital.code[1:]
    with pytest.raises(RecoveryCodeMistyped):
        appliance.unlock(wrong, "Anna")
    appliance.unlock(hospital.code, "Anna")
    appliance.close()
    appliance.unlock(SECRETS["Anna"], "Anna")  # the row is over
    appliance.close()


def test_the_log_learns_of_failures_once_and_of_a_count_that_was_put_back(
    hospital: Hospital,
) -> None:
    with hospital.desk("Anna"):
        pass
    older = (hospital.data / "people" / "attempts").read_bytes()
    appliance = hospital.appliance()
    for name in ("Bert", "Nobody"):
        with pytest.raises(WrongPassphrase):
            appliance.unlock("not the passphrase", name)
    with hospital.desk("Anna"):
        pass
    (hospital.data / "people" / "attempts").write_bytes(older)
    records = hospital.records()
    failed = [one for one in records if one.action == "login.failed"]
    assert [one.object for one in failed] == [hospital.ids["Bert"], ""]
    lost = [dict(one.fields)["code"] for one in records if one.action == "login.count_lost"]
    assert lost[-1] == "attempts_replaced"


def test_guessing_at_an_open_desk_is_counted_as_well(hospital: Hospital) -> None:
    with hospital.desk("Bert") as bert:
        for _ in range(3):
            with pytest.raises(WrongPassphrase):
                bert.change_passphrase("not the passphrase", "quite another phrase")
        with pytest.raises(TryLater), bert.people() as people:
            people.confirm(SECRETS["Bert"])


# --- proof that it is still the same person ------------------------------------------------------


def test_exporting_and_administering_need_fresh_proof(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = [0.0]
    monkeypatch.setattr("appliance.desk.ticking", lambda: ticks[0])
    out = tmp_path_factory.mktemp("out")
    with hospital.desk("Egon") as egon:
        ticks[0] = 301.0
        with pytest.raises(ConfirmFirst):
            egon.export_log(out)
        assert egon.log_records(0, 1)  # reading needs none
        with egon.people() as people:
            people.confirm(SECRETS["Egon"])
        egon.export_log(out)
        ticks[0] = 700.0
        with pytest.raises(ConfirmFirst), egon.people() as people:
            people.appoint(hospital.ids["Bert"])
    actions = hospital.actions()
    assert "login.confirmed" in actions
    assert "auditor.appointing" not in actions


def require_confirming(appliance: Appliance, hospital: Hospital, out: Path) -> None:
    """Everything that takes documents or the installation's keys out, or changes what it is."""
    ward = hospital.ward
    with (
        appliance.administration() as office,
        appliance.chat_models() as models,
        appliance.applications(Cancellation()) as applications,
    ):
        for act in (
            lambda: office.backups.create(out),
            lambda: office.pack_library(ward, out / "ward"),
            lambda: models.install(out),
            lambda: models.remove("any"),
            lambda: applications.create("any", "to try", days=1),
            lambda: appliance.seat().__enter__(),
            lambda: appliance.export_log(out),
        ):
            with pytest.raises(ConfirmFirst):
                act()
    assert list(out.iterdir()) == []


def test_what_leaves_or_changes_the_installation_needs_fresh_proof(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = [0.0]
    monkeypatch.setattr("appliance.desk.ticking", lambda: ticks[0])
    out = tmp_path_factory.mktemp("out")
    with hospital.desk("Anna", Settings(packs="api")) as anna:
        ticks[0] = 301.0
        require_confirming(anna, hospital, out)
        with anna.people() as people:
            people.confirm(SECRETS["Anna"])
        with anna.administration() as office:
            office.backups.create(out / "backup")
    assert hospital.actions().count("backup.created") == 1


def test_the_key_stores_code_logs_in_and_is_no_proof(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever sits at an unlocked desktop has it. It opens nothing once the institution says so."""
    allowed = Settings(key_store="allowed", packs="api")
    code = shown(new_code())
    with hospital.desk("Anna", allowed) as anna, anna.people() as people:
        people.set_device_code(code)
    with pytest.raises(WrongPassphrase):
        hospital.appliance().unlock(code, "Anna")
    appliance = hospital.appliance(allowed)
    appliance.unlock(code, "Anna")
    require_confirming(appliance, hospital, tmp_path_factory.mktemp("out"))
    with appliance.people() as people:
        for act in (people.new_code, lambda: people.resign(Role.AUDITOR)):
            with pytest.raises(ConfirmFirst):
                act()
        with pytest.raises(WrongPassphrase):
            people.confirm(code)
        people.confirm(SECRETS["Anna"])
        people.new_code()
    appliance.close()


# --- a window left alone -------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "setting", "minutes"), [(3, 10, 3), (15, 4, 4), (15, 15, 15)])
def test_a_window_locks_by_the_stricter_of_policy_and_settings(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, policy: int, setting: int, minutes: int
) -> None:
    monkeypatch.setattr(PolicyEngine, "lock_minutes", lambda *_: policy)
    with hospital.desk("Bert", Settings(lock_minutes=setting)) as bert:
        assert minutes * 60 - 5 < bert.idleness().left <= minutes * 60
    opened = [one for one in hospital.records() if one.action == "session.opened"]
    said = [one for one in opened if one.person == hospital.ids["Bert"]][-1]
    assert dict(said.fields)["details.lock_minutes"] == str(minutes)
