from __future__ import annotations

from dataclasses import replace

import pytest

from appliance import claims
from appliance.citations import Checker, CitationForged, check
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored
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
    assert carried(("Apixaban is stopped 48 h before surgery.", (1,))) == [True]
    assert carried(("Warfarin is stopped 5 d before surgery.", (1,))) == [False]
    assert carried(("Warfarin is stopped 5 d before surgery.", (1, 2))) == [True]


@pytest.mark.parametrize("numbers", [(), (0,), (99,), (1, 0), (1, 99)])
def test_without_a_citation_or_with_one_that_is_not_there_nothing_is_supported(
    numbers: tuple[int, ...],
) -> None:
    assert carried(("Apixaban is stopped 48 h before surgery.", numbers)) == [False]


def test_a_citation_that_is_not_there_is_not_shown_either() -> None:
    checked = check(written(("Apixaban is stopped 48 h before surgery.", (1, 99))), BOTH, "marked")
    assert checked.sentences[0].citations == (1,)


def test_a_number_outside_the_range_that_is_cited_supports_nothing() -> None:
    first, leaning = (
        "Apixaban is stopped 48 h before surgery.",
        "It is restarted 24 h after surgery.",
    )
    assert carried((first, (1,)), (leaning, (1,))) == [True, False]
    assert carried((first, (1,)), (leaning, (3,))) == [True, True]


def test_what_it_is_may_not_be_filled_in() -> None:
    assert carried(("Apixaban is restarted 24 hours after surgery.", (3,))) == [False]


def test_a_supported_sentence_keeps_the_citations_that_carry_it_alone() -> None:
    checked = check(written(("Warfarin is stopped 5 d before surgery.", (1, 2))), BOTH, "marked")
    assert checked.sentences[0].citations == (2,)


def test_a_sentence_that_leans_falls_with_the_one_before_it() -> None:
    first, leaning = ("Apixaban is stopped 48 hours before surgery.", (1,)), (
        "It is restarted 24 hours after surgery.", (3,))  # fmt: skip
    assert carried(first, leaning) == [True, True]
    assert carried(leaning) == [False]
    assert carried(("Warfarin is stopped 5 days before surgery.", (2,)), leaning) == [True, False]
    assert carried(("Apixaban is stopped at once.", (1,)), leaning) == [False, False]


ANNA = passage_of(
    1, "Anna has fever.", "Her dose is 5 mg.", "The INR is 2.", "Give 5 mg.", "Boris has gout."
)
BORIS = passage_of(2, "Boris has a rash.", "The dose is 9 mg.", "His doctor is away.", "Give 9 mg.")
PEOPLE = (Scored(ANNA, 0.5, 0.5, 1, 1), Scored(BORIS, 0.4, 0.4, 2, 2))


def told(*sentences: tuple[str, int]) -> list[bool]:
    answer = Answer(
        tuple(AnswerSentence(text, (number,)) for text, number in sentences),
        (Citation(1, ANNA, 0, len(ANNA.text)), Citation(2, BORIS, 0, len(BORIS.text))),
        AnswerMode.GENERATE,
        "m",
        0.0,
        0.0,
    )
    return [s.supported for s in check(answer, PEOPLE, "marked").sentences]


def test_no_sentence_is_put_together_out_of_two_documents() -> None:
    assert told(("Anna has fever and Boris has a rash.", 1)) == [False]
    assert told(("Anna has a rash.", 1), ("Anna has a rash.", 2)) == [False, False]


@pytest.mark.parametrize("text", ["The dose is 9 mg.", "His doctor is away.", "Give 9 mg."])
def test_what_is_said_of_one_patient_does_not_go_on_from_another(text: str) -> None:
    assert told(("Anna has fever.", 1), (text, 2)) == [True, False]
    assert told(("Anna has a rash.", 2), (text, 2)) == [False, False]


