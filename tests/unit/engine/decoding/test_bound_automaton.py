"""What the automaton lets pass and what it does not, text by text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from appliance.engine.decoding.bound.automaton import (
    ALL_BYTES,
    BEGINNING,
    Automaton,
    Whole,
    english,
    unsupported_items,
)
from appliance.engine.decoding.bound.evidence import Source
from appliance.engine.decoding.bound.lexing import Kind, kind_of, normal, tokens
from appliance.engine.decoding.request import Evidence
from tests.unit.engine.decoding.test_bound_decoding import PASSAGES, QUESTION

EVIDENCE = Evidence((*PASSAGES, QUESTION), 3)
UNITS = ["mg", "g", "mcg", "micrograms", "mL", "L", "mg/kg", "mmol/L", "%", "hours", "days",
         "tablets", "mmHg", "units", "kg"]  # fmt: skip
WORDS = ["the", "dose", "Warfarin", "warfarin", "and", "or", "of", "to", "per", "in", "patient's",
         "once", "daily", "A1c", "NGH-CP-014", "Dr", "Smith", "e.g.", "q.d.s.", "über", "Ж", "日本",
         "R&D", "and/or", "12", "5", "0.5", "½", "10³", "1,000", "-5", "≥", "<", "=", "→", "±", "×",
         "%", "°C", "£", "€5", "March", "2024", "12/03/2024", "10:30", "mg", "mL", "mg/kg", "hours",
         "(", ")", ",", ".", ";", ":", "–", "-", "[", "“x”", "?", "…", "…5", "#",
         "@", "x"]  # fmt: skip
amounts = st.one_of(
    st.integers(0, 10_000).map(str), st.decimals(0, 100, places=2).map(str),
    st.integers(1_000, 99_999).map("{:,}".format),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    amounts,
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
    st.sampled_from(
        ["", " ", "  ", "\n", " (", "-", ". ", ", ", " of ", "/", " - ", " and ", '" ']
    ),
)
def test_a_dose_with_the_wrong_unit_is_impossible(
    amount: str, unit: str, other: str, between: str
) -> None:
    assume(unit != other)
    evidence = Evidence((f"Give {amount} {unit} to the patient.",))
    assert unsupported_items(f"Give {amount} {unit}.", evidence) == ()
    assert unsupported_items(f"Give {amount}{between}{other}.", evidence)
    assert unsupported_items(f"Give {amount}.", evidence)  # nor without any


@pytest.mark.parametrize("between", [" - ", " – ", " –  ", "  — ", "- ", "–  ", " (– ", " | – "])
@pytest.mark.parametrize("word", ["at", "of", "is", "the", "give"])
def test_a_dash_before_a_number_makes_none_below_zero(word: str, between: str) -> None:
    automaton = Automaton(english(), Source(Evidence(("Keep it at 20 °C.",)), ALL_BYTES))
    place = automaton.walk(BEGINNING, f"{word}{between}".encode())
    assert place is None or automaton.walk(place, b"20 \xc2\xb0C.") is None
    listed = automaton.walk(BEGINNING, "– 20 °C.".encode())
    assert listed is not None  # an item of a list


@settings(deadline=None, max_examples=60)
@given(amounts, amounts)
def test_a_number_is_written_whole_and_not_beyond(amount: str, other: str) -> None:
    evidence = Evidence((f"It says {amount} here.",))
    assert unsupported_items(f"It says {amount}.", evidence) == ()
    assume(amount != other)
    assert unsupported_items(f"It says {other}.", evidence)
    assert unsupported_items(f"It says {amount}{other}.", evidence)
    assert unsupported_items(f"It says {amount} {other}.", evidence)


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", " ", "", "\n"])), max_size=20)
)
def test_evidence_can_be_written_as_it_stands(parts: list[tuple[str, str]]) -> None:
    text = "The " + "".join(word + blank for word, blank in parts)
    assert unsupported_items(text, Evidence((text,))) == ()


@settings(deadline=None, max_examples=60)
@example("A0-")
@given(st.text(max_size=40))
def test_evidence_of_any_characters_can_be_written_as_it_stands(text: str) -> None:
    assert unsupported_items("The " + text, Evidence(("The " + text,))) == ()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("The 50mgL.,-–/%1[]x\n", max_size=9), max_size=6))
def test_only_what_is_whole_is_let_out(pieces: list[str]) -> None:
    evidence = Evidence(("The 50 mg. 1, 5 mL 10%", "x"), 1)
    whole = Whole(Automaton(english(), Source(evidence, ALL_BYTES)))
    shown = "".join(map(whole.push, pieces))
    assert "".join(pieces).startswith(shown)
    assert unsupported_items(shown, evidence) == ()


FREELY = (
    "Before the procedure, the patient should be told what will happen and why it is done. If there"
    " is any doubt, please speak to the nurse in charge; she can explain the options again. Most"
    " people recover quickly, but some will need further treatment, and a few may have to return"
    " to the ward. It isn't known whether this helps: the evidence is weak, and doctors disagree."
    "\n\nWe recommend that you keep a copy of the letter (it is often asked for) and bring it with"
    " you. The bank's customers were informed — in writing — that their accounts remain safe. I"
    " cannot say more; please look at the documents.\n- Not in the documents.\n- According to the"
    " guidelines, it's well-known that rest and good food are important."
)


def test_ordinary_words_flow_freely() -> None:
    assert unsupported_items(FREELY, Evidence(())) == ()


@pytest.mark.parametrize(
    "said",
    [
        "Apixaban is stopped 48 hours before surgery [1].", "Give 5 mg/kg [1][2].",
        "12 March 2024.",
        "March 2024", "In 2024, it was.", "The max. is 20 mg per day", "HbA1c ≥ 6.5%", "37 °C",
        "Fees are £5,000.", "twelve months", "Twelve months", "3 mg tablets", "1, 2 and 3 mg",
        "Smith keeps warfarin.", "Range 5 to 10 mL", "500 micrograms of prednisolone [3]",
        "Prednisolone is given twice daily", "**48 hours**", "(48 hours), patients “48 hours”",
    ],
)  # fmt: skip
def test_what_the_evidence_or_the_question_holds_can_be_said(said: str) -> None:
    assert unsupported_items(said, EVIDENCE) == ()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Wait 24 hours.", "24 hours"), ("Give 5 mg.", "5 mg"), ("Give 0.5 mmol/L.", "0.5 mmol/L"),
        ("on 13 March 2024", "13 March 2024"), ("See NGH-CP-01.", "NGH-CP-01"), ("See [4].", "[4]"),
        ("£50", "£50"), ("£5", "£5"), ("Range 5 to 50 mL", "5 to 50 mL"), ("Take 1.", "1"),
        ("Take 1 mg.", "1 mg"), ("Take four.", "four"), ("Take ２.", "２"), ("Take ½.", "½"),
        ("in May", "May"), ("May 12", "May 12"), ("Give metformin.", "metformin"),
        ("Ask Dr Jones.", "Jones"), ("once daily", "once daily"), ("weekly", "weekly"),
        ("65 % of it", "65 %"), ("5\u00a0mg", "5 mg"), ("section iv", "iv"), ("Жар", "Жар"),
        ("twenty-five", "twenty-five"), ("1e5", "1e5"), ("<5", "<5"), ("-48 hours", "-48 hours"),
    ],
)  # fmt: skip
def test_what_neither_holds_cannot_and_is_named(said: str, what: str) -> None:
    assert what in unsupported_items(said, EVIDENCE)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        ("mg/kg", Kind.UNIT), ("Mg", Kind.WORD), ("mg", Kind.UNIT), ("hours", Kind.UNIT),
        ("two-week", Kind.NUMBER), ("May", Kind.NUMBER), ("may", Kind.WORD), ("A1c", Kind.CODE),
        ("12/03/2024", Kind.NUMBER), ("5th", Kind.NUMBER), ("²", Kind.NUMBER), ("well", Kind.WORD),
    ],
)  # fmt: skip
def test_runs_are_told_apart(run: str, kind: Kind) -> None:
    assert kind_of(run) is kind


@settings(deadline=None)
@given(st.text(max_size=60))
def test_tokens_lie_in_their_text_in_order(text: str) -> None:
    said = normal(text)
    found = tokens(said)
    assert all(said[token.start : token.end] == token.text for token in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    digits = {at for at, c in enumerate(said) if c.isdigit()}
    assert digits <= {at for token in found for at in range(token.start, token.end)}
