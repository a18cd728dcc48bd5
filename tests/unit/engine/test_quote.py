"""Quote mode: the sentences that answer, word for word; nothing where nothing answers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import citations
from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting.evidence import MAX_PASSAGES, read_closely
from appliance.engine.quoting.words import Rarity
from appliance.values import Answer, AnswerMode, Passage
from tests.unit.engine.passages import found, passage

LIBRARY = (
    passage(
        "Enoxaparin is stopped 24 hours before surgery when the dose is therapeutic. It is given "
        "again 48 hours after surgery if the wound is dry. The anaesthetist is told of every dose "
        "given on the day of surgery.",
        key=1, title="Perioperative anticoagulants", headings=("Low molecular weight heparin",),
    ),
    passage(
        "Each unit of red cells is checked at the bedside by two nurses. The transfusion begins "
        "within 30 minutes of leaving the refrigerator and ends within four hours.",
        key=2, title="Blood transfusion", headings=("At the bedside",),
    ),
    passage(
        "Signs of a transfusion reaction include: - fever - chills - pain in the back - dark "
        "urine. Stop the transfusion at once and call the doctor.",
        key=3, title="Blood transfusion", headings=("Reactions",),
    ),
    passage(
        "Visitors come between 14:00 and 20:00. Children under 12 come with an adult. Flowers are "
        "not allowed in intensive care.",
        key=4, title="House rules", headings=("Visiting hours",),
    ),
    passage(
        "Antibiotics are given within one hour when sepsis is suspected. Blood cultures are taken "
        "first, but the antibiotic does not wait for them.",
        key=5, title="Adult sepsis pathway", headings=("First hour",),
    ),
)  # fmt: skip


def ask(engine: EngineHost, question: str, library: tuple[Passage, ...] = LIBRARY) -> Answer:
    return engine.quote(question, found(question, library, engine))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When is enoxaparin stopped before surgery?", "24 hours before surgery"),
        ("How soon must antibiotics be given in sepsis?", "within one hour"),
        ("Who checks a unit of red cells at the bedside?", "two nurses"),
        ("What are the visiting hours?", "14:00 and 20:00"),
        ("What are the signs of a transfusion reaction?", "fever"),
        ("Are flowers allowed in intensive care?", "not allowed in intensive care"),
    ],
)
def test_the_sentence_that_answers_is_quoted(engine: EngineHost, question: str, words: str) -> None:
    answer = ask(engine, question)
    assert any(words in sentence.text for sentence in answer.sentences)
    assert answer.evidence >= answer.threshold


@pytest.mark.parametrize(
    "question",
    [
        "What is the dose of warfarin?",
        "What is the dose of methotrexate in rheumatoid arthritis?",
        "How is a wire transfer approved?",
        "When was the Battle of Waterloo?",
        "Who is the chief executive?",
        "What does policy HR-4471 say about parking?",
        "How many beds does the hospital have?",
        "What is the capital of Australia?",
        "asdf qwer zxcv",
        "?",
    ],
)
def test_what_is_not_in_the_documents_is_refused(engine: EngineHost, question: str) -> None:
    answer = ask(engine, question)
    assert not answer.found
    assert answer.citations == ()
    assert answer.evidence < answer.threshold


def test_an_empty_library_answers_nothing(engine: EngineHost) -> None:
    answer = ask(engine, "What are the visiting hours?", ())
    assert not answer.found
    assert answer.evidence == 0
    assert answer.model == engine.reader
    assert answer.mode is AnswerMode.QUOTE


def test_every_sentence_stands_in_its_citation(engine: EngineHost) -> None:
    for question in ("What are the signs of a transfusion reaction?", "When do visitors come?"):
        passages = found(question, LIBRARY, engine)
        answer = engine.quote(question, passages)
        assert answer.found
        assert citations.check(answer, passages, "required").sentences == answer.sentences
        assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))


def test_a_sentence_that_points_back_brings_the_one_before(engine: EngineHost) -> None:
    answer = ask(engine, "How long after surgery is enoxaparin given again?")
    texts = [sentence.text for sentence in answer.sentences]
    again = next(n for n, text in enumerate(texts) if text.startswith("It is given again"))
    assert texts[again - 1].startswith("Enoxaparin is stopped")


def test_the_same_sentence_twice_is_quoted_once(engine: EngineHost) -> None:
    twin = passage(LIBRARY[3].text, key=9, title="House rules", headings=("Visiting hours",))
    answer = ask(engine, "What are the visiting hours?", (*LIBRARY, twin))
    texts = [sentence.text for sentence in answer.sentences]
    assert texts.count("Visitors come between 14:00 and 20:00.") == 1


def test_the_same_question_gets_the_same_answer(engine: EngineHost) -> None:
    assert ask(engine, "What are the visiting hours?") == ask(
        engine, "What are the visiting hours?"
    )


def test_what_is_read_closely_is_bounded(rarity: Rarity, engine: EngineHost) -> None:
    long = tuple(passage("The dose is five. " * 200, key=n) for n in range(20))
    read = read_closely("What is the dose?", found("What is the dose?", long, engine), rarity)
    assert len(read.found) == MAX_PASSAGES
    assert {near.unit.place for near in read.near} == set(range(MAX_PASSAGES))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=st.text(max_size=80), text=st.text(max_size=300))
def test_any_question_over_any_text_is_quoted_verbatim_or_refused(
    engine: EngineHost, question: str, text: str
) -> None:
    passages = found(question, (passage(text),), engine)
    answer = engine.quote(question, passages)
    assert citations.check(answer, passages, "required").sentences == answer.sentences
