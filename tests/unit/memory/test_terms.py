"""Which words find which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.memory.terms import STOP_WORDS, Terms, stem, term_hash, terms_of, words


def terms(text: str) -> set[int]:
    return set(Terms().count(text))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("CG-114", "Follow CG-114, section 2."),
        ("cg114", "Follow CG-114."),
        ("cg 114", "Follow CG-114."),
        ("§ 1002.9", "as required by § 1002.9(a)(1)"),
        ("1002.9", "see 12 CFR 1002.9."),
        ("10mg", "give 10 mg now"),
        ("10 mg", "give 10mg now"),
        ("0.5 ml", "inject 0.5ml"),
        ("B12", "vitamin b-12"),
        ("patients", "the patient's chart"),
        ("infections", "an infection"),
        ("Straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("ＡＢＣ１２", "abc12"),
        ("ﬁbrosis", "fibrosis"),
        ("糖尿病", "2型糖尿病の治療"),
        ("allergy", "allergies"),
        ("stopped", "stopping"),
    ],
)
def test_a_question_shares_a_term_with_the_text_it_means(question: str, text: str) -> None:
    assert terms(question) & terms(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1002.9", "1003.9"), ("10mg", "20 ml"), ("university", "universe"), ("dose", "door")],
)
def test_what_means_something_else_shares_none(one: str, other: str) -> None:
    assert not terms(one) & terms(other)


def test_stop_words_find_nothing() -> None:
    assert not terms("What is the of and to, and why do they?")
    assert all(not terms_of(word) for word in STOP_WORDS if word.isalpha())


def test_repeated_words_are_counted() -> None:
    counted = Terms().count("Insulin, insulin and INSULIN. Dose")
    assert counted[term_hash(stem("insulin"))] == 3


def test_a_hundred_thousand_characters_are_no_trouble() -> None:
    assert len(Terms().count("a1-b2.c3/" * 11_200)) < 100
    assert words("x" * 100_000) == ["x" * 100_000]
    assert Terms().count("") == {}


def test_forgetting_remembered_words_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.memory.terms._REMEMBERED", 2)
    small = Terms()
    for text in ("alpha beta gamma", "delta epsilon", "alpha beta"):
        assert small.count(text) == Terms().count(text)


@given(st.text())
def test_any_text_has_terms_and_case_makes_no_difference(text: str) -> None:
    counted = Terms().count(text)
    assert all(0 <= term < 2**64 and times > 0 for term, times in counted.items())
    assert Terms().count(text.casefold()) == counted


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_stem_is_never_empty_nor_longer(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word) + 1
