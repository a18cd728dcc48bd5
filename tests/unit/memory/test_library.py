"""Documents in, passages out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import LogUnwritable
from appliance.memory import catalogue
from appliance.memory.errors import (
    CollectionNotOpen,
    DocumentUnknown,
    DocumentUnusable,
    StoreExists,
    WrongStoreKey,
)
from appliance.memory.library import Library
from appliance.values import (
    Block,
    BlockKind,
    DocumentKind,
    Page,
    PageFailure,
    PageSpan,
    PassageDraft,
    StoreMark,
)
from tests.unit.memory.material import (
    KEY,
    NOON,
    OTHER_KEY,
    Marks,
    add_texts,
    draft,
    make_library,
    reopened,
    unit_vectors,
)


def test_a_document_comes_back_as_it_was_given(
    library: Library, tmp_path: Path, marks: Marks
) -> None:
    text = "Give 10 mg.\nThen \0 wait — 糖尿病."
    passage = PassageDraft(
        "Give 10 mg. Then wait.",
        ((0, 11), (12, 22)),
        ("Dosing", "Adults"),
        (PageSpan(0, 1, 0, 11), PageSpan(12, 2, 0, 10)),
    )
    pages = (
        Page(1, text, (Block(BlockKind.HEADING, 0, 4, 2),), 595.5, 842.25),
        Page(2, "", (), 0.0, 0.0),
    )
    failures = (PageFailure(3, "page_unreadable", "The page could not be read."),)
    info = library.add_document(
        "ward",
        title="Morphine 'protocol'; DROP TABLE",
        kind=DocumentKind.DOCX,
        paged=False,
        size=12345,
        sha256="ab" * 32,
        added=NOON,
        pages=pages,
        passages=(passage,),
        vectors=unit_vectors(1),
        failures=failures,
    )
    again = reopened(library, tmp_path, marks)
    assert again.documents("ward") == (info,)
    assert again.document("ward", info.id) == info
    assert again.stored_page("ward", info.id, 1) == pages[0]
    assert again.stored_page("ward", info.id, 2) == pages[1]
    found = again.find("10 mg", unit_vectors(1), (), 5)[0].passage
    assert (found.document, found.title, found.paged) == (info.id, info.title, False)
    assert (found.text, found.sentences) == (passage.text, passage.sentences)
    assert (found.headings, found.spans) == (passage.headings, passage.spans)
    assert again.has_content("ward", "ab" * 32) == info.id
    assert again.has_content("ward", "cd" * 32) is None
    again.close()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(), max_size=40))
def test_any_text_survives_but_for_lone_surrogates(library: Library, text: str) -> None:
    info = add_texts(library, "ward", [text], title=text)
    expected = catalogue.clean(text)
    assert len(expected) == len(text)
    assert library.stored_page("ward", info.id, 1).text == expected
    assert library.document("ward", info.id).title == expected
    library.remove_document("ward", info.id)


def test_both_indexes_find_and_the_ranks_say_which(library: Library) -> None:
    vectors = unit_vectors(30)
    texts = [f"passage number {n} about nothing" for n in range(30)]
    texts[7] = "Warfarin and grapefruit interact."
    add_texts(library, "ward", texts, vectors=vectors)
    found = library.find("warfarin", vectors[20][None], ("ward",), 5)
    by_words = next(hit for hit in found if hit.word_rank == 1)
    by_vector = next(hit for hit in found if hit.vector_rank == 1)
    assert by_words.passage.text == texts[7]
    assert by_vector.passage.text == texts[20]
    assert by_vector.similarity == pytest.approx(1.0, abs=1e-5)
    assert by_vector.word_rank == 0
    assert by_words.similarity == pytest.approx(float(vectors[7] @ vectors[20]), abs=1e-5)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_title_and_headings_are_found_by_their_words(library: Library) -> None:
    add_texts(library, "ward", ["It begins slowly."], title="Sarcoidosis")
    add_texts(library, "ward", ["It ends well."], title="Measles", seed=2)
    found = library.find("sarcoidosis", unit_vectors(1, 8), (), 2)
    assert [hit.passage.title for hit in found if hit.word_rank] == ["Sarcoidosis"]


def test_words_are_weighed_over_all_collections(tmp_path: Path, library: Library) -> None:
    library.create_collection("deal", OTHER_KEY)
    add_texts(library, "ward", ["common rare"] + ["common word"] * 9)
    add_texts(library, "deal", ["common word"] * 10, seed=1)
    found = library.find("common rare", unit_vectors(1, 5), (), 20)
    best = next(hit for hit in found if hit.word_rank == 1)
    assert (best.passage.collection, best.passage.text) == ("ward", "common rare")
    only = library.find("common", unit_vectors(1, 5), ("deal",), 20)
    assert {hit.passage.collection for hit in only} == {"deal"}


def test_a_filter_by_documents_lets_no_other_through(library: Library) -> None:
    one = add_texts(library, "ward", ["alpha beta", "beta gamma"])
    add_texts(library, "ward", ["alpha beta"] * 5, seed=3)
    found = library.find("beta", unit_vectors(1), (), 10, documents=(one.id,))
    assert {hit.passage.document for hit in found} == {one.id}
    assert len(found) == 2


@pytest.mark.parametrize("question", ["", "   ", "the of and", "?!…", "\ud800", "x y " * 25_000])
def test_any_question_is_answered_with_passages_or_none(library: Library, question: str) -> None:
    add_texts(library, "ward", ["alpha beta", "x and y"])
    assert len(library.find(question, unit_vectors(1), (), 10)) == 2


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.find("anything", unit_vectors(1), (), 10) == ()
    assert library.find("anything", unit_vectors(1), (), 0) == ()
    library.close_collection("ward")
    assert library.find("anything", unit_vectors(1), (), 10) == ()


def test_a_removed_document_is_found_by_nothing(
    library: Library, tmp_path: Path, marks: Marks
) -> None:
    vectors = unit_vectors(3)
    gone = add_texts(library, "ward", ["alpha"], vectors=vectors[:1])
    kept = add_texts(library, "ward", ["alpha too"], vectors=vectors[1:2])
    library.find("alpha", vectors[:1], (), 5)
    library.remove_document("ward", gone.id)
    again = library
    for _ in range(2):
        found = again.find("alpha", vectors[:1], (), 5)
        assert [hit.passage.document for hit in found] == [kept.id]
        assert again.counts("ward") == (1, 1)
        for call in (again.document, again.remove_document):
            with pytest.raises(DocumentUnknown):
                call("ward", gone.id)
        with pytest.raises(DocumentUnknown):
            again.stored_page("ward", gone.id, 1)
        again = reopened(again, tmp_path, marks)
    again.close()


def test_keys_of_passages_are_never_used_twice(library: Library) -> None:
    seen: set[int] = set()
    for seed in range(4):
        info = add_texts(library, "ward", ["alpha", "alpha beta"], seed=seed)
        keys = {hit.passage.key for hit in library.find("alpha", unit_vectors(1), (), 9)}
        assert not keys & seen
        seen |= keys
        library.remove_document("ward", info.id)


def test_what_does_not_fit_together_is_refused(library: Library) -> None:
    parts = {
        "title": "x",
        "kind": DocumentKind.TEXT,
        "paged": False,
        "size": 1,
        "sha256": "00",
        "added": NOON,
    }
    page, one = Page(1, "x"), (draft("x"),)
    bad_length = unit_vectors(1) * np.float32(2)
    not_numbers = np.full((1, 384), np.nan, np.float32)
    for vectors, pages in (
        (unit_vectors(2), (page,)),
        (bad_length, (page,)),
        (not_numbers, (page,)),
        (unit_vectors(1), (page, page)),
    ):
        with pytest.raises(DocumentUnusable):
            library.add_document("ward", pages=pages, passages=one, vectors=vectors, **parts)  # type: ignore[arg-type]
    assert library.documents("ward") == ()
    with pytest.raises(DocumentUnusable):
        library.find("x", unit_vectors(2), (), 5)


def test_a_document_without_passages_is_listed_and_never_found(library: Library) -> None:
    info = add_texts(library, "ward", [])
    assert library.documents("ward") == (info,)
    assert library.find("Guideline", unit_vectors(1), (), 5) == ()


def big(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small document then takes several transactions."""
    monkeypatch.setattr(catalogue, "BATCH", 2)
    monkeypatch.setattr(catalogue, "BATCHES_PER_TRANSACTION", 2)


