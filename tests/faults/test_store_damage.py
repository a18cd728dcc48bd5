"""Stores that were damaged, cut, swapped or put back: each is noticed, none is used."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import CloisterError, LogUnwritable, StoreTampered
from appliance.memory.errors import (
    StoreDamaged,
    StoreMissing,
    StoreRolledBack,
    StoreSwapped,
    WrongStoreKey,
)
from appliance.values import StoreMark
from tests.unit.memory.material import (
    OTHER_KEY,
    Marks,
    RefusingMarks,
    make_store,
    notes,
    open_store,
    write_note,
)

MAIN = "store.duckdb"
WAL = "store.duckdb.wal"
NEXT = "store.duckdb.next"


def closed_store(folder: Path, *texts: str, name: str = "ward") -> StoreMark:
    marks = Marks()
    store = make_store(folder, marks, name=name)
    for text in texts:
        write_note(store, text)
    store.close()
    return marks.all[-1]


def crashed_store(folder: Path, count: int = 5) -> Marks:
    """A store whose last `count` notes are in its write-ahead log alone."""
    marks = Marks()
    store = make_store(folder, marks)
    for number in range(count):
        write_note(store, f"note {number} " + "x" * 200)
    store.abandon()
    return marks


def refused(
    folder: Path,
    mark: StoreMark | None,
    kind: type[CloisterError],
    earlier: Sequence[StoreMark] = (),
) -> None:
    """Opening raises `kind`, with a sentence and a next step, and leaves the files alone."""
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    with pytest.raises(kind) as failure:
        open_store(folder, mark, earlier=earlier)
    assert failure.value.sentence.endswith(".")
    assert failure.value.next_step
    before.pop("lock", None)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_wrong_key_is_said_to_be_one(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    with pytest.raises(WrongStoreKey):
        open_store(tmp_path, mark, key=OTHER_KEY)
    open_store(tmp_path, mark).close()


def flipped(data: bytes, count: int) -> Iterator[bytes]:
    """`count` copies with one bit turned, anywhere."""
    chance = random.Random(count)  # noqa: S311 - places to damage, no secret
    for _ in range(count):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        yield bytes(damaged)


def test_a_flipped_bit_anywhere_in_the_file_is_noticed(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a", "b")
    whole = (tmp_path / MAIN).read_bytes()
    for damaged in flipped(whole, 100):
        (tmp_path / MAIN).write_bytes(damaged)
        refused(tmp_path, mark, StoreDamaged)
    (tmp_path / MAIN).write_bytes(whole)
    open_store(tmp_path, mark).close()


def test_swapped_blocks_are_noticed(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    for _ in range(3):
        with store.transaction() as transaction:
            transaction.execute(
                "INSERT INTO notes SELECT md5(i::VARCHAR) || repeat('y', 90) FROM range(9000) r(i)"
            )
        store.checkpoint()
    store.close()
    data = bytearray((tmp_path / MAIN).read_bytes())
    block, start = 262144, 12288
    first, second = start + block, start + 2 * block
    data[first : first + block], data[second : second + block] = (
        data[second : second + block],
        data[first : first + block],
    )
    (tmp_path / MAIN).write_bytes(data)
    refused(tmp_path, marks.all[-1], StoreTampered)


def test_a_truncated_file_is_noticed(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    data = (tmp_path / MAIN).read_bytes()
    for keep in (0, 1, 4096, 12288, 200_000, len(data) - 1):
        (tmp_path / MAIN).write_bytes(data[:keep])
        refused(tmp_path, mark, StoreDamaged)


def test_appended_bytes_are_noticed(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    with (tmp_path / MAIN).open("ab") as file:
        file.write(b"\0" * 262144)
    refused(tmp_path, mark, StoreDamaged)


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    (tmp_path / MAIN).unlink()
    refused(tmp_path, mark, StoreMissing)


def test_an_older_file_put_back_is_said_to_be_older(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "old")
    store.close()
    shutil.copy(tmp_path / MAIN, tmp_path / "older")
    store = open_store(tmp_path, marks.all[-1], marks)
    write_note(store, "new")
    store.close()
    shutil.copy(tmp_path / "older", tmp_path / MAIN)
    refused(tmp_path, marks.all[-1], StoreRolledBack, marks.all)
    refused(tmp_path, marks.all[-1], StoreDamaged)  # noticed without the older marks as well


def test_an_older_file_with_its_own_log_put_back_is_said_to_be_older(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "one")
    for name in (MAIN, WAL):
        shutil.copy(tmp_path / name, tmp_path / f"older-{name}")
    for number in range(3):
        write_note(store, str(number))
    store.close()
    for name in (MAIN, WAL):
        shutil.copy(tmp_path / f"older-{name}", tmp_path / name)
    refused(tmp_path, marks.all[-1], StoreRolledBack, marks.all)


def test_another_collections_file_is_said_to_be_swapped(tmp_path: Path) -> None:
    mark = closed_store(tmp_path / "a", "ours", name="ward")
    marks = Marks()
    marks(mark)
    make_store(tmp_path / "b", marks, name="deal", key=OTHER_KEY).close()
    shutil.copy(tmp_path / "b" / MAIN, tmp_path / "a" / MAIN)
    refused(tmp_path / "a", mark, StoreSwapped, marks.all)


def test_another_collections_file_under_the_same_key_is_said_to_be_swapped(tmp_path: Path) -> None:
    mark = closed_store(tmp_path / "a", "ours", name="ward")
    other = closed_store(tmp_path / "b", "theirs", name="deal")
    shutil.copy(tmp_path / "b" / MAIN, tmp_path / "a" / MAIN)
    refused(tmp_path / "a", mark, StoreSwapped, [mark, other])
    # Even where the log itself could be brought to name the other file's hash:
    refused(tmp_path / "a", replace(other, store_id=mark.store_id), StoreSwapped)


def test_a_foreign_file_is_noticed(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    (tmp_path / MAIN).write_bytes(b"SQLite format 3\0" + bytes(100_000))
    refused(tmp_path, mark, StoreTampered)


def test_what_a_crash_left_in_the_write_ahead_log_is_there(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    store = open_store(tmp_path, marks.all[-1], marks)
    assert len(notes(store)) == 5
    assert not (tmp_path / WAL).exists()  # taken over into the main file
    store.close()
    open_store(tmp_path, marks.all[-1]).close()


def test_a_deleted_write_ahead_log_is_noticed(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    (tmp_path / WAL).unlink()
    refused(tmp_path, marks.all[-1], StoreRolledBack)


def test_a_cut_write_ahead_log_is_noticed(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    data = (tmp_path / WAL).read_bytes()
    for keep in (0, 1, len(data) // 2, len(data) - 1):
        (tmp_path / WAL).write_bytes(data[:keep])
        refused(tmp_path, marks.all[-1], StoreRolledBack)


def test_a_flipped_bit_in_the_write_ahead_log_never_drops_a_row(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path, 3)
    whole = (tmp_path / WAL).read_bytes()
    for damaged in flipped(whole, 200):
        (tmp_path / WAL).write_bytes(damaged)
        refused(tmp_path, marks.all[-1], StoreDamaged)
    (tmp_path / WAL).write_bytes(whole)
    store = open_store(tmp_path, marks.all[-1])
    assert len(notes(store)) == 3
    store.close()


def test_a_write_ahead_log_of_an_earlier_time_is_noticed(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    shutil.copy(tmp_path / WAL, tmp_path / "older")
    open_store(tmp_path, marks.all[-1], marks).close()
    shutil.copy(tmp_path / "older", tmp_path / WAL)
    refused(tmp_path, marks.all[-1], StoreTampered)


@pytest.mark.parametrize("suffix", [".wal.checkpoint", ".wal.recovery"])
def test_a_set_aside_log_laid_beside_the_store_is_noticed(tmp_path: Path, suffix: str) -> None:
    marks = crashed_store(tmp_path)
    shutil.copy(tmp_path / WAL, tmp_path / (MAIN + suffix))
    refused(tmp_path, marks.all[-1], StoreDamaged)


def test_a_transaction_whose_mark_was_lost_is_taken_over(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    store = open_store(tmp_path, marks.all[-2], marks)
    assert len(notes(store)) == 5
    store.close()


def test_more_than_one_unknown_transaction_is_noticed(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    refused(tmp_path, marks.all[-3], StoreRolledBack)


def test_a_written_store_the_log_never_heard_of_is_not_used(tmp_path: Path) -> None:
    crashed_store(tmp_path)
    refused(tmp_path, None, StoreRolledBack)


def test_a_store_fresh_from_a_crash_before_its_first_mark_opens(tmp_path: Path) -> None:
    make_store(tmp_path, Marks()).abandon()
    open_store(tmp_path, None).close()


def test_blocks_swapped_after_a_crash_inside_a_checkpoint_are_noticed(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    data = bytearray((tmp_path / MAIN).read_bytes())
    data[12288:16384], data[16384:20480] = data[16384:20480], data[12288:16384]
    (tmp_path / MAIN).write_bytes(data)
    shutil.copy(tmp_path / MAIN, tmp_path / NEXT)  # as if a checkpoint had only begun
    with pytest.raises(StoreDamaged):
        open_store(tmp_path, marks.all[-1])


def test_a_copy_that_was_not_settled_never_takes_the_place_of_newer_changes(tmp_path: Path) -> None:
    marks = crashed_store(tmp_path)
    shutil.copy(tmp_path / MAIN, tmp_path / NEXT)
    shutil.copy(tmp_path / WAL, tmp_path / (NEXT + ".wal"))
    store = open_store(tmp_path, marks.all[-1], marks)
    assert len(notes(store)) == 5
    store.close()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["lock", MAIN]


def test_a_checkpoint_whose_log_could_not_be_written_changes_nothing(tmp_path: Path) -> None:
    marks = RefusingMarks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        store.checkpoint()
    assert notes(store) == ["kept"]
    marks.refuse = False
    write_note(store, "goes on")
    store.abandon()
    again = open_store(tmp_path, marks.all[-1], marks)
    assert notes(again) == ["kept", "goes on"]
    again.close()


def test_a_refused_store_gives_its_lock_back(tmp_path: Path) -> None:
    mark = closed_store(tmp_path, "a")
    for _ in range(2):
        with pytest.raises(WrongStoreKey):
            open_store(tmp_path, mark, key=OTHER_KEY)
    open_store(tmp_path, mark).close()
