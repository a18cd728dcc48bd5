"""Sentences: where they end, where they do not, and that nothing is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.sentences import clauses, sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith saw the patient at 3 p.m. on Monday.",
        "Give 2.5 mg of drug A, e.g. Warfarin, see p. 4 and Fig. 3 of No. 12.",
        "As § 1002.9(a) says, cf. Sec. 4 and 15 U.S.C. 1601 et seq., creditors notify.",
        "1. Wash your hands before each contact",
        "(a) The creditor shall notify.",
        "J. R. Smith et al. Found this out",
        "The U.S. Government issued it.",
        "Take it with water (approx. 200 ml) before meals.",
        "Version 1.2.3 is at example.org and it works.",
    ],
)
def test_abbreviations_numbers_and_initials_do_not_end_a_sentence(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Stop. Go on.", ["Stop.", "Go on."]),
        ("Is it safe? Yes! Use it.", ["Is it safe?", "Yes!", "Use it."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("It ended in the U.S. The next began.", ["It ended in the U.S.", "The next began."]),
        ("Use gloves, masks, etc. The rest waits.", ["Use gloves, masks, etc.", "The rest waits."]),
        ("Stage 2. 5 patients recovered.", ["Stage 2.", "5 patients recovered."]),
        ("See vitamin C. This helps.", ["See vitamin C.", "This helps."]),
        ("It was low (3.2). (See below.) End", ["It was low (3.2).", "(See below.)", "End"]),
        ("  \n ", []),
        ("One\n\nTwo.  Three ", ["One\n\nTwo.", "Three"]),
        ("Ends here. § 4 begins.", ["Ends here.", "§ 4 begins."]),
    ],
)
def test_sentences_end_where_a_reader_would_say(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@given(st.text(alphabet=st.sampled_from(list('aB. 1?!\n"(§)e.gDr')), max_size=200))
def test_every_character_but_white_space_is_in_exactly_one_sentence(text: str) -> None:
    covered = [index for start, end in sentences(text) for index in range(start, end)]
    assert covered == sorted(set(covered))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= set(covered)
    assert all(
        text[s] and not text[s].isspace() and not text[e - 1].isspace() for s, e in sentences(text)
    )


@given(st.text(alphabet="ab ,;:\n-", min_size=1, max_size=300), st.integers(2, 40))
def test_clauses_fit_and_lose_nothing(text: str, fits: int) -> None:
    start = len(text) - len(text.lstrip())
    parts = clauses(text, start, len(text.rstrip()), fits)
    assert all(high - low <= fits for low, high in parts)
    covered = {index for low, high in parts for index in range(low, high)}
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
