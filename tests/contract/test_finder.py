"""protocols.Finder: the best passages, best first, from the collections that were named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import CloisterError
from appliance.memory import Library
from appliance.protocols import Finder
from appliance.values import VECTOR_SIZE, Scored
from tests.contract.fakes import BagEncoder, ListFinder
from tests.unit.memory.material import Marks, add_texts

WARD = (
    "Apixaban is stopped 48 hours before surgery.",
    "Blood cultures are taken before the first antibiotic.",
    "Visitors come between two and eight in the afternoon.",
    "Two nurses check each unit of red cells at the bedside.",
)
KITCHEN = ("Breakfast leaves the kitchen at seven.", "Trays are counted before surgery too.")
QUESTION = "How long before surgery is apixaban stopped?"


def of_list() -> ListFinder:
    ward, kitchen = ListFinder(WARD), ListFinder(KITCHEN)
    moved = (replace(p, collection="c2", key=p.key + 100) for p in kitchen.passages)
    ward.passages = (*ward.passages, *moved)
    return ward


def of_library(folder: Path) -> Library:
    library = Library(folder / "collections", folder / "spill", Marks())
    for number, (name, texts) in enumerate((("c1", WARD), ("c2", KITCHEN)), start=1):
        library.create_collection(name, bytes([number]) * 32)
        add_texts(library, name, texts, vectors=BagEncoder().encode(texts))
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One for all tests here: finding changes nothing."""
    made = of_library(tmp_path_factory.mktemp("library"))
    yield made
    made.close()


@pytest.fixture(params=["fake", "library"])
def finder(request: pytest.FixtureRequest) -> Finder:
    if request.param == "fake":
        return of_list()
    real: Library = request.getfixturevalue("library")
    return real


def find(
    finder: Finder, text: str = QUESTION, collections: tuple[str, ...] = (), limit: int = 3
) -> tuple[Scored, ...]:
    return finder.find(text, BagEncoder().encode([text]), collections, limit)


def test_the_passage_that_speaks_of_it_comes_first(finder: Finder) -> None:
    assert find(finder)[0].passage.text == WARD[0]
    assert find(finder, "Who checks red cells at the bedside?")[0].passage.text == WARD[3]


def test_scores_fall_and_ranks_count_from_one(finder: Finder) -> None:
    found = find(finder)
    scores = [scored.score for scored in found]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)
    for scored in found:
        assert -1.001 <= scored.similarity <= 1.001
        assert min(scored.vector_rank, scored.word_rank) >= 0
        assert max(scored.vector_rank, scored.word_rank) >= 1
    assert 1 in (found[0].vector_rank, found[0].word_rank)


def test_no_more_than_asked_for_and_none_twice(finder: Finder) -> None:
    for limit in (0, 1, 2, 50):
        found = find(finder, limit=limit)
        places = [(s.passage.collection, s.passage.key) for s in found]
        assert len(places) == len(set(places)) <= limit
    assert len(find(finder, limit=2)) == 2


def test_only_named_collections_are_searched_and_all_where_none_is(finder: Finder) -> None:
    assert {s.passage.collection for s in find(finder, limit=50)} == {"c1", "c2"}
    named = find(finder, collections=("c2",), limit=50)
    assert {s.passage.collection for s in named} == {"c2"}
    assert named[0].passage.text == KITCHEN[1]


def test_a_collection_that_is_not_open_is_an_error_and_not_silence(finder: Finder) -> None:
    with pytest.raises(CloisterError):
        find(finder, collections=("c1", "closed"))


def test_a_passage_holds_what_a_citation_needs(finder: Finder) -> None:
    for scored in find(finder, limit=50):
        passage = scored.passage
        assert passage.title
        assert passage.document
        start, end = passage.sentences[0]
        assert passage.text[start:end].strip()
        assert passage.page == 1
        assert sum(span.length for span in passage.spans) == len(passage.text)


@pytest.mark.parametrize("text", ["", "?", "und oder the", "x" * 8_000, "\0\n\u202e"])
def test_any_question_finds_something_or_nothing(finder: Finder, text: str) -> None:
    assert len(find(finder, text)) <= 3


@pytest.mark.parametrize("shape", [(VECTOR_SIZE,), (2, VECTOR_SIZE), (1, VECTOR_SIZE - 1)])
def test_a_vector_of_another_shape_is_refused(finder: Finder, shape: tuple[int, ...]) -> None:
    with pytest.raises(CloisterError):
        finder.find(QUESTION, np.zeros(shape, np.float32), (), 3)
