"""The measures against values worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation import metrics

GRADES = {"a": 3, "b": 2, "c": 0}


def test_ndcg_weighs_grades_by_the_rank_they_stand_at() -> None:
    # gained: 0, 2 / log2(3), 3 / log2(4); at best: 3, 2 / log2(3)
    expected = (2 / 1.5849625 + 3 / 2) / (3 + 2 / 1.5849625)
    assert metrics.ndcg(["c", "b", "a"], GRADES, 10) == pytest.approx(expected)


def test_ndcg_of_the_best_order_is_one_and_ties_may_stand_either_way() -> None:
    assert metrics.ndcg(["a", "b", "c"], GRADES, 10) == pytest.approx(1.0)
    tied = {"a": 1, "b": 1}
    assert metrics.ndcg(["b", "a"], tied, 10) == metrics.ndcg(["a", "b"], tied, 10) == 1.0


def test_ndcg_looks_no_deeper_than_it_is_told() -> None:
    assert metrics.ndcg(["x", "a"], {"a": 1}, 1) == 0.0
    # Of two that are relevant only one can stand at rank 1, so one is all there is to gain.
    assert metrics.ndcg(["a"], {"a": 1, "b": 1}, 1) == 1.0


def test_what_the_ranking_lacks_counts_against_ndcg_and_recall() -> None:
    assert metrics.ndcg(["a"], {"a": 1, "gone": 1}, 10) == pytest.approx(1 / (1 + 1 / 1.5849625))
    assert metrics.recall(["a"], {"a": 1, "gone": 1}, 10) == 0.5


def test_recall_counts_the_relevant_within_its_depth() -> None:
    ranked = ["x", "b", "y", "a"]
    assert metrics.recall(ranked, GRADES, 2) == 0.5
    assert metrics.recall(ranked, GRADES, 4) == 1.0


def test_the_reciprocal_rank_is_that_of_the_first_relevant_one() -> None:
    assert metrics.reciprocal_rank(["x", "c", "b", "a"], GRADES, 10) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(["x", "c", "b"], GRADES, 2) == 0.0


@pytest.mark.parametrize("grades", [{}, {"a": 0}])
def test_where_nothing_is_relevant_there_is_no_figure(grades: dict[str, int]) -> None:
    assert math.isnan(metrics.ndcg(["a"], grades, 10))
    assert math.isnan(metrics.recall(["a"], grades, 10))
    assert math.isnan(metrics.reciprocal_rank(["a"], grades, 10))


@settings(deadline=None)
@given(st.permutations("abcdef"), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 4)))
def test_no_order_gains_more_than_the_best_one(order: list[str], grades: dict[str, int]) -> None:
    if any(grades.values()):
        assert 0.0 <= metrics.ndcg(order, grades, 10) <= 1.0 + 1e-12


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Eiffel Tower.", "eiffel tower"),
        ("a man, an apple; the end", "man apple end"),
        ("theatre", "theatre"),
        ("U.S.", "us"),
        ("5%", "5"),
        ("the", ""),
    ],
)
def test_answers_are_compared_without_case_punctuation_and_articles(text: str, normal: str) -> None:
    assert metrics.normal(text) == normal


def test_an_exact_match_is_with_any_of_the_answers() -> None:
    assert metrics.exact_match("the Sicily!", ["Etna", "Sicily"]) == 1.0
    assert metrics.exact_match("in Sicily", ["Etna", "Sicily"]) == 0.0


def test_f1_is_of_shared_words_and_the_best_answer_counts() -> None:
    # shared: "cat" and "sat"; 2 of 3 given, 2 of 2 wanted
    assert metrics.f1("cat sat down", ["cat sat", "dog"]) == pytest.approx(2 * 2 / (3 + 2))
    # a word that is given twice is shared once
    assert metrics.f1("cat cat", ["cat"]) == pytest.approx(2 / 3)


def test_without_an_answer_only_silence_is_right() -> None:
    assert (metrics.exact_match("", []), metrics.f1("", [])) == (1.0, 1.0)
    assert (metrics.exact_match("Sicily", []), metrics.f1("Sicily", [])) == (0.0, 0.0)
    assert metrics.f1("", ["Sicily"]) == 0.0


def test_refusal_precision_and_recall_take_refusing_as_the_positive_class() -> None:
    refused = [True, True, False, False]
    unanswerable = [True, False, True, False]
    assert metrics.refusal(refused, unanswerable) == (0.5, 0.5)


def test_refusing_nothing_has_no_precision() -> None:
    precision, recall = metrics.refusal([False, False], [True, False])
    assert math.isnan(precision)
    assert recall == 0.0


def test_percentiles_are_values_that_were_measured() -> None:
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 95) == 4.0
    assert math.isnan(metrics.percentile([], 50))
