"""What programs may do on an open desk: by policy at every call, logged, and never the person's
conversations."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from appliance import assistant
from appliance.api.client import Caller
from appliance.api.errors import TokenRefused, TokensTampered, TokenUnknown, TokenUnusable
from appliance.api.limits import Limits
from appliance.api.tokens import AppToken
from appliance.applications import Applications, Given, tokens_file
from appliance.cancellation import Cancellation
from appliance.counting import Meter
from appliance.desk import Desk, NotAllowed
from appliance.engine.prompts.grounded import condensed
from appliance.place import Place
from appliance.policy import Action
from appliance.settings import Settings
from appliance.values import Outcome, Question, Scored, Vectors
from tests.contract.fakes import (
    ANNA,
    NOON,
    AnySeat,
    BagEncoder,
    MemoryAudit,
    MemoryHistory,
    RolePolicy,
    TickingClock,
)


class Glassed:
    """Some collections are open through broken glass."""

    def __init__(self, *behind: str) -> None:
        self.behind = behind

    def holds(self, collection: str) -> bool:
        return collection in self.behind


@dataclass
class Room:
    """The part of a desk that programs need."""

    place: Place
    allowed: tuple[str, ...] = ("letters",)
    time: datetime = NOON
    notes: list[tuple[str, str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    licensed: bool = True
    parts: assistant.Parts | None = None
    glass: Glassed = field(default_factory=Glassed)
    person = ANNA
    settings = Settings(serve_hours=2)
    meter = Meter()
    library = SimpleNamespace(open_collections=lambda: ("c1", "c2", "c3"))
    session = SimpleNamespace(person_key=lambda _: bytes(range(32)), vault_id="ab" * 16)

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

    def left_out(self, wanted: tuple[str, ...]) -> str:
        return ""

    def asking(self) -> assistant.Parts:
        assert self.parts is not None
        return self.parts

    def _note(self, action: str, *, object: str = "", code: str = "", **_: object) -> int:
        self.notes.append((action, object))
        self.codes.append(code)
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
    applications.revoke(made.id)
    assert len(room.notes) == 4
    assert room.numbers == {f"api-tokens/{ANNA.id}": 2}
    with pytest.raises(TokenUnusable):
        programs(room).token(text)


def test_a_token_of_before_a_restore_opens_nothing_though_its_list_is_put_back(room: Room) -> None:
    """It may have been revoked since the backup was made."""
    text = programs(room).create("letters", "Letters.", days=1)[1]
    listed = tokens_file(room.place.data, ANNA.id)
    before = listed.read_bytes()
    room.numbers[f"restored/{room.session.vault_id}"] = 1
    with pytest.raises(TokenUnusable):
        programs(room).token(text)
    assert room.notes[-1] == ("token.revoked", "*")
    fresh = programs(room).create("letters", "Letters.", days=1)[1]
    assert programs(room).token(fresh)  # once a restore, not at every log-in
    listed.write_bytes(before)
    room.numbers[f"api-tokens/{ANNA.id}"] = 1  # even if the counts were no hindrance
    with pytest.raises(TokensTampered):
        programs(room).token(text)


def test_a_program_the_policy_does_not_allow_gets_no_token_and_one_it_does_is_admitted(
    room: Room,
) -> None:
    applications = programs(room)
    with pytest.raises(NotAllowed):
        applications.create("lists", "Lists.", days=1)
    for name, purpose in (("Anna Smith", "Letters."), ("lists", "")):
        with pytest.raises(TokenRefused):
            applications.create(name, purpose, days=1)
    with pytest.raises(TokenUnknown):
        applications.revoke("Anna Smith")
    assert room.notes == []  # nothing that somebody typed is in the log
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


def test_serving_ends_by_itself_when_the_hours_are_over(room: Room, tmp_path: Path) -> None:
    seconds = [100.0]
    applications = Applications(cast(Desk, room), Cancellation(), ticking=lambda: seconds[0])
    _, text = applications.create("letters", "Letters.", days=1)
    asked: list[int] = []

    def ready() -> None:
        seconds[0] += 2 * 3_600 - 1
        thread.start()

    def call() -> None:
        caller = Caller(tmp_path / "api.sock", text)
        asked.append(caller.call("GET", "/v1/models").status)
        seconds[0] += 1

    thread = threading.Thread(target=call)
    applications.serve(limits=Limits(look_seconds=0.01), ready=ready)
    thread.join()
    assert asked == [200]
    assert room.notes[-3:] == [
        ("api.opened", ""),
        ("api.listed", room.notes[1][1]),
        ("api.closed", ""),
    ]
    assert room.codes[-1] == "hours_over"
    assert not (tmp_path / "api.sock").exists()


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
    told = len(room.notes)
    fresh.revoke_all(over="socket")
    assert len(room.notes) == told
    assert room.numbers == {f"api-tokens/{ANNA.id}": 10}
    with pytest.raises(TokenUnusable):
        fresh.token(text)


def reached(room: Room, token: AppToken, *wanted: str) -> tuple[str, ...]:
    """The collections that an ask of this program goes to."""
    found: list[tuple[str, ...]] = []

    class Finder:
        def find(
            self, question: str, vector: Vectors, collections: Sequence[str], limit: int
        ) -> tuple[Scored, ...]:
            found.append(tuple(collections))
            return ()

    encoder = BagEncoder()
    room.parts = assistant.Parts(
        RolePolicy(), MemoryAudit(), Finder(), encoder, MemoryHistory(), TickingClock(), AnySeat()
    )  # fmt: skip
    asked = programs(room).ask(
        token, "What?", collections=wanted, before=(), schema="", passages=3,
        cancelled=lambda: False,
    )  # fmt: skip
    list(asked)
    return found[0]


def test_what_is_behind_broken_glass_no_program_reads(room: Room) -> None:
    token, _ = programs(room).create("letters", "Letters.", days=1)
    assert reached(room, token) == ()
    room.glass = Glassed("c2")
    assert reached(room, token) == ("c1", "c3")
    assert reached(room, token, "c1") == ("c1",)
    for wanted in (("c2",), ("c1", "c2")):
        with pytest.raises(NotAllowed):
            reached(room, token, *wanted)
    room.glass = Glassed("c1", "c2", "c3")
    with pytest.raises(NotAllowed):
        reached(room, token)


def test_what_a_program_says_came_before_is_context_and_nothing_is_kept() -> None:
    asked = Question("q", "And?", ANNA, NOON, application="letters/1", before=("A?", "B.", "C?"))
    given = Given(asked)
    (turn,) = given.earlier("any")
    assert turn.outcome is Outcome.ANSWERED
    assert turn.question == "A?"
    assert turn.answer is not None
    assert [(one.text, one.supported) for one in turn.answer.sentences] == [("B.", False)]
    messages = condensed(given.earlier("any"), 1_000, lambda texts: [len(text) for text in texts])
    assert [message.text for message in messages] == ["Question: A?", "Not in the documents."]
