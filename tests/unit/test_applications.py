"""What programs may do on an open desk: by policy at every call, logged, and never the person's
conversations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from appliance.api.errors import TokenUnusable
from appliance.applications import Applications, Given
from appliance.cancellation import Cancellation
from appliance.desk import Desk, NotAllowed
from appliance.place import Place
from appliance.policy import Action
from appliance.values import Outcome, Question
from tests.contract.fakes import ANNA, NOON


@dataclass
class Room:
    """The part of a desk that programs need."""

    place: Place
    allowed: tuple[str, ...] = ("letters",)
    time: datetime = NOON
    notes: list[tuple[str, str]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    licensed: bool = True
    person = ANNA
    session = SimpleNamespace(person_key=lambda _: bytes(range(32)))

    def __post_init__(self) -> None:
        self.log = SimpleNamespace(
            time=NOON, latest_value=self._latest, note_value=self._note_value
        )
        self.ledger = SimpleNamespace(log=self.log, note=self._note)

    @property
    def seat(self) -> SimpleNamespace:
        standing = SimpleNamespace(has=lambda feature: self.licensed and feature == "api")
        return SimpleNamespace(standing=lambda: standing)

    def now(self) -> datetime:
        return self.time

    def require(self, action: Action, resource: str = "") -> None:
        if action is not Action.USE_API or resource not in self.allowed:
            raise NotAllowed("No.")

    require_confirmed = require

    def require_usable(self, collections: tuple[str, ...]) -> None:
        """All are."""

    def _note(self, action: str, *, object: str = "", **_: object) -> int:
        self.notes.append((action, object))
        return 0

    def _latest(self, kind: str, identity: str) -> int | None:
        return self.numbers.get(f"{kind}/{identity}")

    def _note_value(self, kind: str, identity: str, value: int) -> int:
        self.numbers[f"{kind}/{identity}"] = value
        return 0


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(Place(tmp_path))


def programs(room: Room) -> Applications:
    return Applications(cast(Desk, room), Cancellation())


def test_making_and_revoking_are_logged_before_and_after(room: Room) -> None:
    applications = programs(room)
    made, text = applications.create("letters", "Letters.", days=1)
    applications.revoke(made.id)
    assert room.notes == [
        ("token.creating", "letters"),
        ("token.created", made.label),
        ("token.revoking", made.id),
        ("token.revoked", made.label),
    ]
    assert room.numbers == {f"api-tokens/{ANNA.id}": 2}
    with pytest.raises(TokenUnusable):
        programs(room).token(text)


def test_a_program_the_policy_does_not_allow_gets_no_token_and_one_it_does_is_admitted(
    room: Room,
) -> None:
    applications = programs(room)
    with pytest.raises(NotAllowed):
        applications.create("lists", "Lists.", days=1)
    assert room.notes == []
    made, _ = applications.create("letters", "Letters.", days=1)
    applications.admit(made)
    room.allowed = ()
    with pytest.raises(NotAllowed):
        applications.admit(made)
    applications.revoke(made.id)  # that, nobody needs to allow


def test_it_serves_only_where_some_program_may_ask(room: Room) -> None:
    applications = programs(room)
    with pytest.raises(NotAllowed):
        applications.require_servable()
    room.allowed = ("letters", "lists")
    applications.create("letters", "Letters.", days=1)
    applications.create("lists", "Lists.", days=1)
    for allowed in (("letters",), ("lists",)):
        room.allowed = allowed
        applications.require_servable()
    room.allowed = ()
    with pytest.raises(NotAllowed):
        applications.require_servable()


def test_a_licence_without_the_api_lets_no_program_ask_and_none_be_served(room: Room) -> None:
    applications = programs(room)
    made, _ = applications.create("letters", "Letters.", days=1)
    room.licensed = False
    with pytest.raises(NotAllowed, match="licence"):
        applications.admit(made)
    with pytest.raises(NotAllowed, match="licence"):
        applications.require_servable()
    assert room.notes[-2:] == [("action.denied", ""), ("action.denied", "")]


def test_a_clock_that_was_set_back_revives_no_token(room: Room) -> None:
    applications = programs(room)
    _, text = applications.create("letters", "Letters.", days=1)
    room.log.time = NOON + timedelta(days=2)  # the log has seen that day
    room.time = NOON + timedelta(minutes=1)
    with pytest.raises(TokenUnusable):
        applications.token(text)


def test_a_new_list_ends_every_token(room: Room) -> None:
    applications = programs(room)
    _, text = applications.create("letters", "Letters.", days=1)
    room.numbers[f"api-tokens/{ANNA.id}"] = 9  # the list on the disk is an older one
    fresh = programs(room)
    fresh.revoke_all()
    assert fresh.tokens() == ()
    assert room.numbers == {f"api-tokens/{ANNA.id}": 10}
    with pytest.raises(TokenUnusable):
        fresh.token(text)


def test_what_a_program_says_came_before_is_context_and_nothing_is_kept() -> None:
    asked = Question("q", "And?", ANNA, NOON, application="letters/1", before=("A?", "B.", "C?"))
    given = Given(asked)
    (turn,) = given.earlier("any")
    assert turn.outcome is Outcome.ANSWERED
    assert turn.question == "A?"
    assert turn.answer is not None
    assert [(one.text, one.supported) for one in turn.answer.sentences] == [("B.", False)]
