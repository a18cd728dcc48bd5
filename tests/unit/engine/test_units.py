"""Units are verbatim, in order, apart; lists are cut at their items."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.quoting.units import LONG, units_of
from tests.unit.engine.passages import passage


def test_sentences_are_units() -> None:
    texts = [unit.text for unit in units_of(0, passage("One is here. Two is there. Three."))]
    assert texts[:2] == ["One is here.", "Two is there."]


def test_a_long_hyphenated_list_is_cut_at_its_items() -> None:
    items = [f"sign number {n} that a nurse may see at the bedside" for n in range(12)]
    units = units_of(0, passage("Signs of the disease include: - " + " - ".join(items)))
    assert len(units) > 2
    assert all(unit.text.startswith("- ") and unit.leans for unit in units[1:])
    assert all(len(unit.text) < LONG for unit in units)


def test_a_short_list_stays_whole() -> None:
    assert len(units_of(0, passage("Signs include: - fever - rash - cough"))) == 1


def test_a_sentence_that_points_back_leans() -> None:
    text = (
        "Heparin is stopped. It is given again after six hours. However, ask first. Call the ward."
    )
    assert [u.leans for u in units_of(0, passage(text))] == [False, True, True, False]


def test_a_colon_opens() -> None:
    assert units_of(0, passage("Do the following steps in order:"))[0].opens


@given(
    st.text(alphabet="ab .-:\n–", max_size=600),
    st.lists(st.tuples(st.integers(-5, 700), st.integers(-5, 700)), max_size=6),
)
def test_units_lie_inside_the_text_in_order_and_apart(
    text: str, sentences: list[tuple[int, int]]
) -> None:
    ordered, end = [], 0
    for a, b in sorted(sentences):
        if a >= end:
            ordered.append((a, b))
            end = max(end, b)
    units = units_of(0, replace(passage(text), sentences=tuple(ordered)))
    last = 0
    for number, unit in enumerate(units):
        assert unit.index == number
        assert last <= unit.start < unit.end <= len(text)
        assert unit.text == text[unit.start : unit.end]
        last = unit.end
