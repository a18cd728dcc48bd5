"""Decisions: default deny, forbid wins, an error is a deny, obligations to the strictest."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.policy.engine import PolicyEngine
from appliance.policy.errors import PackUnusable
from appliance.policy.pack import load_packs, shipped_folder
from appliance.policy.vocabulary import SCHEMA, Action
from appliance.values import AnswerMode, Obligations, Person, Question, Role
from tests.unit.policy import packs

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
ASK = 'permit (principal, action == Action::"ask", resource)'
DENY = (
    '@sentence("Not so.") @hint("Do this.") forbid (principal, action == Action::"ask", resource)'
)


def question(text: str = "How?", *roles: Role, **more: object) -> Question:
    person = Person("p1", "Anna", roles or (Role.MEMBER,))
    return Question("q", text, person, NOW, **more)  # type: ignore[arg-type]


def engine(parent: Path, *cedar: str) -> PolicyEngine:
    return PolicyEngine(
        tuple(packs.made(parent, f"p{n}", cedar=text) for n, text in enumerate(cedar))
    )


@pytest.fixture(scope="module")
def baseline() -> PolicyEngine:
    return PolicyEngine(load_packs([shipped_folder() / "baseline"]))


def test_what_no_policy_allows_is_denied(tmp_path: Path) -> None:
    other = '@id("p0.a") permit (principal, action == Action::"read_log", resource);'
    verdict = engine(tmp_path, other).decide(question())
    assert not verdict.allowed
    assert verdict.policies == ()
    assert verdict.errors == ()
    assert verdict.sentence
    assert verdict.hint


def test_an_allowing_verdict_names_policies_packs_and_hash(tmp_path: Path) -> None:
    made = engine(tmp_path, f'@id("p0.a") {ASK}; @id("p0.b") {ASK};')
    verdict = made.decide(question())
    assert verdict.allowed
    assert verdict.policies == ("p0.a", "p0.b")
    assert verdict.packs == ("p0@1",) == made.packs
    assert len(verdict.pack_hash) == 64
    assert verdict.obligations == Obligations()


def test_forbid_wins_over_the_permit_of_another_pack(tmp_path: Path) -> None:
    verdict = engine(tmp_path, f'@id("p0.a") {ASK};', f'@id("p1.no") {DENY};').decide(question())
    assert not verdict.allowed
    assert verdict.policies == ("p1.no",)
    assert verdict.packs == ("p0@1", "p1@1")
    assert (verdict.sentence, verdict.hint) == ("Not so.", "Do this.")


@pytest.mark.parametrize(
    ("permits", "level"),
    [
        (f'@id("p0.a") @log("none") {ASK};', "none"),
        (f'@id("p0.a") @log("none") {ASK}; @id("p0.b") @log("question") {ASK};', "question"),
        (f'@id("p0.a") {ASK};', "full"),
        ("", "full"),
    ],
)
def test_of_a_refused_question_is_kept_what_the_permits_would_have_kept(
    tmp_path: Path, permits: str, level: str
) -> None:
    verdict = engine(tmp_path, f'{permits} @id("p0.no") {DENY};').decide(question())
    assert not verdict.allowed
    assert verdict.policies == ("p0.no",)
    assert verdict.obligations == Obligations(log=level)


def test_two_packs_demand_together(tmp_path: Path) -> None:
    verdict = engine(
        tmp_path,
        f'@id("p0.a") @mode("generate") @log("none") @retention_days("100") {ASK};',
        f'@id("p1.a") @redact("true") @reason("required") @log("question") {ASK};',
    ).decide(question())
    assert verdict.obligations == Obligations(
        mode=AnswerMode.GENERATE,
        log="question",
        cite="required",
        redact=True,
        reason_required=True,
        retention_days=100,
    )


def test_a_policy_that_errs_denies_though_cedar_said_allow(tmp_path: Path) -> None:
    """Cedar leaves an erring forbid out; 64-bit overflow is an error no schema foresees."""
    overflow = "when { context.length * 9223372036854775807 > 5 }"
    made = engine(tmp_path, f'@id("p0.a") {ASK}; @id("p0.no") {DENY} {overflow};')
    verdict = made.decide(question("long enough"))
    assert not verdict.allowed
    assert verdict.errors
    assert verdict.sentence


def test_a_missing_fact_denies_and_without_the_schema_it_would_have_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap of FINDINGS: a forbid on a fact that is not there is skipped."""
    forbid = f'@id("p0.no") {DENY} when {{ context.hour < 25 }};'
    made = engine(tmp_path, f'@id("p0.a") {ASK}; {forbid}')
    whole = cedarpy.is_authorized
    schemas: list[object] = []

    def without_hour(
        request: dict[str, object], policies: object, entities: object, schema: object
    ) -> cedarpy.AuthzResult:
        facts = request["context"]
        assert isinstance(facts, dict)
        facts.pop("hour")
        schemas.append(schema)
        return whole(request, policies, entities, schema)  # type: ignore[arg-type]

    monkeypatch.setattr(cedarpy, "is_authorized", without_hour)
    verdict = made.decide(question())
    assert not verdict.allowed
    assert "hour" in verdict.errors[0]
    assert schemas != [None]
    bare = whole(
        {
            "principal": 'Person::"p1"',
            "action": 'Action::"ask"',
            "resource": 'Library::"library"',
            "context": {"length": 1},
        },
        f'@id("p0.a") {ASK}; {forbid}',
        [],
    )
    assert bare.decision is cedarpy.Decision.Allow  # which is why the schema is always given


