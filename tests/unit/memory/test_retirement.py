"""Documents that are kept and no longer found, and stores that could not say so yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import StorageFull, StoreTampered
from appliance.memory import forward, retirement, schema
from appliance.memory.collection import SNAPSHOT
from appliance.memory.errors import DocumentUnknown
from appliance.memory.library import Library
from appliance.memory.store import Store
from tests.unit.memory.material import (
    KEY,
    NOON,
    Marks,
    add_texts,
    make_library,
    unit_vectors,
)

LATER = NOON + timedelta(days=3)
FIRST = (
    """CREATE TABLE documents (
        id VARCHAR NOT NULL PRIMARY KEY, ready BOOLEAN NOT NULL, title VARCHAR NOT NULL,
        kind VARCHAR NOT NULL, paged BOOLEAN NOT NULL, pages INTEGER NOT NULL,
        passages INTEGER NOT NULL, size BIGINT NOT NULL, sha256 VARCHAR NOT NULL,
        added TIMESTAMP NOT NULL, failures VARCHAR NOT NULL)""",
    """CREATE TABLE pages (
        document VARCHAR NOT NULL, number INTEGER NOT NULL, text VARCHAR NOT NULL,
        blocks VARCHAR NOT NULL, width DOUBLE NOT NULL, height DOUBLE NOT NULL,
        PRIMARY KEY (document, number))""",
    """CREATE TABLE passages (
        key BIGINT NOT NULL PRIMARY KEY, document VARCHAR NOT NULL, text VARCHAR NOT NULL,
        layout VARCHAR NOT NULL)""",
    """CREATE TABLE segments (
        first BIGINT NOT NULL, document VARCHAR NOT NULL, passages INTEGER NOT NULL,
        vectors BLOB NOT NULL, words BLOB NOT NULL)""",
    "CREATE TABLE keys (following BIGINT NOT NULL)",
    "INSERT INTO keys VALUES (1)",
    "CREATE TABLE jobs (id VARCHAR NOT NULL, started TIMESTAMP NOT NULL)",
    """CREATE TABLE job_files (
        job VARCHAR NOT NULL, place INTEGER NOT NULL, path VARCHAR NOT NULL,
        state VARCHAR NOT NULL, code VARCHAR NOT NULL, sentence VARCHAR NOT NULL)""",
)
"""The tables as the first version made them; nothing here follows the product."""


def found(library: Library, text: str, seed: int = 50) -> list[str]:
    return [one.passage.document for one in library.find(text, unit_vectors(1, seed), ("ward",), 9)]


def of_the_first_version(tmp_path: Path, marks: Marks, monkeypatch: pytest.MonkeyPatch) -> str:
    """A closed collection with one document; its id."""
    with monkeypatch.context() as then:
        then.setattr(schema, "COLLECTION", FIRST)
        then.setattr(retirement, "brought_forward", lambda _store: False)
        library = make_library(tmp_path, marks)
        library.create_collection("ward", KEY)
        document = add_texts(library, "ward", ("Give 10 mg of morphine.",)).id
        library.close()
    return document


def test_a_retired_document_is_kept_and_not_found(library: Library) -> None:
    old = add_texts(library, "ward", ("Give 10 mg of morphine.",), seed=1)
    new = add_texts(library, "ward", ("Give 5 mg of morphine.",), seed=2)
    assert set(found(library, "morphine")) == {old.id, new.id}
    library.retire("ward", old.id, LATER, new.id)
    assert found(library, "morphine") == [new.id]
    kept = library.document("ward", old.id)
    assert (kept.retired, kept.successor) == (LATER, new.id)
    assert [one.id for one in library.documents("ward")] == [
        one.id for one in sorted((old, new), key=lambda one: one.id)
    ]
    assert library.stored_page("ward", old.id, 1).text == "Give 10 mg of morphine."
    assert library.counts("ward") == (1, 1)


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
    assert schema.COLLECTION_FIRST == FIRST


def test_a_store_of_the_first_version_is_brought_forward_once_and_answers_as_before(
    tmp_path: Path, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = of_the_first_version(tmp_path, marks, monkeypatch)
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

    document = of_the_first_version(tmp_path, marks, monkeypatch)
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
