"""Documents that are kept and no longer found, and stores that could not say so yet."""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import LogUnwritable, StorageFull, StorageReadOnly, StoreTampered
from appliance.memory import forward, retirement, schema
from appliance.memory.collection import SNAPSHOT, SNAPSHOT_UNUSABLE
from appliance.memory.errors import DocumentUnknown
from appliance.memory.library import Library
from appliance.memory.shelf import Shelf
from appliance.memory.store import Store
from tests.unit.memory import collection_first
from tests.unit.memory.material import (
    KEY,
    NOON,
    OTHER_KEY,
    Marks,
    RefusingMarks,
    add_texts,
    make_library,
    unit_vectors,
)

LATER = NOON + timedelta(days=3)


def found(library: Library, text: str, seed: int = 50) -> list[str]:
    return [one.passage.document for one in library.find(text, unit_vectors(1, seed), ("ward",), 9)]


def of_the_first_version(tmp_path: Path, marks: Marks) -> str:
    return collection_first.write_first(tmp_path, marks, ("Give 10 mg of morphine.",))


def test_a_retired_document_is_kept_and_not_found(library: Library) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",), seed=1)
    new = add_texts(library, "ward", ("Give 5 mg of morphine.",), seed=2)
    assert set(found(library, "morphine")) == {old.id, new.id}
    library.retire("ward", old.id, LATER)
    assert found(library, "morphine") == [new.id]
    kept = library.document("ward", old.id)
    assert (kept.retired, kept.successor) == (LATER, "")
    assert [one.id for one in library.documents("ward")] == [
        one.id for one in sorted((old, new), key=lambda one: one.id)
    ]
    assert library.stored_page("ward", old.id, 1).text == "Give 10 mg of morphine."
    assert library.counts("ward") == (1, 1)


def test_a_newer_version_takes_the_place_of_the_older_one(library: Library) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",), seed=1)
    library.warm("ward")
    new = add_texts(library, "ward", ("Give 5 mg of morphine.",), seed=2, replaces=old.id)
    assert found(library, "morphine") == [new.id]
    kept = library.document("ward", old.id)
    assert (kept.retired, kept.successor) == (NOON, new.id)
    newest = add_texts(library, "ward", ("Give 2 mg of morphine.",), seed=3, replaces=old.id)
    again = library.document("ward", old.id)
    assert (again.retired, again.successor) == (NOON, newest.id)
    with pytest.raises(DocumentUnknown):
        add_texts(library, "ward", ("Give 1 mg.",), seed=4, replaces="nothing")
    assert len(library.documents("ward")) == 3


def test_an_ask_meets_one_version_or_the_other_never_both_nor_neither(library: Library) -> None:
    current = add_texts(library, "ward", ("Version 0 of the morphine sheet.",), seed=0).id
    ended, met = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            met.append(len(found(library, "morphine sheet", 0)))

    asking = threading.Thread(target=ask)
    asking.start()
    for number in range(1, 13):
        text = f"Version {number} of the morphine sheet."
        current = add_texts(library, "ward", (text,), seed=number, replaces=current).id
    ended.set()
    asking.join()
    assert set(met) == {1}
    assert found(library, "morphine sheet") == [current]


