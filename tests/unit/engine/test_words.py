"""Words compare without case and endings; numbers, codes and drug names only as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.errors import BundleDamaged
from appliance.engine.quoting.words import (
    Asked,
    Rarity,
    content_words,
    read_rarity,
    split_words,
    stem,
)


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("dose", "doses"), ("dose", "dosed"), ("stopping", "stop"), ("diagnose", "diagnosis"),
        ("treated", "treatment"), ("injuries", "injury"), ("patient's", "patients"),
        ("Warfarin", "WARFARIN"), ("1,000", "1000"), ("10mg", "10 mg"), ("ﬁrst", "first"),
        ("biopsies", "biopsy"), ("transfer", "transferring"), ("calls", "called"),
    ],
)  # fmt: skip
def test_forms_of_a_word_meet(rarity: Rarity, asked: str, there: str) -> None:
    question = Asked(asked, rarity)
    assert question.coverage(question.mask(there)) == 1


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("prednisone", "prednisolone"), ("hypothyroidism", "hyperthyroidism"), ("10", "100"),
        ("CG-114", "CG-115"), ("2019", "2020"), ("hydroxyzine", "hydralazine"), ("1.5", "15"),
        ("cat", "catheter"), ("contract", "contrary"), ("clonidine", "clonazepam"),
    ],
)  # fmt: skip
def test_different_things_do_not_meet(rarity: Rarity, asked: str, there: str) -> None:
    question = Asked(asked, rarity)
    assert question.coverage(question.mask(there)) < 1


def test_question_words_and_small_words_count_for_nothing(rarity: Rarity) -> None:
    words = content_words("Please tell me what is the dose of the warfarin for them?", rarity)
    assert [word.stem for word in words] == ["dos", "warfarin"]


def test_rare_words_weigh_more_than_common_ones(rarity: Rarity) -> None:
    assert rarity.of("the") < 0.1 < rarity.of("people") < rarity.of("dose") < rarity.of("warfarin")


def test_names_numbers_and_codes_are_exact(rarity: Rarity) -> None:
    words = content_words("Did Marie take 5 mg under rule CG114?", rarity)
    assert {w.stem for w in words if w.exact} == {stem("Marie"), "5", "cg", "114"}


def test_a_shouted_question_has_no_names(rarity: Rarity) -> None:
    assert not any(w.exact for w in content_words("WHAT IS THE DOSE OF WARFARIN", rarity))


def test_an_empty_question_is_covered_and_misses_nothing(rarity: Rarity) -> None:
    asked = Asked("?!", rarity)
    assert (asked.coverage(0), asked.rarest_missing(0), asked.names_missing(0)) == (1.0, 0.0, 0.0)


@given(st.text(max_size=200))
def test_any_text_is_split_and_covers_itself(rarity: Rarity, text: str) -> None:
    asked = Asked(text, rarity)
    mask = asked.mask(text)
    assert asked.coverage(mask) == pytest.approx(1.0)
    assert asked.rarest_missing(mask) == 0
    assert all(word.strip() for word in split_words(text))


@given(st.text(max_size=40))
def test_a_stem_is_never_longer_than_its_word(word: str) -> None:
    assert len(stem(word)) <= len(word.casefold()) + 2


@pytest.mark.parametrize("content", [b"", b"[]", b'{"model": {"vocab": []}}',
                                     b'{"model": {"vocab": {"a": "b"}}}'])  # fmt: skip
def test_a_vocabulary_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(BundleDamaged):
        read_rarity(content)
