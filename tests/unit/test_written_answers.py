"""The main path where an answer is written: streamed, checked, logged, stopped and broken off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from appliance.assistant import Parts, ask
from appliance.errors import EngineFailed
from appliance.values import (
    Answered,
    AnswerMode,
    Cancelled,
    Event,
    Failed,
    Found,
    Obligations,
    Opened,
    Outcome,
    Token,
)
from tests.contract.fakes import (
    AnySeat,
    ListFinder,
    MemoryAudit,
    MemoryHistory,
    PlainWriter,
    RolePolicy,
    TickingClock,
    question,
)

TEXTS = ("Give apixaban 5 mg twice daily.", "Wash your hands before each contact.")
ASKED = "What dose of apixaban is given twice daily?"
SAID = (
    "Give apixaban 5 mg twice daily [1]. Give warfarin 50 mg as well [1]. "
    "Wash your hands before each contact [2]."
)
RIGHT = list(TEXTS)
WRONG = "Give warfarin 50 mg as well."


class Bench:
    def __init__(self, rule: str = "required") -> None:
        self.policy = RolePolicy(obligations=Obligations(mode=AnswerMode.GENERATE, cite=rule))
        self.audit = MemoryAudit()
        self.writer = PlainWriter(SAID)
        self.history = MemoryHistory()
        self.parts = Parts(
            self.policy, self.audit, ListFinder(TEXTS), self.writer, self.history, TickingClock(),
            AnySeat(),
        )  # fmt: skip

    def run(self, cancelled: Callable[[], bool] = lambda: False, text: str = ASKED) -> list[Event]:
        return list(ask(question(text), self.parts, cancelled))

    @property
    def outcomes(self) -> list[str]:
        return [outcome for action, _, outcome in self.audit.records if action == "ask.closed"]


@pytest.fixture(params=["required", "marked"])
def bench(request: pytest.FixtureRequest) -> Bench:
    rule: str = request.param
    return Bench(rule)


def shown(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def answered(events: list[Event]) -> Answered:
    last = events[-1]
    assert isinstance(last, Answered)
    return last


def test_an_answer_is_written_checked_logged_and_remembered(bench: Bench) -> None:
    last = answered(bench.run())
    assert last.answer.mode is AnswerMode.GENERATE
    assert last.answer.model == "plain"
    assert [s.text for s in last.answer.sentences if s.supported] == RIGHT
    assert last.answer.evidence >= last.answer.threshold
    assert bench.outcomes == ["answered"]
    assert bench.audit.answers[0] is not None
    assert bench.history.turns[0][1].answer == last.answer


def test_required_releases_only_sentences_that_passed_the_check() -> None:
    events = Bench("required").run()
    tokens = [event.text.strip() for event in events if isinstance(event, Token)]
    assert tokens == RIGHT
    assert WRONG not in str(answered(events).answer)


def test_marked_streams_as_it_comes_and_marks_what_nothing_supports() -> None:
    events = Bench("marked").run()
    assert WRONG in shown(events)
    assert "[" not in shown(events)
    doubted = [s.text for s in answered(events).answer.sentences if not s.supported]
    assert doubted == [WRONG]


def test_nothing_is_shown_before_the_opening_record_and_it_comes_while_it_is_written(
    bench: Bench,
) -> None:
    open_while_shown = []
    for event in ask(question(ASKED), bench.parts, lambda: False):
        if isinstance(event, Token):
            open_while_shown.append(bench.audit.records == [("ask.opened", "q1", "")])
    assert open_while_shown
    assert all(open_while_shown)


def test_a_policy_that_allows_quotes_only_gets_quotes(bench: Bench) -> None:
    bench.policy.obligations = Obligations(mode=AnswerMode.QUOTE)
    assert answered(bench.run()).answer.mode is AnswerMode.QUOTE


def test_what_was_written_and_does_not_stand_gives_way_to_a_quote(bench: Bench) -> None:
    bench.writer.said = f"{WRONG} [1] Ask somebody else."
    events = bench.run()
    last = answered(events)
    assert last.answer.mode is AnswerMode.QUOTE
    assert last.answer.citations[0].quote == TEXTS[0]
    assert all(sentence.supported for sentence in last.answer.sentences)


def test_what_was_shown_before_the_quote_is_logged_with_it_and_supported_by_nothing() -> None:
    bench = Bench("marked")
    bench.writer.said = WRONG
    events = bench.run()
    assert WRONG in shown(events)
    logged = bench.audit.answers[0]
    assert logged is not None
    assert [(s.text, s.supported) for s in logged.sentences] == [(TEXTS[0], True), (WRONG, False)]
    assert WRONG not in str(answered(events).answer)
    assert bench.history.turns[0][1].answer == answered(events).answer


def test_what_does_not_stand_and_cannot_be_quoted_is_not_in_your_documents(bench: Bench) -> None:
    bench.writer.said = f"{WRONG} [1]"
    unknown = answered(bench.run(text="Who chairs the parking committee?"))
    assert not unknown.answer.found


def test_a_model_that_declines_leaves_it_to_quoting(bench: Bench) -> None:
    bench.writer.said = "Not in the documents."
    assert answered(bench.run()).answer.mode is AnswerMode.QUOTE
    bench.audit.records.clear()
    unknown = answered(bench.run(text="Who chairs the parking committee?"))
    assert not unknown.answer.found


def test_a_model_that_cannot_be_started_leaves_it_to_quoting(bench: Bench) -> None:
    bench.writer.cannot = True
    events = bench.run()
    answer = answered(events).answer
    assert (answer.mode, answer.found) == (AnswerMode.QUOTE, True)
    assert bench.outcomes == ["answered"]


def test_an_engine_that_dies_in_the_middle_closes_as_failed_with_what_was_shown(
    bench: Bench,
) -> None:
    bench.writer.dies_after = 9
    events = bench.run()
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.code == EngineFailed.code
    assert last.record >= 0
    assert bench.outcomes == ["failed"]
    logged = bench.audit.answers[0]
    assert logged is not None
    assert [s.text for s in logged.sentences] == [shown(events)]
    assert not logged.sentences[0].supported
    assert bench.history.turns[0][1].outcome is Outcome.FAILED
    assert bench.history.turns[0][1].answer is None


def test_stopping_takes_effect_within_a_token_and_closes_as_cancelled(bench: Bench) -> None:
    events: list[Event] = []

    def stopped() -> bool:
        return any(isinstance(event, Token) for event in events)

    for event in ask(question(ASKED), bench.parts, stopped):
        events.append(event)
    assert len([event for event in events if isinstance(event, Token)]) == 1
    assert isinstance(events[-1], Cancelled)
    assert bench.outcomes == ["cancelled"]
    assert bench.writer.closed
    logged = bench.audit.answers[0]
    assert logged is not None
    assert logged.sentences[0].text == shown(events)


@pytest.mark.parametrize("steps", range(1, 12))
def test_walking_away_leaves_one_record_and_ends_the_writing(bench: Bench, steps: int) -> None:
    events = ask(question(ASKED), bench.parts, lambda: False)
    seen = [event for _, event in zip(range(steps), events, strict=False)]
    events.close()  # a generator, seen as an Iterator
    assert len(bench.outcomes) == 1
    if any(isinstance(event, Token) for event in seen):
        assert bench.writer.closed
        assert bench.audit.answers[0] is not None


def test_a_log_that_breaks_while_it_is_written_leaves_no_answer(bench: Bench) -> None:
    events: list[Event] = []
    for event in ask(question(ASKED), bench.parts, lambda: False):
        events.append(event)
        if isinstance(event, Found):
            bench.audit.broken = True
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.record == -1  # what was shown must not stay
    assert not any(isinstance(event, Answered) for event in events)


def test_the_writer_knows_this_conversation_and_no_other(bench: Bench) -> None:
    bench.run()
    bench.history.turns.append(("another", bench.history.turns[0][1]))
    bench.audit.records.clear()
    bench.run()
    assert [turn.question for turn in bench.writer.earlier] == [ASKED]


@pytest.mark.parametrize(("rule", "bound"), [("evidence", True), ("free", False)])
def test_what_is_written_is_bound_to_the_evidence_where_the_policy_says_so(
    bench: Bench, rule: str, bound: bool
) -> None:
    bench.policy.obligations = replace(bench.policy.obligations, answer=rule)
    bench.run()
    assert bench.writer.bound is bound


def test_nothing_found_is_not_written_about(bench: Bench) -> None:
    bench.parts = replace(bench.parts, finder=ListFinder(()))
    events = bench.run()
    assert not answered(events).answer.found
    assert shown(events) == ""


def test_a_bug_in_the_writer_leaks_no_text(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> list[str]:
        raise ZeroDivisionError("secret document text")

    monkeypatch.setattr(bench.writer, "generate", broken)
    events = bench.run()
    assert isinstance(events[0], Opened)
    assert isinstance(events[-1], Failed)
    assert "secret" not in events[-1].sentence
