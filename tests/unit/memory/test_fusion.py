"""Reciprocal rank fusion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.memory.fusion import RRF_K, fuse

rankings = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), max_size=4)


@given(rankings)
def test_every_key_comes_once_best_first(lists: list[list[int]]) -> None:
    fused = fuse(lists)
    assert {key for key, _ in fused} == {key for ranking in lists for key in ranking}
    assert len({key for key, _ in fused}) == len(fused)
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)


@given(rankings)
def test_the_score_is_the_sum_of_reciprocal_ranks(lists: list[list[int]]) -> None:
    for key, score in fuse(lists):
        expected = sum(1 / (RRF_K + ranking.index(key) + 1) for ranking in lists if key in ranking)
        assert abs(score - expected) < 1e-12


@given(st.lists(st.integers(), unique=True, max_size=30))
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    assert [key for key, _ in fuse([ranking])] == ranking
    assert [key for key, _ in fuse([ranking, ranking])] == ranking


@given(st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=20), rankings)
def test_a_key_first_everywhere_is_first(ranking: list[int], lists: list[list[int]]) -> None:
    best = -1
    assert fuse([[best, *ranking], *([best, *other] for other in lists)])[0][0] == best


def test_found_by_both_beats_found_by_one() -> None:
    assert fuse([["a", "both"], ["b", "both"]])[0][0] == "both"
