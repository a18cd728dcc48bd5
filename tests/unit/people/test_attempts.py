"""Failures are counted before they happen, survive everything, and lock nobody out for ever."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.people import LIMIT, Attempts, Failures, LockedOut, TryLater, require_may_try
from appliance.people.attempts import _SLOT
from appliance.people.lockout import wait_after

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TAG, OTHER = "ab" * 32, "cd" * 32


def failed(attempts: Attempts, times: int, start: datetime = NOON, tag: str = TAG) -> datetime:
    """So many failures, each as soon as it may be."""
    at = start
    for number in range(times):
        at += wait_after(number)
        attempts.begin(tag, at, administrator=False)
    return at


def crowded(attempts: Attempts, tries: int, at: datetime, people: tuple[str, ...] = ()) -> None:
    """So many names that none has room any more, each tried so often, and then some more."""
    rows = tuple(Failures(f"{number:016x}", tries, 0, at) for number in range(499))
    attempts._write(replace(attempts._state, failures=(*attempts.failures(), *rows)), at)
    for number in range(500, 515):
        attempts.begin(f"{number:016x}", at, administrator=False, people=people)
    assert len(attempts.failures()) == 500


# --- the rule ----------------------------------------------------------------------------------


def test_three_mistakes_are_free_and_then_the_waits_double() -> None:
    waits = [wait_after(failures).total_seconds() for failures in range(LIMIT)]
    assert waits == [0, 0, 0, 5, 10, 20, 40, 80, 160, 320]


@given(failures=st.integers(0, 10_000), seconds=st.integers(-(10**9), 10**9))
@settings(deadline=None)
def test_an_administrator_waits_an_hour_at_most_whatever_the_clock_says(
    failures: int, seconds: int
) -> None:
    newest = NOON + timedelta(seconds=seconds)
    try:
        require_may_try(failures, newest, NOON, administrator=True)
    except TryLater:
        later = max(NOON, newest) + timedelta(hours=1)
        require_may_try(failures, newest, later, administrator=True)


def test_others_are_locked_out_until_they_are_released() -> None:
    with pytest.raises(LockedOut):
        require_may_try(LIMIT, NOON, NOON + timedelta(days=3650), administrator=False)
    require_may_try(LIMIT - 1, NOON, NOON + timedelta(minutes=6), administrator=False)


def test_a_clock_set_back_waits_the_rules_own_time_and_no_longer() -> None:
    with pytest.raises(TryLater, match="5 seconds"):
        require_may_try(3, NOON, NOON - timedelta(days=400), administrator=False)


# --- the file ----------------------------------------------------------------------------------


def test_failures_are_there_after_opening_anew(tmp_path: Path) -> None:
    at = failed(Attempts(tmp_path, NOON), 4)
    again = Attempts(tmp_path, at)
    with pytest.raises(TryLater):
        again.begin(TAG, at + timedelta(seconds=9), administrator=False)
    again.begin(OTHER, at, administrator=False)  # another name waits for nothing
    again.begin(TAG, at + timedelta(seconds=10), administrator=False)


def test_a_success_ends_the_row_and_leaves_what_the_log_must_learn(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, NOON)
    at = failed(attempts, 3)
    attempts.begin(TAG, at + timedelta(seconds=5), administrator=False)
    attempts.succeeded(TAG, at)
    (known,) = attempts.failures()
    assert (known.count, known.unlogged) == (0, 3)
    attempts.logged(at)
    assert attempts.failures() == ()


def test_ten_in_a_row_lock_out_and_an_administrator_releases(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, NOON)
    at = failed(attempts, LIMIT)
    with pytest.raises(LockedOut):
        attempts.begin(TAG, at + timedelta(days=30), administrator=False)
    attempts.begin(TAG, at + timedelta(hours=1), administrator=True)
    attempts.release(TAG, at)
    attempts.begin(TAG, at, administrator=False)


def test_what_says_nothing_of_the_passphrase_is_taken_back(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, NOON)
    for _ in range(20):
        attempts.begin(TAG, NOON, administrator=False)
        attempts.undo(TAG, NOON)
    assert all(known.count == 0 for known in attempts.failures())


def test_killing_the_program_wins_no_try(tmp_path: Path) -> None:
    Attempts(tmp_path, NOON)
    at = NOON
    for number in range(5):
        at += wait_after(number)
        child = os.fork()
        if child == 0:
            Attempts(tmp_path, at).begin(TAG, at, administrator=False)
            os.kill(os.getpid(), signal.SIGKILL)  # before it is known whether it opens
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with pytest.raises(TryLater):
        Attempts(tmp_path, at).begin(TAG, at, administrator=False)


def test_a_torn_write_loses_one_count_at_most(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, NOON)
    at = failed(attempts, 5)
    slot = (attempts.serial % 2) * _SLOT
    with (tmp_path / "attempts").open("r+b") as file:
        file.seek(slot + 30)
        file.write(b"torn")
    (known,) = Attempts(tmp_path, at).failures()
    assert known.count == 4


def test_a_full_disk_wins_no_try(tmp_path: Path) -> None:
    """Nothing grows: not the file, and no second one beside it."""
    attempts = Attempts(tmp_path, NOON)
    size = (tmp_path / "attempts").stat()
    failed(attempts, 6)
    crowded(attempts, 1, NOON)
    after = (tmp_path / "attempts").stat()
    assert (after.st_size, after.st_ino) == (size.st_size, size.st_ino)
    assert [path.name for path in tmp_path.iterdir()] == ["attempts"]


def test_many_names_push_nobody_out_who_waits(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, NOON)
    at = failed(attempts, LIMIT)
    crowded(attempts, 1, at)
    with pytest.raises(LockedOut):
        attempts.begin(TAG, at, administrator=False)


@pytest.mark.parametrize("tries", [1, LIMIT + 1])
def test_names_nobody_has_never_push_out_who_is_locked_out(tmp_path: Path, tries: int) -> None:
    """However many there are, however often each is tried, however long afterwards."""
    attempts = Attempts(tmp_path, NOON)
    later = failed(attempts, LIMIT) + timedelta(days=3)
    crowded(attempts, tries, later, people=(TAG,))
    with pytest.raises(LockedOut):
        attempts.begin(TAG, later, administrator=False, people=[TAG])


@pytest.mark.parametrize("content", [b"", b"x" * 10, bytes(2 * _SLOT), b"CLATTM\x01\n" * 10_000])
def test_a_damaged_file_is_said_and_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "attempts").write_bytes(content)
    attempts = Attempts(tmp_path, NOON)
    assert attempts.problem == "damaged"
    attempts.begin(TAG, NOON, administrator=False)


@given(content=st.binary(max_size=400), at=st.integers(0, 2 * _SLOT - 400))
@settings(deadline=None, max_examples=40)
def test_any_bytes_in_it_are_read_without_harm(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("attempts")
    failed(Attempts(folder, NOON), 2)
    with (folder / "attempts").open("r+b") as file:
        file.seek(at)
        file.write(content)
    Attempts(folder, NOON).begin(OTHER, NOON, administrator=False)


def test_an_older_file_put_back_is_noticed(tmp_path: Path) -> None:
    """By the time that only the system sets: the file says it was written an hour ago."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    failed(Attempts(tmp_path, hour_ago), 2, hour_ago)
    older = (tmp_path / "attempts").read_bytes()
    attempts = Attempts(tmp_path, datetime.now(UTC))
    attempts.begin(TAG, datetime.now(UTC), administrator=False)
    assert Attempts(tmp_path, datetime.now(UTC)).problem == ""
    (tmp_path / "attempts").write_bytes(older)
    os.utime(tmp_path / "attempts", (hour_ago.timestamp(), hour_ago.timestamp()))
    assert Attempts(tmp_path, datetime.now(UTC)).problem == "replaced"


def test_a_missing_file_is_noticed_where_there_must_be_one(tmp_path: Path) -> None:
    assert Attempts(tmp_path / "new", NOON, expected=False).problem == ""
    assert Attempts(tmp_path / "used", NOON, expected=True).problem == "missing"
