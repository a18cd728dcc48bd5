"""From logging in to locking: what fails on the way lets go of everything, and two may lock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from appliance import opening
from appliance.audit import Log
from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.errors import Locked, StorageFull
from appliance.memory import Library
from tests.people_at_work import SECRETS, Hospital


class Told(Cancellation):
    """Counts how often it was told to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.times = threading.Semaphore(0)

    def cancel(self) -> None:
        super().cancel()
        self.times.release()


def test_two_may_lock_at_once_while_work_goes_on(hospital: Hospital) -> None:
    """The person and the idle clock, say: one of them locks, and neither fails."""
    appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    problems: list[BaseException] = []

    def lock() -> None:
        try:
            appliance.lock()
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=lock) for _ in range(2)]
    stop = Told()
    with appliance.applications(stop):
        for thread in threads:
            thread.start()
        for _ in threads:
            assert stop.times.acquire(timeout=30)
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert appliance.person is None
    appliance.unlock(SECRETS["Anna"], "Anna")
    appliance.close()


def fails(*_: object, **__: object) -> None:
    raise StorageFull("The disk is full.")


@pytest.mark.parametrize(
    "where",
    [
        (opening, "report"),
        (opening, "settle"),
        (opening, "health_file"),
        (Desk, "open_collections"),
        (Desk, "start_writer"),
        (Log, "close_interrupted"),
    ],
    ids=lambda where: str(where[1]),
)
def test_a_log_in_that_fails_half_way_leaves_nothing_open(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, where: tuple[object, str]
) -> None:
    appliance = hospital.appliance()
    with monkeypatch.context() as patch:
        patch.setattr(*where, fails)
        with pytest.raises(StorageFull):
            appliance.unlock(SECRETS["Anna"], "Anna")
    assert appliance.person is None
    before = threading.active_count()
    appliance.unlock(SECRETS["Anna"], "Anna")  # nothing is locked, nothing is in the way
    appliance.close()
    assert threading.active_count() <= before


def test_what_letting_go_fails_with_does_not_hide_what_went_wrong(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(library: Library) -> None:
        abandon(library)
        raise OSError("another one")

    abandon: Callable[[Library], None] = Library.abandon
    appliance = hospital.appliance()
    with monkeypatch.context() as patch:
        patch.setattr(opening, "settle", fails)
        patch.setattr(Library, "abandon", crashes)
        with pytest.raises(StorageFull):
            appliance.unlock(SECRETS["Anna"], "Anna")
    appliance.unlock(SECRETS["Anna"], "Anna")
    appliance.close()


def test_closing_goes_on_to_the_log_whatever_fails_before_it(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    with appliance.at_desk() as desk:
        close = desk.glass.close

    def crashes() -> None:
        close()
        raise RuntimeError("not foreseen")

    monkeypatch.setattr(desk.glass, "close", crashes)
    with pytest.raises(RuntimeError):
        appliance.lock()
    assert hospital.actions().count("session.closed") >= 2
    appliance.close()


def test_what_lies_in_a_folder_open_to_others_is_not_taken_for_the_institutions(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out = hospital.data.parent / "licence"
    laid_out.mkdir()
    monkeypatch.setattr(opening, "MANAGED_LICENCE", laid_out)
    records = hospital.records()
    (refused,) = (one for one in records if one.action == "licensing.managed.refused")
    assert dict(refused.fields)["code"] == "settings_unguarded"


def test_the_doctor_and_the_lock_do_not_get_into_each_others_way(hospital: Hospital) -> None:
    """Whoever looks counts as at work, so what is looked at is not closed meanwhile."""
    appliance = hospital.appliance()
    with appliance._sitting.at_work_if_open() as nothing:
        assert nothing is None
    appliance.unlock(SECRETS["Anna"], "Anna")
    with appliance._sitting.at_work_if_open() as desk:
        assert desk is not None
        assert len(appliance._sitting._working) == 1
    appliance.close()
    with pytest.raises(Locked), appliance._sitting.at_work():
        pass
