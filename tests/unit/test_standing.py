"""Which turns of a conversation a question builds on, once some were asked again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from appliance.values import Outcome, Scored, Turn, grounds_of, replaced, standing
from tests.contract.fakes import NOON, passage
from tests.contract.test_history import ANSWER


def turn(record: int, replaces: int = -1) -> Turn:
    return Turn(f"Question {record}?", NOON, Outcome.ANSWERED, None, "", record, replaces)


def records(*turns: Turn, replacing: int = -1) -> list[int]:
    return [one.record for one in standing(turns, replacing)]


def test_what_was_asked_again_does_not_count_and_the_newer_does() -> None:
    assert records(turn(1), turn(2), turn(3, replaces=2)) == [1, 3]


def test_asking_the_last_again_builds_on_what_came_before_it() -> None:
    assert records(turn(1), turn(2), replacing=2) == [1]


def test_asking_again_what_was_asked_again_builds_on_the_same() -> None:
    turns = (turn(1), turn(2), turn(3, replaces=2), turn(4, replaces=3))
    assert records(*turns, replacing=4) == [1]
    assert records(*turns) == [1, 4]


def test_asking_an_early_one_again_builds_on_nothing_that_came_after_it() -> None:
    turns = (turn(1), turn(2), turn(3), turn(4, replaces=2))
    assert records(*turns, replacing=4) == [1]
    assert records(*turns) == [1, 3, 4]


def test_what_was_asked_again_in_vain_still_counts() -> None:
    in_vain = replace(turn(3, replaces=2), outcome=Outcome.FAILED)
    assert records(turn(1), turn(2), in_vain) == [1, 2, 3]
    assert replaced((turn(1), turn(2), in_vain, turn(4, replaces=2))) == {2: 4}


def test_turns_the_log_does_not_know_all_count() -> None:
    assert records(turn(-1), turn(-1), replacing=-1) == [-1, -1]


@limits(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), max_size=9), st.integers(-1, 9))
def test_whatever_replaces_what_it_ends_and_keeps_the_order(
    drawn: list[tuple[int, int]], replacing: int
) -> None:
    turns = [turn(record, replaces) for record, replaces in drawn]
    kept = list(standing(turns, replacing))
    rest = iter(turns)
    assert all(any(one is other for other in rest) for one in kept)


def test_a_ground_says_where_it_stands_and_which_citation_quotes_it() -> None:
    cited, other = ANSWER.citations[0].passage, passage(8, "Another.")
    found = tuple(Scored(one, 0.03, 0.5, 1, 2, relevance=0.75) for one in (cited, other))
    first, second = grounds_of(found, ANSWER)
    assert (first.key, first.cited, first.place) == (7, (1,), "p. 1")
    assert (first.similarity, first.relevance, first.word_rank) == (0.5, 0.75, 2)
    assert (second.key, second.cited) == (8, ())
