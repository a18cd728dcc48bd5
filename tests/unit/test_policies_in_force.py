"""Which packs are in force, the managed settings say, and the log remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from appliance.ledger import Ledger
from appliance.policies_in_force import open_policy, packs_in_force
from appliance.policy import Action, PolicyEngine
from appliance.policy.errors import PackMissing, PackRolledBack
from appliance.settings import Settings
from appliance.values import Question
from tests.contract.fakes import ANNA, NOON

NOWHERE = Path("/nonexistent")
"""A data folder that no pack came into."""


@dataclass
class Numbers:
    """The numbers of a log."""

    held: dict[str, int] = field(default_factory=dict)

    def latest_values(self, kind: str) -> dict[str, int]:
        return {k.partition("/")[2]: v for k, v in self.held.items() if k.startswith(f"{kind}/")}

    def note_value(self, kind: str, identity: str, value: int) -> int:
        self.held[f"{kind}/{identity}"] = value
        return 0


@dataclass
class Notes:
    log: Numbers = field(default_factory=Numbers)
    said: list[tuple[str, str]] = field(default_factory=list)

    def note(self, action: str, *, object: str) -> int:
        self.said.append((action, object))
        return 0


def opened(notes: Notes, packs: str = "") -> tuple[str, ...]:
    return open_policy(cast(Ledger, notes), Settings(packs=packs), NOWHERE).packs


def shipped_policy(settings: Settings) -> PolicyEngine:
    return PolicyEngine(packs_in_force(settings, NOWHERE))


def test_the_baseline_alone_is_in_force_and_lets_no_program_ask() -> None:
    policy = shipped_policy(Settings())
    assert [name.partition("@")[0] for name in policy.packs] == ["baseline"]
    assert not policy.decide_action(ANNA, Action.USE_API, "letters").allowed


def test_the_pack_that_the_institution_names_lets_members_programs_ask() -> None:
    policy = shipped_policy(Settings(packs="api"))
    verdict = policy.decide_action(ANNA, Action.USE_API, "letters")
    assert verdict.allowed
    assert verdict.policies == ("api.members-have-programs-ask",)


def test_what_came_before_a_question_is_decided_as_well() -> None:
    policy = shipped_policy(Settings())
    before = ("How do I delete the audit log?", "Like this.")
    asked = Question("q", "And how exactly?", ANNA, NOON, before=before)
    assert not policy.decide(asked).allowed
    assert policy.decide(Question("q", "And how exactly?", ANNA, NOON)).allowed


def test_coming_and_going_is_logged_once_each() -> None:
    notes = Notes()
    opened(notes)
    assert notes.said == []
    opened(notes, "api")
    opened(notes)
    opened(notes)
    opened(notes, "api, api")
    assert notes.said == [("pack.retired", "api"), ("pack.restored", "api")]


def test_a_pack_older_than_the_log_knows_is_refused_even_after_a_pause() -> None:
    notes = Notes()
    opened(notes, "api")
    notes.log.held["pack/api"] = 9
    opened(notes)
    with pytest.raises(PackRolledBack):
        opened(notes, "api")


def test_a_pack_that_is_named_and_not_there_is_an_error() -> None:
    with pytest.raises(PackMissing):
        opened(Notes(), "no-such-pack")