def test_an_allow_without_any_permit_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine(tmp_path, f'@id("p0.a") {ASK};')
    answer = cedarpy.AuthzResult({"decision": "Allow", "diagnostics": {}})
    monkeypatch.setattr(cedarpy, "is_authorized", lambda *_: answer)
    assert not made.decide(question()).allowed


def test_an_engine_that_fails_denies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine(tmp_path, f'@id("p0.a") {ASK};')

    def fail(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(cedarpy, "is_authorized", fail)
    verdict = made.decide(question())
    assert not verdict.allowed
    assert verdict.errors == ("request: ValueError",)


@given(
    text=st.text(max_size=200),
    person=st.text(max_size=20),
    reason=st.text(max_size=20),
    collections=st.lists(st.text(max_size=10), max_size=3),
)
def test_no_text_makes_a_decision_raise(
    baseline: PolicyEngine, text: str, person: str, reason: str, collections: list[str]
) -> None:
    asker = Person(person, "A", (Role.AUDITOR,))
    asked = Question("q", text, asker, NOW, tuple(collections), reason=reason)
    assert not baseline.decide(asked).allowed


@pytest.mark.parametrize(
    "identifier", ['a"b', "a\nb", "a\\", "\x00", "\ud800", "", "::", "x" * 9999]
)
def test_an_odd_person_id_gains_nothing(baseline: PolicyEngine, identifier: str) -> None:
    odd = Person(identifier, "x", ())
    verdict = baseline.decide(Question("q", "How?", odd, NOW))
    assert not verdict.allowed


def test_the_question_itself_never_reaches_cedar(
    baseline: PolicyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    whole = cedarpy.is_authorized

    def watch(*arguments: object) -> cedarpy.AuthzResult:
        seen.append(json.dumps([arguments[0], arguments[2]]))
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cedarpy, "is_authorized", watch)
    baseline.decide(question("Is canary Q7 stored?", Role.MEMBER, reason="canary R7"))
    assert seen
    assert "canary" not in seen[0]
    assert "Anna" not in seen[0]


def test_facts_can_be_asked_for(tmp_path: Path) -> None:
    made = engine(
        tmp_path,
        f'@id("p0.a") {ASK} when {{ context.reasoned && context.length < 10 && context.hour == 10'
        ' && context.collections.contains("c1") };',
    )
    assert made.decide(question("short", reason="care", collections=("c1",))).allowed
    assert not made.decide(question("short", reason=" ", collections=("c1",))).allowed
    assert not made.decide(question("much too long", reason="care", collections=("c1",))).allowed
    assert not made.decide(question("short", reason="care")).allowed


def test_topics_of_one_pack_serve_the_policies_of_another(tmp_path: Path) -> None:
    catalogue = '[[topic]]\nname = "cake"\nmeans = "cake"\n[[topic.rule]]\nphrases = ["cake"]\n'
    one = packs.made(tmp_path, "one", topics=catalogue)
    cedar = f'@id("two.no") {DENY} when {{ context.topics.contains("cake") }};'
    both = PolicyEngine((one, packs.made(tmp_path, "two", cedar=cedar)))
    assert both.decide(question("Where is the bread?")).allowed
    assert both.decide(question("Where is the cake?")).policies == ("two.no",)


def test_asking_does_not_pass_through_the_other_door(baseline: PolicyEngine) -> None:
    verdict = baseline.decide_action(Person("p", "P", (Role.MEMBER,)), Action.ASK)
    assert not verdict.allowed
    assert verdict.errors


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.ASK])
def test_without_a_role_nothing_is_allowed(baseline: PolicyEngine, action: Action) -> None:
    for resource in ("", "c1", 'x"y'):
        assert not baseline.decide_action(Person("p", "P", ()), action, resource).allowed


