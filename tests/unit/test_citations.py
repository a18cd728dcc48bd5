from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.citations import CitationForged, check
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Scored
from tests.contract.fakes import passage, passage_of

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


STATED = passage_of(
    1, "Apixaban is stopped 48 hours before surgery.", "It is restarted 24 hours after surgery."
)
OTHER = passage_of(2, "Warfarin is stopped 5 days before surgery.")
BOTH = (Scored(STATED, 0.5, 0.5, 1, 1), Scored(OTHER, 0.4, 0.4, 2, 2))


def written(*sentences: tuple[str, tuple[int, ...]]) -> Answer:
    return Answer(
        tuple(AnswerSentence(text, numbers) for text, numbers in sentences),
        (
            Citation(1, STATED, 0, 44),
            Citation(2, OTHER, 0, len(OTHER.text)),
            Citation(3, STATED, 0, len(STATED.text)),
        ),
        AnswerMode.GENERATE,
        "m",
        0.0,
        0.0,
    )


def carried(*sentences: tuple[str, tuple[int, ...]]) -> list[bool]:
    return [s.supported for s in check(written(*sentences), BOTH, "marked").sentences]


def test_a_written_sentence_is_supported_by_what_it_cites_alone() -> None:
    assert carried(("Stop apixaban 48 h before surgery.", (1,))) == [True]
    assert carried(("Stop warfarin 5 days before surgery.", (1,))) == [False]
    assert carried(("Stop warfarin 5 days before surgery.", (1, 2))) == [True]


@pytest.mark.parametrize("numbers", [(), (0,), (99,), (1, 0), (1, 99)])
def test_without_a_citation_or_with_one_that_is_not_there_nothing_is_supported(
    numbers: tuple[int, ...],
) -> None:
    assert carried(("Stop apixaban 48 h before surgery.", numbers)) == [False]


def test_a_citation_that_is_not_there_is_not_shown_either() -> None:
    checked = check(written(("Stop apixaban 48 h before surgery.", (1, 99))), BOTH, "marked")
    assert checked.sentences[0].citations == (1,)


def test_a_number_outside_the_range_that_is_cited_supports_nothing() -> None:
    assert carried(("Apixaban is restarted 24 hours after surgery.", (1,))) == [False]
    assert carried(("Apixaban is restarted 24 hours after surgery.", (3,))) == [True]


def test_a_sentence_that_leans_falls_with_the_one_before_it() -> None:
    first, leaning = ("Apixaban is stopped 48 hours before surgery.", (1,)), (
        "It is restarted 24 hours after surgery.", (3,))  # fmt: skip
    assert carried(first, leaning) == [True, True]
    assert carried(leaning) == [False]
    assert carried(("Warfarin is stopped 5 days before surgery.", (2,)), leaning) == [True, False]
    assert carried(("Apixaban is stopped at once.", (1,)), leaning) == [False, False]


def test_required_leaves_out_and_the_evidence_is_that_of_the_best() -> None:
    answer = written(("Stop apixaban 48 h before surgery.", (1,)), ("Give 50 mg.", (2,)))
    checked = check(answer, BOTH, "required")
    assert [s.text for s in checked.sentences] == ["Stop apixaban 48 h before surgery."]
    assert [c.number for c in checked.citations] == [1]
    assert checked.evidence == 1
    nothing = check(written(("Give 50 mg.", (2,))), BOTH, "required")
    assert (nothing.found, nothing.evidence) == (False, 0)
    assert nothing.threshold > 0


def test_a_quote_is_still_word_for_word() -> None:
    quoted = replace(written(("Stop apixaban 48 h before surgery.", (1,))), mode=AnswerMode.QUOTE)
    assert not check(quoted, BOTH, "required").found


def test_a_written_answer_cannot_cite_what_was_not_found() -> None:
    with pytest.raises(CitationForged):
        check(written(("Stop apixaban 48 h before surgery.", (1,))), BOTH[:1], "marked")