def test_what_goes_on_from_a_sentence_is_what_follows_it_in_the_document() -> None:
    assert told(("Boris has a rash.", 2), ("The dose is 9 mg.", 2)) == [True, True]
    assert (
        told(("Anna has fever.", 1), ("Her dose is 5 mg.", 1), ("The INR is 2.", 1)) == [True] * 3
    )
    assert told(("Anna has fever.", 1), ("Give 5 mg.", 1)) == [True, False]
    assert told(("Boris has gout.", 1), ("The INR is 2.", 1)) == [True, False]
    assert told(("Anna has fever.", 1), ("Dose is 9 mg.", 2)) == [True, False]  # without its "the"


def test_a_light_lean_may_begin_an_answer_a_full_one_may_not() -> None:
    assert told(("The dose is 9 mg.", 2)) == [True]
    leaning = passage_of(1, "It is halved.")
    answer = Answer(
        (AnswerSentence("It is halved.", (1,)),), (Citation(1, leaning, 0, 13),),
        AnswerMode.GENERATE, "m", 0.0, 0.0,
    )  # fmt: skip
    found = (Scored(leaning, 0.5, 0.5, 1, 1),)
    assert not check(answer, found, "required").found


TABLE = tuple(
    passage_of(key, *(f"Row {key} {n} is {n} mg." for n in range(60))) for key in range(8)
)
TABLES = tuple(Scored(one, 0.5, 0.5, 1, 1) for one in TABLE)


def tabled(sentences: int) -> Answer:
    return Answer(
        tuple(AnswerSentence(f"Row 9 {n} is 3 mg.", tuple(range(8))) for n in range(sentences)),
        tuple(Citation(n, one, 0, len(one.text)) for n, one in enumerate(TABLE)),
        AnswerMode.GENERATE,
        "m",
        0.0,
        0.0,
    )


def test_each_text_is_taken_apart_once_however_often_the_answer_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[str] = []
    passages: list[Passage] = []
    sentence_of, statements = claims.sentence_of, claims.statements

    def counted_sentence(text: str) -> claims.Said:
        taken.append(text)
        return sentence_of(text)

    def counted_passage(passage: Passage) -> tuple[claims.Statement, ...]:
        passages.append(passage)
        return statements(passage)

    monkeypatch.setattr(claims, "sentence_of", counted_sentence)
    monkeypatch.setattr(claims, "statements", counted_passage)
    checker = Checker(TABLES, "marked")
    for sentences in range(1, 61):
        assert not any(s.supported for s in checker.check(tabled(sentences)).sentences)
    assert len(taken) == 60
    assert len(passages) == 8


def test_the_check_stops_between_two_sentences() -> None:
    class Stop(Exception):
        pass

    asked: list[int] = []

    def go_on() -> None:
        asked.append(len(asked))
        if len(asked) == 3:
            raise Stop

    with pytest.raises(Stop):
        Checker(TABLES, "marked", go_on).check(tabled(60))
    assert len(asked) == 3


def test_required_leaves_out_and_the_evidence_is_that_of_the_best() -> None:
    answer = written(("Apixaban is stopped 48 h before surgery.", (1,)), ("Give 50 mg.", (2,)))
    checked = check(answer, BOTH, "required")
    assert [s.text for s in checked.sentences] == ["Apixaban is stopped 48 h before surgery."]
    assert [c.number for c in checked.citations] == [1]
    assert checked.evidence == 1
    nothing = check(written(("Give 50 mg.", (2,))), BOTH, "required")
    assert (nothing.found, nothing.evidence) == (False, 0)
    assert nothing.threshold > 0


def test_a_quote_is_still_word_for_word() -> None:
    quoted = replace(
        written(("Apixaban is stopped 48 h before surgery.", (1,))), mode=AnswerMode.QUOTE
    )
    assert not check(quoted, BOTH, "required").found


def test_a_written_answer_cannot_cite_what_was_not_found() -> None:
    with pytest.raises(CitationForged):
        check(written(("Apixaban is stopped 48 h before surgery.", (1,))), BOTH[:1], "marked")