def test_the_pack_hash_changes_with_any_pack(tmp_path: Path) -> None:
    one = packs.made(tmp_path / "a", "one")
    other = packs.made(tmp_path / "b", "one", cedar=f'@id("one.b") {ASK};')
    both = packs.made(tmp_path / "c", "two")
    hashes = {PolicyEngine(p).pack_hash for p in ((one,), (other,), (one, both))}
    assert len(hashes) == 3
    assert PolicyEngine((both, one)).pack_hash == PolicyEngine((one, both)).pack_hash


def test_many_threads_get_the_same_verdicts(baseline: PolicyEngine) -> None:
    asked = [question("How is it done?"), question("How do I delete the audit log?")] * 100
    expected = [baseline.decide(one) for one in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(baseline.decide, asked)) == expected


def test_the_schema_in_the_pack_is_the_products() -> None:
    text = (shipped_folder() / "baseline" / "schema.cedarschema").read_text()
    assert text == SCHEMA


# --- how long a window stays open that nobody touches ---------------------------------------------

STAY = 'permit (principal, action == Action::"stay_unlocked", resource)'
AWAY = '@sentence("Not so.") @hint("Do this.") ' + STAY.replace("permit", "forbid")


@pytest.mark.parametrize(
    ("cedar", "minutes"),
    [
        (f'@id("p0.a") @lock_minutes("15") {STAY};', 15),
        (f'@id("p0.a") @lock_minutes("15") {STAY}; @id("p0.b") @lock_minutes("3") {STAY};', 3),
        (f'@id("p0.a") @lock_minutes("15") {STAY}; @id("p0.b") {STAY};', 15),
        (f'@id("p0.a") {STAY};', 1),
        (f'@id("p0.a") {ASK};', 1),
        (f'@id("p0.a") @lock_minutes("15") {STAY}; @id("p0.b") {AWAY};', 1),
    ],
)
def test_the_strictest_policy_says_when_a_window_locks(
    tmp_path: Path, cedar: str, minutes: int
) -> None:
    assert engine(tmp_path, cedar).lock_minutes(Person("p1", "Anna", (Role.MEMBER,))) == minutes


@pytest.mark.parametrize("minutes", ["0", "16", "015", "-1", "ten", ""])
def test_no_policy_states_more_than_a_quarter_of_an_hour(tmp_path: Path, minutes: str) -> None:
    with pytest.raises(PackUnusable, match="lock_minutes"):
        engine(tmp_path, f'@id("p0.a") @lock_minutes("{minutes}") {STAY};')


def test_the_baseline_locks_after_a_quarter_of_an_hour_at_most(baseline: PolicyEngine) -> None:
    for role in Role:
        assert baseline.lock_minutes(Person("p1", "Anna", (role,))) == 15
