"""A store moved under another key: whole before, whole after, whole at every point between."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import LogUnwritable
from appliance.memory import evidence
from appliance.memory.errors import WrongStoreKey
from appliance.memory.library import Library
from appliance.values import StoreMark
from tests.unit.memory.material import (
    KEY,
    OTHER_KEY,
    Marks,
    RefusingMarks,
    add_texts,
    make_store,
    notes,
    open_store,
    unit_vectors,
    write_note,
)

WAITING = "store.duckdb.next"


def test_a_rekeyed_store_opens_under_the_new_key_alone(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.rekey(OTHER_KEY)
    assert notes(store) == ["kept"]
    write_note(store, "more")
    store.close()
    assert not (tmp_path / WAITING).exists()
    with pytest.raises(WrongStoreKey):
        open_store(tmp_path, marks.all[-1])
    store = open_store(tmp_path, marks.all[-1], key=OTHER_KEY)
    assert notes(store) == ["kept", "more"]
    store.close()


def test_a_crash_before_the_log_knows_leaves_the_old_key(tmp_path: Path) -> None:
    marks = RefusingMarks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.checkpoint()
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        store.rekey(OTHER_KEY)
    assert (tmp_path / WAITING).exists()
    assert notes(store) == ["kept"]  # it is read as it was
    with pytest.raises(LogUnwritable):
        write_note(store, "never written")
    store.abandon()
    store = open_store(tmp_path, marks.all[-1])
    assert notes(store) == ["kept"]
    assert not (tmp_path / WAITING).exists()
    store.close()


@pytest.mark.parametrize("reached", [False, True])
def test_a_log_that_failed_with_or_without_the_mark_loses_nothing(
    tmp_path: Path, reached: bool
) -> None:
    """An error of the log does not say whether its last record is on the disk."""
    marks, refuse = Marks(), [False]

    def on_mark(mark: StoreMark) -> None:
        if not refuse[0] or (reached and len(refuse) == 1):
            marks(mark)
        if refuse[0]:
            refuse.append(True)
            raise LogUnwritable("The disk gave an error.")

    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store._on_mark = on_mark
    refuse[0] = True
    with pytest.raises(LogUnwritable):
        store.checkpoint()
    with pytest.raises(LogUnwritable):
        store.close()
    store = open_store(tmp_path, marks.all[-1], marks)
    assert notes(store) == ["kept"]
    store.close()
    store = open_store(tmp_path, marks.all[-1])
    assert notes(store) == ["kept"]
    store.close()


def test_what_waits_takes_its_place_once_the_log_takes_its_mark(tmp_path: Path) -> None:
    marks = RefusingMarks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        store.checkpoint()
    marks.refuse = False
    write_note(store, "goes on")
    assert notes(store) == ["kept", "goes on"]
    assert not (tmp_path / WAITING).exists()
    store.abandon()
    store = open_store(tmp_path, marks.all[-1])
    assert notes(store) == ["kept", "goes on"]
    store.close()


def test_a_crash_after_the_log_knows_leaves_the_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.checkpoint()

    def crash(_path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "take_over", crash)
        with pytest.raises(KeyboardInterrupt):
            store.rekey(OTHER_KEY)
    store.abandon()
    assert (tmp_path / WAITING).exists()
    store = open_store(tmp_path, marks.all[-1], key=OTHER_KEY)
    assert notes(store) == ["kept"]
    assert not (tmp_path / WAITING).exists()
    store.close()


def test_a_foreign_copy_laid_beside_a_store_is_never_taken_over(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.close()
    (tmp_path / WAITING).write_bytes((tmp_path / "store.duckdb").read_bytes()[:-1] + b"\0")
    store = open_store(tmp_path, marks.all[-1])
    assert notes(store) == ["kept"]
    assert not (tmp_path / WAITING).exists()
    store.close()


def test_a_rekeyed_collection_finds_what_it_found(tmp_path: Path) -> None:
    marks = Marks()
    library = Library(tmp_path / "collections", tmp_path / "spill", marks, exact_limit=20)
    library.create_collection("ward", KEY)
    add_texts(library, "ward", [f"text {n}" for n in range(50)], vectors=unit_vectors(50))
    before = library.find("text 7", unit_vectors(50)[7][None], (), 5)
    assert library._of("ward").wait_for_graph(30)
    library.rekey_collection("ward", OTHER_KEY)
    add_texts(library, "ward", ["after"], seed=5)
    library.close()
    notices: list[str] = []
    library = Library(
        tmp_path / "collections",
        tmp_path / "spill",
        marks,
        exact_limit=20,
        on_notice=lambda _collection, code, _sentence: notices.append(code),
    )
    library.open_collection("ward", OTHER_KEY, marks.newest("collection/ward"))
    after = library.find("text 7", unit_vectors(50)[7][None], (), 5)
    assert [hit.passage.text for hit in after] == [hit.passage.text for hit in before]
    assert notices == []
    library.close()