def test_what_is_retired_is_not_answered_from_whatever_an_index_says(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",), seed=1).id
    add_texts(library, "ward", ("Give 5 mg of codeine.",), seed=2)
    library.warm("ward")
    monkeypatch.setattr(Shelf, "remove", lambda _self, _document: None)
    library.retire("ward", old, LATER)
    assert old not in found(library, "morphine", 1)


def test_a_log_that_fails_leaves_nothing_retired_that_is_still_found(tmp_path: Path) -> None:
    marks = RefusingMarks()
    library = make_library(tmp_path, marks)
    library.create_collection("ward", KEY)
    old, other = (
        add_texts(library, "ward", (f"Give {dose} mg of morphine.",), seed=dose).id
        for dose in (10, 5)
    )
    library.warm("ward")
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        library.retire("ward", old, LATER)
    assert library.document("ward", old).retired is not None
    assert found(library, "morphine") == [other]
    marks.refuse = False
    library.restore("ward", old)
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        add_texts(library, "ward", ("Give 2 mg of morphine.",), seed=2, replaces=old)
    assert old not in found(library, "morphine")
    assert len(found(library, "morphine")) == 2
    library.abandon()


def test_since_when_it_is_retired_is_said_once(library: Library) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",)).id
    library.retire("ward", old, NOON)
    library.retire("ward", old, LATER)
    assert library.document("ward", old).retired == NOON


def test_it_stays_retired_under_a_new_key(library: Library) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",)).id
    library.retire("ward", old, LATER)
    library.rekey_collection("ward", OTHER_KEY)
    assert library.document("ward", old).retired == LATER
    assert found(library, "morphine") == []


def test_it_stays_retired_when_the_store_opens_again(
    library: Library, tmp_path: Path, marks: Marks
) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",), seed=1)
    library.retire("ward", old.id, LATER)
    library.close()
    again = opened_again(tmp_path, marks)
    assert found(again, "morphine") == []
    again.restore("ward", old.id)
    assert found(again, "morphine") == [old.id]
    assert again.document("ward", old.id).retired is None
    again.close()


def test_what_is_put_back_is_found_through_the_graph_as_well(tmp_path: Path, marks: Marks) -> None:
    """A graph forgets for good, and its snapshot with it: both are made anew."""
    library = make_library(tmp_path, marks, 4)
    library.create_collection("ward", KEY)
    documents = [
        add_texts(library, "ward", (f"Sheet {number} of the ward.",), seed=number).id
        for number in range(8)
    ]
    library.warm("ward")
    assert library._of("ward").wait_for_graph(20)
    library.retire("ward", documents[3], LATER)
    assert documents[3] not in nearest(library, 3)
    library.close_collection("ward")
    snapshot = next(tmp_path.rglob(SNAPSHOT))
    library.open_collection("ward", KEY, marks.newest("collection/ward"))
    library.warm("ward")
    library.restore("ward", documents[3])
    assert not snapshot.exists()
    assert nearest(library, 3)[0] == documents[3]
    assert library._of("ward").wait_for_graph(20)
    assert nearest(library, 3)[0] == documents[3]
    library.close()


def test_a_graph_that_has_forgotten_what_is_found_again_is_not_used(
    tmp_path: Path, marks: Marks
) -> None:
    """Its snapshot was put back: it is sealed like any other, and of another time."""
    library = make_library(tmp_path, marks, 4)
    library.create_collection("ward", KEY)
    documents = [
        add_texts(library, "ward", (f"Sheet {number} of the ward.",), seed=number).id
        for number in range(8)
    ]
    library.warm("ward")
    assert library._of("ward").wait_for_graph(20)
    library.retire("ward", documents[3], LATER)
    library.close()
    snapshot = next(tmp_path.rglob(SNAPSHOT))
    then = snapshot.read_bytes()
    noticed: list[str] = []
    library = Library(
        tmp_path / "collections",
        tmp_path / "spill",
        marks,
        on_notice=lambda _collection, code, _sentence: noticed.append(code),
        exact_limit=4,
    )
    library.open_collection("ward", KEY, marks.newest("collection/ward"))
    library.restore("ward", documents[3])
    snapshot.write_bytes(then)
    assert nearest(library, 3)[0] == documents[3]
    assert library._of("ward").wait_for_graph(20)
    assert nearest(library, 3)[0] == documents[3]
    assert noticed == [SNAPSHOT_UNUSABLE]
    library.close()


def test_a_snapshot_that_cannot_be_removed_keeps_it_retired(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "no")

    old = add_texts(library, "ward", ("Give 10 mg of morphine.",)).id
    library.retire("ward", old, LATER)
    with monkeypatch.context() as then:
        then.setattr(Path, "unlink", refused)
        with pytest.raises(StorageReadOnly):
            library.restore("ward", old)
    assert found(library, "morphine") == []
    library.restore("ward", old)
    assert found(library, "morphine") == [old]


def opened_again(tmp_path: Path, marks: Marks) -> Library:
    made = make_library(tmp_path, marks)
    made.open_collection("ward", KEY, marks.newest("collection/ward"))
    return made


def nearest(library: Library, seed: int) -> Sequence[str]:
    return [one.passage.document for one in library.find("", unit_vectors(1, seed), ("ward",), 4)]


def test_a_removed_document_leaves_no_trace_of_its_retirement(library: Library) -> None:
    document = add_texts(library, "ward", ("Give 10 mg of morphine.",)).id
    library.retire("ward", document, LATER)
    library.remove_document("ward", document)
    assert retirement.retired(library._of("ward").store) == {}
    with pytest.raises(DocumentUnknown):
        library.retire("ward", document, LATER)
    with pytest.raises(DocumentUnknown):
        library.restore("ward", document)


def test_the_first_version_is_what_the_schema_says_it_was() -> None:
    assert schema.COLLECTION_FIRST == collection_first.TABLES


def test_a_store_of_the_first_version_is_brought_forward_once_and_answers_as_before(
    tmp_path: Path, marks: Marks
) -> None:
    document = of_the_first_version(tmp_path, marks)
    library = opened_again(tmp_path, marks)
    assert found(library, "morphine") == [document]
    assert library.document("ward", document).retired is None
    library.retire("ward", document, LATER)
    assert found(library, "morphine") == []
    library.close()
    generation = marks.newest("collection/ward").generation
    again = opened_again(tmp_path, marks)
    assert found(again, "morphine") == []
    again.close()
    assert marks.newest("collection/ward").generation == generation


def test_without_room_the_first_version_is_read_as_it_is_and_refuses_to_retire(
    tmp_path: Path, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_store: Store) -> None:
        raise StorageFull("The disk is full.")

    document = of_the_first_version(tmp_path, marks)
    monkeypatch.setattr(retirement, "bring_collection_forward", no_room)
    library = opened_again(tmp_path, marks)
    assert found(library, "morphine") == [document]
    assert library.counts("ward") == (1, 1)
    with pytest.raises(StorageFull):
        library.retire("ward", document, LATER)
    monkeypatch.setattr(retirement, "bring_collection_forward", forward.bring_collection_forward)
    library.retire("ward", document, LATER)
    assert found(library, "morphine") == []
    library.close()


def test_a_store_of_a_later_version_is_refused(
    library: Library, tmp_path: Path, marks: Marks
) -> None:
    with library._of("ward").store.transaction() as transaction:
        transaction.execute("UPDATE form SET version = 3")
    library.close()
    with pytest.raises(StoreTampered, match="does not know"):
        opened_again(tmp_path, marks)
