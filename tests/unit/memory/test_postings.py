"""The word index against a plain reading of BM25."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.memory.errors import StoreDamaged
from appliance.memory.postings import (
    K1,
    B,
    Postings,
    Run,
    decode_run,
    encode_run,
    merged,
    run_of,
)

Passages = list[Counter[int]]

passages = st.lists(
    st.dictionaries(st.integers(0, 12), st.integers(1, 5), max_size=6).map(Counter),
    min_size=1,
    max_size=30,
)


def naive(bodies: Passages, alive: list[bool], query: Counter[int]) -> list[float]:
    """BM25 as it is written in the paper, with Lucene's idf, over the passages alive."""
    living = [body for body, there in zip(bodies, alive, strict=True) if there]
    mean = max(sum(body.total() for body in living) / max(len(living), 1), 1.0)
    scores = []
    for body in bodies:
        score = 0.0
        for term, times in query.items():
            present = sum(term in other for other in living)
            idf = math.log(1 + (len(living) - present + 0.5) / (present + 0.5))
            tf = body[term]
            score += times * idf * tf / (tf + K1 * (1 - B + B * body.total() / mean))
        scores.append(score)
    return scores


def index_of(bodies: Passages, cuts: list[int]) -> Postings:
    """Added in pieces that end at the cuts."""
    index, start = Postings(), 0
    for end in [*sorted({cut for cut in cuts if 0 < cut < len(bodies)}), len(bodies)]:
        index.add(run_of(start, bodies[start:end]))
        start = end
    return index


@settings(max_examples=150, deadline=None)
@given(
    passages,
    st.lists(st.integers(1, 29), max_size=6),
    st.dictionaries(st.integers(0, 15), st.integers(1, 3), max_size=5),
    st.sets(st.integers(0, 29)),
)
def test_scores_are_those_of_a_plain_bm25(
    bodies: Passages, cuts: list[int], query: dict[int, int], dead: set[int]
) -> None:
    alive = [place not in dead for place in range(len(bodies))]
    flags = np.array(alive)
    index = index_of(bodies, cuts)
    asked = list(query), list(query.values())
    scores = index.score(*asked, index.statistics(asked[0], flags))
    expected = naive(bodies, alive, Counter(query))
    living = [place for place, there in enumerate(alive) if there]
    np.testing.assert_allclose(scores[living], np.array(expected)[living], rtol=1e-4, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(passages, st.lists(st.integers(1, 29), max_size=6))
def test_adding_in_pieces_loading_at_once_and_decoding_agree(
    bodies: Passages, cuts: list[int]
) -> None:
    alive = np.ones(len(bodies), np.bool_)
    terms = list(range(13))
    whole = Postings()
    whole.load([run_of(0, bodies)])
    stored = Postings()
    stored.load([decode_run(0, encode_run(run_of(0, bodies)))])
    pieces = index_of(bodies, cuts)
    scores = [
        index.score(terms, [1] * 13, index.statistics(terms, alive))
        for index in (whole, stored, pieces)
    ]
    np.testing.assert_allclose(scores[0], scores[1])
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-5)


def test_runs_with_a_gap_between_them_merge() -> None:
    one, other = run_of(3, [Counter({7: 1})]), run_of(10, [Counter({7: 2, 9: 1})])
    both = merged((one, other))
    assert both.first == 3
    assert both.find(7)[0].tolist() == [0, 7]
    assert both.lengths.tolist() == [1, 0, 0, 0, 0, 0, 0, 3]


def test_an_empty_index_and_an_empty_query_score_nothing() -> None:
    index = Postings()
    none = np.zeros(0, np.bool_)
    assert len(index.score([1], [1], index.statistics([1], none))) == 0
    index.add(run_of(0, [Counter({1: 1})]))
    alive = np.ones(1, np.bool_)
    assert index.score([], [], index.statistics([], alive)).tolist() == [0.0]


@pytest.mark.parametrize("cut", [0, 3, 15, 16, 30])
def test_a_cut_run_is_refused(cut: int) -> None:
    data = encode_run(run_of(0, [Counter({1: 1, 2: 3}), Counter({2: 1})]))
    with pytest.raises(StoreDamaged):
        decode_run(0, data[:cut])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_run_is_refused_or_harmless(place: int, byte: int) -> None:
    """Decoding never lets an index point outside its arrays."""
    data = bytearray(encode_run(run_of(0, [Counter({1: 1, 2: 3}), Counter({2: 1})])))
    data[place % len(data)] = byte
    try:
        run: Run = decode_run(0, bytes(data))
    except StoreDamaged:
        return
    index = Postings()
    index.load([run])
    alive = np.ones(len(run.lengths), np.bool_)
    index.score([1, 2], [1, 1], index.statistics([1, 2], alive))
