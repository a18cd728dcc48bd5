"""A model that is tried: allowed by policy, opened before anything is shown, closed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from appliance.desk import Desk, NotAllowed
from appliance.engine.chat.client import ChatHost
from appliance.errors import EngineFailed, LogUnwritable, QuestionUnusable
from appliance.model_trial import Trial, TrialEnded, TrialOpened
from appliance.policy import Action
from appliance.protocols import Seat, Unseated
from appliance.values import Obligations, Outcome, Verdict
from tests.contract.fakes import AnySeat, ScriptedHost

ALLOWED = Verdict(allowed=True, obligations=Obligations(), policies=(), packs=(), pack_hash="")


@dataclass
class Notes:
    """The part of a ledger that a trial writes to; it can break."""

    records: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False

    def open_trial(self, trial: str, model: str, text: str, verdict: Verdict) -> int:
        return self._add("opened", model, text)

    def close_trial(
        self, trial: str, model: str, outcome: Outcome, answer: str, code: str = ""
    ) -> int:
        return self._add("closed", outcome.value, answer, code)

    def note(self, action: str, *, outcome: str, code: str) -> int:
        return self._add(action, outcome, code)

    def _add(self, *record: str) -> int:
        if self.broken:
            raise LogUnwritable("The log cannot be written.")
        self.records.append(record)
        return len(self.records) - 1


@dataclass
class Room:
    """The part of a desk that a trial needs."""

    ledger: Notes = field(default_factory=Notes)
    allowed: bool = True
    seat: Seat = field(default_factory=AnySeat)

    def require(self, action: Action, resource: str = "") -> Verdict:
        if not self.allowed or action is not Action.MANAGE_MODELS:
            raise NotAllowed("Only administrators try models.")
        return ALLOWED


def made(room: Room, host: ScriptedHost) -> Trial:
    return Trial(cast(Desk, room), cast(ChatHost, host), "scripted@1")


def never() -> bool:
    return False


def test_a_turn_is_opened_shown_and_closed() -> None:
    room, host = Room(), ScriptedHost("I am a model.")
    trial = made(room, host)
    steps = list(trial.say("Who are you?", never))
    assert steps[0] == TrialOpened(0)
    assert "".join(step for step in steps if isinstance(step, str)) == "I am a model."
    assert steps[-1] == TrialEnded(1, Outcome.ANSWERED, 4)
    assert room.ledger.records == [
        ("opened", "scripted@1", "Who are you?"),
        ("closed", "answered", "I am a model.", ""),
    ]


def test_it_knows_what_was_said_before_as_far_as_it_fits() -> None:
    host = ScriptedHost("I am a model.")
    trial = made(Room(), host)
    for text in ("Who are you?", "Since when?"):
        list(trial.say(text, never))
    assert [message.text for message in host.asked[-1]] == [
        "Who are you?",
        "I am a model.",
        "Since when?",
    ]
    host.context = 48
    list(trial.say("And why?", never))
    assert [message.text for message in host.asked[-1]][-1] == "And why?"
    assert len(host.asked[-1]) < 5


def test_nothing_is_asked_before_the_record_is_durable() -> None:
    room, host = Room(), ScriptedHost("No.")
    room.ledger.broken = True
    with pytest.raises(LogUnwritable):
        list(made(room, host).say("Who are you?", never))
    assert host.asked == []


def test_only_who_manages_models_may() -> None:
    room, host = Room(allowed=False), ScriptedHost("No.")
    with pytest.raises(NotAllowed):
        list(made(room, host).say("Who are you?", never))
    assert (room.ledger.records, host.asked) == ([], [])


class Expired:
    def refusal(self) -> Unseated | None:
        return Unseated("term_over", "The seat ended.", "Renew it.")


def test_where_the_seat_answers_nothing_new_no_model_writes_either() -> None:
    room, host = Room(seat=Expired()), ScriptedHost("No.")
    with pytest.raises(NotAllowed, match="The seat ended") as refused:
        list(made(room, host).say("Who are you?", never))
    assert refused.value.next_step == "Renew it."
    assert room.ledger.records == [("action.denied", "refused", "term_over")]
    assert host.asked == []


@pytest.mark.parametrize("text", ["", "  \n", "x" * 8_001])
def test_what_is_no_message_is_refused_unlogged(text: str) -> None:
    room = Room()
    with pytest.raises(QuestionUnusable):
        list(made(room, ScriptedHost("No.")).say(text, never))
    assert room.ledger.records == []


def test_walking_away_closes_with_what_was_shown() -> None:
    room = Room()
    steps = made(room, ScriptedHost("I am a model.")).say("Who are you?", never)
    assert [next(steps), next(steps)] == [TrialOpened(0), "I"]
    steps.close()  # type: ignore[attr-defined]
    assert room.ledger.records[-1] == ("closed", "cancelled", "I", "")


def test_stopping_is_said_and_closed() -> None:
    room = Room()
    steps: list[object] = []
    trial = made(room, ScriptedHost("I am a model."))
    for step in trial.say("Who are you?", lambda: len(steps) > 2):
        steps.append(step)
    assert steps[-1] == TrialEnded(1, Outcome.CANCELLED, 0)
    assert room.ledger.records[-1] == ("closed", "cancelled", "I am", "")


def test_a_host_that_fails_is_closed_as_failed_and_raised() -> None:
    room, host = Room(), ScriptedHost("No.")
    host.failure = EngineFailed("The model's process has stopped.")
    with pytest.raises(EngineFailed, match="has stopped"):
        list(made(room, host).say("Who are you?", never))
    assert room.ledger.records[-1] == ("closed", "failed", "", "engine_failed")
