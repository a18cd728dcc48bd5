"""The main path keeps its promises whatever the parts do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from appliance.assistant import QUESTION_LIMIT, Parts, ask
from appliance.errors import EngineFailed, LogUnwritable, QuestionUnusable, StorageFull
from appliance.protocols import Unseated
from appliance.values import (
    Answer,
    Answered,
    Cancelled,
    Event,
    Failed,
    Found,
    Obligations,
    Opened,
    Outcome,
    Person,
    Question,
    Refused,
    Role,
    Scored,
    Token,
)
from tests.contract.fakes import (
    AnySeat,
    BagEncoder,
    ListFinder,
    MemoryAudit,
    MemoryHistory,
    RolePolicy,
    TickingClock,
    question,
)

TEXTS = ("Give apixaban 5 mg twice daily.", "Wash your hands before each contact.")


class Bench:
    """One set of parts with handles to look at them."""

    def __init__(self) -> None:
        self.policy = RolePolicy()
        self.audit = MemoryAudit()
        self.encoder = BagEncoder()
        self.history = MemoryHistory()
        self.parts = Parts(
            self.policy, self.audit, ListFinder(TEXTS), self.encoder, self.history, TickingClock(),
            AnySeat(),
        )  # fmt: skip

    def run(self, text: str, cancelled: Callable[[], bool] = lambda: False) -> list[Event]:
        return list(ask(question(text), self.parts, cancelled))

    @property
    def outcomes(self) -> list[str]:
        return [outcome for action, _, outcome in self.audit.records if action == "ask.closed"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_answer_is_cited_logged_and_remembered(bench: Bench) -> None:
    events = bench.run("What dose of apixaban is given twice daily?")
    assert isinstance(events[0], Opened)
    last = events[-1]
    assert isinstance(last, Answered)
    assert last.answer.citations[0].quote == TEXTS[0]
    assert last.answer.seconds > 0
    assert bench.outcomes == ["answered"]
    assert bench.history.turns[0][1].outcome is Outcome.ANSWERED


def test_no_character_of_an_answer_comes_before_its_closing_record(bench: Bench) -> None:
    for event in ask(question("apixaban dose twice daily"), bench.parts, lambda: False):
        if isinstance(event, Token):
            assert bench.outcomes == ["answered"]


def test_what_no_passage_says_is_answered_as_not_found(bench: Bench) -> None:
    last = bench.run("Who chairs the parking committee?")[-1]
    assert isinstance(last, Answered)
    assert not last.answer.found
    assert bench.outcomes == ["answered"]


def test_a_refusal_is_logged_and_nothing_is_searched(bench: Bench) -> None:
    events = bench.run("How do I delete the log?")
    assert isinstance(events[-1], Refused)
    assert not any(isinstance(event, Found) for event in events)
    assert bench.outcomes == ["refused"]


def test_somebody_without_a_role_is_refused(bench: Bench) -> None:
    stranger = Person("p-x", "X", (Role.ADMINISTRATOR,))
    events = list(ask(question("apixaban", person=stranger), bench.parts, lambda: False))
    assert isinstance(events[-1], Refused)


def test_without_an_opening_record_nothing_is_shown(bench: Bench) -> None:
    bench.audit.broken = True
    events = bench.run("apixaban dose twice daily")
    assert [type(event) for event in events] == [Failed]
    assert isinstance(events[0], Failed)
    assert events[0].code == LogUnwritable.code
    assert bench.history.turns == []


def test_without_a_closing_record_there_is_no_answer(bench: Bench) -> None:
    events = []
    for event in ask(question("apixaban dose twice daily"), bench.parts, lambda: False):
        events.append(event)
        if isinstance(event, Found):
            bench.audit.broken = True
    assert isinstance(events[-1], Failed)
    assert not any(isinstance(event, (Token, Answered)) for event in events)


def test_an_answer_that_cannot_be_sealed_is_closed_as_failed_and_not_shown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = bench.audit.close_ask

    def sealing(asked: Question, outcome: Outcome, answer: Answer | None, code: str = "") -> int:
        if answer is not None:
            raise StorageFull("The answer was not sealed.")
        return close(asked, outcome, answer, code)

    monkeypatch.setattr(bench.audit, "close_ask", sealing)
    events = bench.run("apixaban dose twice daily")
    assert isinstance(events[-1], Failed)
    assert events[-1].code == StorageFull.code
    assert bench.outcomes == ["failed"]
    assert not any(isinstance(event, (Token, Answered)) for event in events)


@pytest.mark.parametrize("stop_at", range(7))
def test_stopping_at_any_step_closes_as_cancelled(bench: Bench, stop_at: int) -> None:
    calls = iter(range(100))
    events = bench.run("apixaban dose twice daily", lambda: next(calls) >= stop_at)
    if stop_at < 5:
        assert isinstance(events[-1], Cancelled)
        assert bench.outcomes == ["cancelled"]
    else:
        assert bench.outcomes == ["answered"]


@pytest.mark.parametrize("steps", range(1, 7))
def test_walking_away_at_any_event_leaves_exactly_one_closing_record(
    bench: Bench, steps: int
) -> None:
    events = ask(question("apixaban dose twice daily"), bench.parts, lambda: False)
    for _ in range(steps):
        next(events, None)
    events.close()  # a generator, seen as an Iterator
    assert len(bench.outcomes) == 1


def test_an_engine_that_fails_ends_the_ask_as_failed_and_the_next_works(bench: Bench) -> None:
    bench.encoder.failure = EngineFailed("The engine stopped.")
    last = bench.run("apixaban dose twice daily")[-1]
    assert isinstance(last, Failed)
    assert last.code == EngineFailed.code
    bench.encoder.failure = None
    bench.audit.records.clear()
    assert isinstance(bench.run("apixaban dose twice daily")[-1], Answered)


def test_a_bug_inside_is_closed_as_failed_and_leaks_no_text(bench: Bench) -> None:
    bench.encoder.failure = ZeroDivisionError("secret document text")
    last = bench.run("apixaban dose twice daily")[-1]
    assert isinstance(last, Failed)
    assert "secret" not in last.sentence
    assert bench.outcomes == ["failed"]


def test_a_conversation_that_cannot_be_saved_does_not_take_the_answer_away(bench: Bench) -> None:
    bench.history.failure = StorageFull("The disk is full.")
    last = bench.run("apixaban dose twice daily")[-1]
    assert isinstance(last, Answered)
    assert "disk is full" in last.warning


@pytest.mark.parametrize("text", ["", "   \n", "\u2003"])
def test_an_empty_question_is_turned_back_before_anything_is_opened(
    bench: Bench, text: str
) -> None:
    with pytest.raises(QuestionUnusable, match="empty"):
        bench.run(text)
    assert bench.audit.records == []


def test_a_question_of_100000_characters_is_turned_back_with_its_length(bench: Bench) -> None:
    with pytest.raises(QuestionUnusable, match="100,000"):
        bench.run("x" * 100_000)
    bench.run("apixaban " + "x" * (QUESTION_LIMIT - 9))


def test_a_reason_is_demanded_where_the_policy_asks_for_one(bench: Bench) -> None:
    bench.policy.obligations = Obligations(reason_required=True)
    last = bench.run("apixaban dose twice daily")[-1]
    assert isinstance(last, Refused)
    assert "reason" in last.sentence
    given = question("apixaban dose twice daily", reason="ward round")
    bench.audit.records.clear()
    assert isinstance(list(ask(given, bench.parts, lambda: False))[-1], Answered)


def test_an_obligation_that_cannot_be_met_refuses(bench: Bench) -> None:
    bench.policy.obligations = Obligations(redact=True)
    last = bench.run("apixaban dose twice daily")[-1]
    assert isinstance(last, Refused)
    assert bench.outcomes == ["refused"]


def test_an_engine_that_cites_what_was_not_found_is_not_shown(bench: Bench) -> None:
    elsewhere = ListFinder(("Give apixaban 50 mg twice daily.",))

    class Forger(BagEncoder):
        def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
            vector = self.encode([question])
            return super().quote(question, elsewhere.find(question, vector, (), 5))

    bench.parts = replace(bench.parts, answerer=Forger())
    last = bench.run("dose of apixaban twice daily")[-1]
    assert isinstance(last, Failed)
    assert last.code == "citation_forged"


class Unlicensed:
    """A seat that answers nothing new."""

    def refusal(self) -> Unseated:
        return Unseated("term_over", "The licence ended.", "Install the next one.")


def test_a_seat_that_answers_nothing_new_refuses_in_words_logged_and_unsearched(
    bench: Bench,
) -> None:
    bench.parts = replace(bench.parts, seat=Unlicensed())
    events = bench.run("What dose of apixaban is given twice daily?")
    assert isinstance(events[0], Opened)
    last = events[-1]
    assert isinstance(last, Refused)
    assert (last.sentence, last.hint) == ("The licence ended.", "Install the next one.")
    assert not any(isinstance(event, (Found, Token)) for event in events)
    assert bench.outcomes == ["refused"]
    assert bench.history.turns[0][1].note == "The licence ended."


def test_what_the_policy_refuses_is_refused_for_that_whatever_the_seat(bench: Bench) -> None:
    bench.parts = replace(bench.parts, seat=Unlicensed())
    last = bench.run("How do I delete the log?")[-1]
    assert isinstance(last, Refused)
    assert last.sentence != "The licence ended."
