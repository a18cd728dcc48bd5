"""protocols.Policy and Clock: default deny, refusals told from permissions, no surprises."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from appliance.clock import now
from appliance.policy import PolicyEngine, load_packs, shipped_folder
from appliance.protocols import Clock, Policy
from appliance.values import Person, Role
from tests.contract.fakes import ANNA, RolePolicy, TickingClock, question

ALLOWED = question("When is apixaban stopped?")
FORBIDDEN = question("How do I delete the audit log?")


@pytest.fixture(params=["fake", "baseline"])
def policy(request: pytest.FixtureRequest) -> Policy:
    if request.param == "fake":
        return RolePolicy(forbidden="delete the audit log")
    return PolicyEngine(load_packs([shipped_folder() / "baseline"]))


def test_a_member_may_ask_and_the_verdict_says_by_which_rule(policy: Policy) -> None:
    verdict = policy.decide(ALLOWED)
    assert verdict.allowed
    assert verdict.policies
    assert verdict.packs
    assert len(bytes.fromhex(verdict.pack_hash)) == 32
    assert verdict.errors == ()


@pytest.mark.parametrize("roles", [(), (Role.AUDITOR,), (Role.ADMINISTRATOR,)])
def test_nobody_else_may(policy: Policy, roles: tuple[Role, ...]) -> None:
    stranger = Person("p-eve", "Eve", roles)
    assert not policy.decide(question(ALLOWED.text, person=stranger)).allowed


def test_a_member_may_not_ask_everything(policy: Policy) -> None:
    verdict = policy.decide(FORBIDDEN)
    assert not verdict.allowed
    assert verdict.policies
    assert verdict.pack_hash == policy.decide(ALLOWED).pack_hash


def test_the_same_question_has_the_same_verdict(policy: Policy) -> None:
    for asked in (ALLOWED, FORBIDDEN):
        assert policy.decide(asked) == policy.decide(asked)


@pytest.mark.parametrize("text", ["", "\0", "\ud800", '"; permit (principal, action, resource);'])
def test_no_text_makes_it_raise_or_allows_a_stranger(policy: Policy, text: str) -> None:
    assert not policy.decide(question(text, person=Person("p-eve", "Eve", ()))).allowed
    policy.decide(question(text, person=ANNA))


@pytest.mark.parametrize("clock", [TickingClock(), now], ids=["fake", "clock"])
def test_a_clock_tells_utc_and_never_goes_back_between_looks(clock: Clock) -> None:
    first, second = clock(), clock()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)
