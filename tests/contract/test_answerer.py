"""protocols.Encoder and Answerer: unit vectors that know likeness; quotes word for word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.engine.errors import MemoryShort
from appliance.errors import CannotWrite, EngineFailed
from appliance.protocols import Answerer
from appliance.values import VECTOR_SIZE, Answer, AnswerMode, AnswerSentence, Scored
from tests.chat_engine import command
from tests.contract.fakes import BagEncoder, PlainWriter, ScriptedHost, passage

DOSE = "Apixaban is stopped 48 hours before surgery."
TEXTS = (
    f"Ask about every tablet. {DOSE} It is given again the day after.",
    "Visitors come between two and eight in the afternoon.",
    "Two nurses check each unit of red cells at the bedside.",
)
QUESTION = "How long before surgery is apixaban stopped?"
ELSEWHERE = "Which gate does the ferry to Reykjavik leave from?"


@pytest.fixture(params=["fake", "host"])
def answerer(request: pytest.FixtureRequest) -> Answerer:
    if request.param == "fake":
        return BagEncoder()
    host: EngineHost = request.getfixturevalue("engine")
    return Answering(host, None)


@pytest.fixture(params=["fake", "part"])
def writer(request: pytest.FixtureRequest) -> Answerer:
    """One that writes DOSE with its citation."""
    said = f"{DOSE[:-1]} [1]. It is in the box [1]."
    if request.param == "fake":
        return PlainWriter(said)
    return Answering(BagEncoder(), ScriptedHost(said))


@pytest.fixture(params=["fake", "host"])
def failing(request: pytest.FixtureRequest) -> Iterator[Answerer]:
    """One whose encoder dies."""
    if request.param == "fake":
        fake = BagEncoder()
        fake.failure = EngineFailed("The engine ended.")
        yield fake
        return
    host = EngineHost(default_encoder_folder(), command=("/bin/false",))
    yield Answering(host, None)
    host.close()


def found(answerer: Answerer, question: str) -> tuple[Scored, ...]:
    """As search hands them over, by cosine alone, and the answerer ranks them."""
    passages = [passage(number, text) for number, text in enumerate(TEXTS)]
    first = TEXTS[0].index(DOSE)
    cuts = ((0, first - 1), (first, first + len(DOSE)), (first + len(DOSE) + 1, len(TEXTS[0])))
    passages[0] = replace(passages[0], sentences=cuts)
    rows = answerer.encode([question, *TEXTS])
    near = [float(row @ rows[0]) for row in rows[1:]]
    order = sorted(range(len(TEXTS)), key=lambda at: -near[at])
    scored = tuple(
        Scored(passages[at], 1 / (60 + rank), near[at], rank, rank)
        for rank, at in enumerate(order, start=1)
    )
    return answerer.rank(question, scored)


def test_ranking_loses_no_passage_and_adds_none(answerer: Answerer) -> None:
    ranked = found(answerer, QUESTION)
    assert {scored.passage for scored in ranked} == {
        replace(scored.passage) for scored in found(answerer, ELSEWHERE)
    }
    assert len(ranked) == len(TEXTS)
    assert all(0 <= scored.relevance <= 1 for scored in ranked)
    assert ranked == found(answerer, QUESTION)
    assert answerer.rank(QUESTION, ()) == ()


def test_vectors_are_rows_of_length_one(answerer: Answerer) -> None:
    rows = answerer.encode(TEXTS)
    assert rows.shape == (3, VECTOR_SIZE)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    assert answerer.encode([]).shape == (0, VECTOR_SIZE)


@pytest.mark.parametrize("text", ["", " \n", "?!", "\0", "👩🏽‍⚕️", "x" * 20_000, "word " * 4_000])
def test_odd_texts_have_a_vector_of_length_one_too(answerer: Answerer, text: str) -> None:
    row = answerer.encode([text])
    assert np.isfinite(row).all()
    assert np.allclose(np.linalg.norm(row), 1, atol=1e-3)


def test_a_text_has_one_vector_whatever_stands_beside_it(answerer: Answerer) -> None:
    alone = np.concatenate([answerer.encode([text]) for text in TEXTS])
    assert np.allclose(answerer.encode(TEXTS), alone, atol=2e-3)


def test_what_answers_a_question_is_nearer_than_what_does_not(answerer: Answerer) -> None:
    rows = answerer.encode([QUESTION, *TEXTS])
    near = rows[1:] @ rows[0]
    assert near.argmax() == 0


def test_the_answer_is_quoted_word_for_word_and_cited(answerer: Answerer) -> None:
    answer = answerer.quote(QUESTION, found(answerer, QUESTION))
    assert answer.found
    assert DOSE in [sentence.text for sentence in answer.sentences]
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    cited = {citation.number: citation for citation in answer.citations}
    for sentence in answer.sentences:
        assert sentence.citations
        assert any(sentence.text in cited[number].quote for number in sentence.citations)
    assert 1 >= answer.evidence >= answer.threshold > 0
    assert answer.model


def test_what_is_not_there_is_not_answered_and_the_evidence_is_told(answerer: Answerer) -> None:
    answer = answerer.quote(ELSEWHERE, found(answerer, ELSEWHERE))
    assert not answer.found
    assert (answer.sentences, answer.citations) == ((), ())
    assert 0 <= answer.evidence < answer.threshold
    nothing = answerer.quote(QUESTION, ())
    assert not nothing.found
    assert nothing.evidence < nothing.threshold


def test_an_engine_that_dies_raises_with_a_next_step(failing: Answerer) -> None:
    with pytest.raises(EngineFailed) as raised:
        failing.encode(TEXTS)
    assert raised.value.next_step


def test_without_a_language_model_nothing_is_written_and_it_says_how_to_get_one(
    answerer: Answerer,
) -> None:
    assert not answerer.can_generate
    with pytest.raises(EngineFailed) as raised:
        list(answerer.generate(QUESTION, found(BagEncoder(), QUESTION), (), lambda: None))
    assert "cloister model install" in raised.value.next_step


def test_a_model_that_cannot_be_started_writes_nothing_and_is_not_asked_again() -> None:
    host = ScriptedHost(DOSE)
    host.failure = MemoryShort("The model needs about 5.0 GB of memory; 2.0 GB are free.")
    host.known = False  # its start is still under way
    answering = Answering(BagEncoder(), host)
    assert answering.can_generate
    with pytest.raises(CannotWrite, match=r"needs about 5\.0 GB") as raised:
        list(answering.generate(QUESTION, found(answering, QUESTION), (), lambda: None))
    assert raised.value.next_step == MemoryShort.hint
    host.known = True
    assert not answering.can_generate


def test_a_question_too_long_for_the_model_is_left_to_quoting() -> None:
    host = ScriptedHost(DOSE)
    host.context = 64
    answering = Answering(BagEncoder(), host)
    with pytest.raises(CannotWrite, match="too long for this model"):
        list(answering.generate(QUESTION, found(answering, QUESTION), (), lambda: None))


def test_a_prompt_that_the_host_finds_too_long_is_left_to_quoting() -> None:
    chat = ChatHost(Path("/none"), command=command("short-sighted"))
    answering = Answering(BagEncoder(), chat)
    with pytest.raises(CannotWrite, match="longer than the context") as raised:
        list(answering.generate(QUESTION, found(answering, QUESTION), (), lambda: None))
    assert raised.value.next_step == "Shorten it."
    chat.close()


def test_a_written_answer_comes_as_text_and_as_the_answer_so_far(writer: Answerer) -> None:
    assert writer.can_generate
    steps = list(writer.generate(QUESTION, found(writer, QUESTION), (), lambda: None))
    assert "".join(s for s in steps if isinstance(s, str)) == f"{DOSE} It is in the box."
    answers = [step for step in steps if isinstance(step, Answer)]
    assert answers[-1] is steps[-1]
    assert answers[-1].mode is AnswerMode.GENERATE
    assert answers[-1].model
    for before, after in pairwise(answers):
        assert after.sentences[: len(before.sentences)] == before.sentences
    assert [sentence.text for sentence in answers[-1].sentences] == [DOSE, "It is in the box."]
    assert answers[-1].citations[0].passage.text == TEXTS[0]


SCHEMA = '{"type": "object", "properties": {"hours": {"type": "string"}}}'
FORM = '{"hours": "48 hours"}'
SAID = Answer((AnswerSentence(DOSE, (1,)),), (), AnswerMode.GENERATE, "m", 1.0, 1.0)


@pytest.fixture(params=["fake", "part"])
def former(request: pytest.FixtureRequest) -> Answerer:
    """One that fills a form with FORM."""
    if request.param == "fake":
        fake = BagEncoder()
        fake.filled = FORM
        return fake
    return Answering(BagEncoder(), ScriptedHost(FORM))


def test_a_form_is_filled_until_it_is_given_up(former: Answerer) -> None:
    form, tokens = former.fill(QUESTION, SAID, SCHEMA, lambda: None)
    assert form == FORM
    assert tokens > 0

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        former.fill(QUESTION, SAID, SCHEMA, stop)


def test_a_form_is_bound_to_the_schema_and_to_the_answers_sentences() -> None:
    host = ScriptedHost(FORM)
    Answering(BagEncoder(), host).fill(QUESTION, SAID, SCHEMA, lambda: None)
    assert host.sampling.schema == SCHEMA
    assert host.sampling.evidence is not None
    assert host.sampling.evidence.texts == (DOSE,)
    assert all("[1]" not in message.text for message in host.asked[0])


def test_who_cannot_fill_a_form_says_so(answerer: Answerer) -> None:
    with pytest.raises(CannotWrite):
        answerer.fill(QUESTION, SAID, SCHEMA, lambda: None)
    composer = Answering(BagEncoder(), ScriptedHost(FORM), composes=True)
    with pytest.raises(CannotWrite, match="composer"):
        composer.fill(QUESTION, SAID, SCHEMA, lambda: None)


def test_how_much_was_written_is_told() -> None:
    told: list[tuple[int, float]] = []
    host = ScriptedHost(f"{DOSE[:-1]} [1].")
    answering = Answering(BagEncoder(), host, on_written=lambda *said: told.append(said))
    list(answering.generate(QUESTION, found(answering, QUESTION), (), lambda: None))
    assert [tokens for tokens, _ in told] == [8]
    assert told[0][1] >= 0


def test_what_go_on_raises_ends_the_writing_there(writer: Answerer) -> None:
    class Enough(Exception):
        pass

    calls = 0

    def go_on() -> None:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise Enough

    steps = writer.generate(QUESTION, found(writer, QUESTION), (), go_on)
    with pytest.raises(Enough):
        list(steps)
    assert calls == 5
