"""A person's store of the first version goes on being theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.errors import StorageFull, StoreTampered
from appliance.memory import forward, history, schema
from appliance.memory.history import History
from appliance.memory.store import Store
from appliance.values import Judgement
from tests.unit.memory import person_first
from tests.unit.memory.material import KEY, NOON, Marks
from tests.unit.memory.test_history import TURN


def opened(folder: Path, marks: Marks) -> History:
    return History.open(
        folder / "store.duckdb",
        KEY,
        spill=folder / "spill",
        person="p1",
        mark=marks.newest("person/p1"),
        on_mark=marks,
    )


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    made = Marks()
    person_first.write_first(tmp_path, made)
    return made


def test_the_first_version_is_what_the_schema_says_it_was() -> None:
    assert schema.PERSON_FIRST == person_first.TABLES


def test_what_the_first_version_kept_is_there_and_can_be_put_in_order(
    tmp_path: Path, marks: Marks
) -> None:
    old = opened(tmp_path, marks)
    assert [one.id for one in old.conversations()] == ["c2", "c1"]
    assert old.turns("c1")[0] == TURN
    assert old.turns("c1")[1].note == "Not allowed."
    old.pin("c1", pinned=True)
    old.put("c1", "Ward 4")
    old.judge("c1", 17, Judgement(False, "The dose is for adults.", NOON))
    old.close()
    again = opened(tmp_path, marks)
    assert [(one.id, one.pinned, one.folder) for one in again.conversations()] == [
        ("c1", True, "Ward 4"),
        ("c2", False, ""),
    ]
    assert again.turns("c1")[0].judgement == Judgement(False, "The dose is for adults.", NOON)
    again.close()


def test_a_store_is_brought_forward_once(tmp_path: Path, marks: Marks) -> None:
    opened(tmp_path, marks).close()
    generation = marks.newest("person/p1").generation
    opened(tmp_path, marks).close()
    assert marks.newest("person/p1").generation == generation


def test_what_is_left_of_a_migration_that_was_cut_off_is_nothing_or_all_of_it(
    tmp_path: Path, marks: Marks
) -> None:
    """The file as it lay on the disk at every mark that reached the log, and the one before."""
    seen: list[tuple[Path, int]] = []

    def copied(mark: object) -> None:
        place = tmp_path / f"at{len(seen)}"
        place.mkdir()
        for file in tmp_path.glob("store.duckdb*"):
            shutil.copy(file, place)
        seen.append((place, len(marks.all)))
        marks(mark)  # type: ignore[arg-type]

    with_copies = History.open(
        tmp_path / "store.duckdb", KEY, spill=tmp_path / "spill", person="p1",
        mark=marks.newest("person/p1"), on_mark=copied,
    )  # fmt: skip
    with_copies.abandon()
    assert seen
    for place, known in seen:
        then = Marks()
        then.all = marks.all[:known]  # the log had not heard of it yet
        resumed = opened(place, then)
        assert resumed.turns("c1")[0] == TURN
        resumed.pin("c2", pinned=True)
        assert [one.id for one in resumed.conversations()] == ["c2", "c1"]
        resumed.close()


def test_without_room_the_old_store_is_read_as_it_is(
    tmp_path: Path, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_store: Store) -> None:
        raise StorageFull("The disk is full.")

    monkeypatch.setattr(history, "bring_forward", no_room)
    old = opened(tmp_path, marks)
    assert [one.id for one in old.conversations()] == ["c2", "c1"]
    assert old.turns("c1")[0] == TURN
    with pytest.raises(StorageFull):
        old.pin("c1", pinned=True)
    monkeypatch.setattr(history, "bring_forward", forward.bring_forward)
    old.pin("c1", pinned=True)
    assert old.conversations()[0].id == "c1"
    old.close()


def test_a_store_of_a_later_version_is_refused_and_left_alone(tmp_path: Path, marks: Marks) -> None:
    old = opened(tmp_path, marks)
    with old._store.transaction() as transaction:
        transaction.execute("UPDATE form SET version = 3")
    old.close()
    with pytest.raises(StoreTampered) as refused:
        opened(tmp_path, marks)
    assert "newer" in refused.value.next_step
    with pytest.raises(StoreTampered):  # and it let go of the folder
        opened(tmp_path, marks)