def test_a_large_document_takes_several_transactions_and_is_one(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, marks: Marks
) -> None:
    big(monkeypatch)
    before = len(marks.all)
    add_texts(library, "ward", [f"text {n}" for n in range(11)])
    assert len(marks.all) - before == 4
    assert len(library.find("text", unit_vectors(1), (), 20)) == 11
    again = reopened(library, tmp_path, marks)
    assert len(again.find("text", unit_vectors(1), (), 20)) == 11
    again.close()


@pytest.mark.parametrize("crash", [False, True])
def test_a_document_cut_off_half_way_is_never_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, crash: bool
) -> None:
    big(monkeypatch)
    marks = Marks()
    left = [2]

    def on_mark(mark: StoreMark) -> None:
        marks(mark)
        if mark.state == "commit":
            left[0] -= 1
            if left[0] == 0 or (crash and left[0] < 0):
                raise LogUnwritable("The log is full.")

    library = Library(tmp_path / "collections", tmp_path / "spill", on_mark)
    library.create_collection("ward", KEY)
    with pytest.raises(LogUnwritable):
        add_texts(library, "ward", [f"text {n}" for n in range(11)])
    assert library.documents("ward") == ()
    assert library.find("text", unit_vectors(1), (), 20) == ()
    library.abandon()
    again = make_library(tmp_path, marks)
    again.open_collection("ward", KEY, marks.newest("collection/ward"))
    assert again.find("text", unit_vectors(1), (), 20) == ()
    store = again._of("ward").store
    for table in ("documents", "pages", "passages", "segments"):
        assert store.read(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - fixed names
    again.close()


def test_a_large_collection_gets_a_graph_in_the_background_and_keeps_it(tmp_path: Path) -> None:
    marks, notices = Marks(), list[str]()
    library = Library(tmp_path / "collections", tmp_path / "spill", marks, exact_limit=100)
    library.create_collection("ward", KEY)
    vectors = unit_vectors(400)
    library.warm("ward")
    for at in range(0, 400, 40):
        texts = [f"text {n}" for n in range(at, at + 40)]
        add_texts(library, "ward", texts, vectors=vectors[at : at + 40])
    assert library._of("ward").wait_for_graph(30)
    library.close()
    snapshot = tmp_path / "collections" / "ward" / "vectors.sealed"
    whole = snapshot.read_bytes()
    for damaged, said in ((whole, []), (whole[:-9], ["vector_snapshot_unusable"])):
        snapshot.write_bytes(damaged)
        library = Library(
            tmp_path / "collections",
            tmp_path / "spill",
            marks,
            exact_limit=100,
            on_notice=lambda _collection, code, _sentence: notices.append(code),
        )
        library.open_collection("ward", KEY, marks.newest("collection/ward"))
        found = library.find("", vectors[123][None], (), 1)
        assert found[0].passage.text == "text 123"
        assert library._of("ward").wait_for_graph(30)
        assert notices == said
        library.close()
    assert snapshot.stat().st_size >= len(whole)  # made anew


def test_collections_open_with_their_own_key_alone(tmp_path: Path, library: Library) -> None:
    add_texts(library, "ward", ["alpha"])
    library.close()
    with pytest.raises(StoreExists):
        make_library(tmp_path, Marks()).create_collection("ward", KEY)
    again = make_library(tmp_path, Marks())
    with pytest.raises(WrongStoreKey):
        again.open_collection("ward", OTHER_KEY, None)
    assert again.open_collections() == ()
    for call in (again.documents, again.counts, again.warm):
        with pytest.raises(CollectionNotOpen):
            call("ward")
    with pytest.raises(CollectionNotOpen):
        again.find("x", unit_vectors(1), ("ward",), 5)


@pytest.mark.parametrize("name", ["", "../ward", "a/b", "x" * 65, "a b"])
def test_an_id_never_leaves_the_folder(library: Library, name: str) -> None:
    with pytest.raises(ValueError, match="an id has"):
        library.create_collection(name, KEY)


def test_a_destroyed_collection_leaves_no_file(library: Library, tmp_path: Path) -> None:
    add_texts(library, "ward", ["alpha"])
    library.destroy_collection("ward")
    assert not (tmp_path / "collections" / "ward").exists()
    assert library.open_collections() == ()
