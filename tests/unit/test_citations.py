from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.citations import CitationForged, check
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Scored
from tests.contract.fakes import passage

PASSAGE = passage(1, "Give 5 mg twice daily. Stop before surgery.")
FOUND = (Scored(PASSAGE, 0.5, 0.5, 1, 1),)


def answer(text: str, start: int = 0, end: int = 22, numbers: tuple[int, ...] = (1,)) -> Answer:
    return Answer(
        (AnswerSentence(text, numbers),),
        (Citation(1, PASSAGE, start, end),),
        AnswerMode.QUOTE,
        "m",
        1.0,
        0.5,
    )


def test_a_verbatim_sentence_is_supported() -> None:
    assert check(answer("Give 5 mg twice daily."), FOUND, "required").sentences[0].supported


@pytest.mark.parametrize(
    "text",
    ["Give 50 mg twice daily.", "Give 5 mg daily.", "5 mg Give twice daily", "", "Give > 5 mg."],
)
def test_a_changed_word_is_not_supported(text: str) -> None:
    assert check(answer(text), FOUND, "required").sentences == ()
    marked = check(answer(text), FOUND, "marked")
    assert [s.supported for s in marked.sentences] == [False]


def test_an_unsupported_sentence_takes_its_citation_with_it() -> None:
    assert check(answer("Give 50 mg."), FOUND, "required").citations == ()


def test_a_number_without_a_citation_supports_nothing() -> None:
    assert check(answer("Give 5 mg twice daily.", numbers=(2,)), FOUND, "required").sentences == ()


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (0, 999), (9, 3)])
def test_a_range_outside_the_passage_is_a_forgery(start: int, end: int) -> None:
    with pytest.raises(CitationForged):
        check(answer("Give 5 mg twice daily.", start, end), FOUND, "required")


def test_a_passage_altered_on_the_way_is_a_forgery() -> None:
    altered = replace(PASSAGE, text="Give 50 mg twice daily. Stop before surgery.")
    with pytest.raises(CitationForged):
        check(answer("Give 5 mg twice daily."), (Scored(altered, 1, 1, 1, 1),), "required")
