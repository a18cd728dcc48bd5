"""A pack's own cases: requests and the verdicts they must get, run through the real engine.

Rules kept here: a case states who, what, and the whole verdict (allowed or not, the determining
policies, on an allowed ask every obligation, on staying logged in the minutes); a case that states
less is malformed; a pack without cases cannot be signed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from appliance.policy.engine import PolicyEngine
from appliance.policy.errors import PackUnusable
from appliance.policy.pack import Pack
from appliance.policy.vocabulary import Action
from appliance.values import AnswerMode, Obligations, Person, Question, Role, Verdict

_WHEN = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
_KNOWN = {
    *("question", "reason", "action", "roles", "allowed", "policies", "obligations", "hour"),
    "lock_minutes",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked, and the verdict it must get. obligations is None where none are stated,
    lock_minutes for anything but staying logged in."""

    action: Action
    question: str
    reason: str
    hour: int
    roles: tuple[Role, ...]
    allowed: bool
    policies: tuple[str, ...]
    obligations: Obligations | None
    lock_minutes: int | None = None

    @property
    def title(self) -> str:
        who = ", ".join(self.roles) or "nobody"
        return f"{who}: {self.question or self.action.value}"


def read_cases(pack: Pack) -> tuple[Case, ...]:
    """The cases of cases.toml. Raises PackUnusable naming the case that is malformed."""
    try:
        document = tomllib.loads(pack.cases)
        sets = {name: _obligations(row) for name, row in document.pop("obligations", {}).items()}
        rows = document.pop("case", [])
        read = tuple(_case(row, sets) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackUnusable(f"cases.toml of {pack.name} is malformed: {error}.") from None
    if document or not read:
        raise PackUnusable(f"cases.toml of {pack.name} holds no cases, or something else besides.")
    return read


def _obligations(row: Mapping[str, object]) -> Obligations:
    made = Obligations(**{**row, "mode": AnswerMode(str(row["mode"]))})  # type: ignore[arg-type]
    if set(row) != set(asdict(made)):
        raise ValueError("a set of obligations is not complete")
    return made


def _case(row: Mapping[str, object], sets: Mapping[str, Obligations]) -> Case:
    unknown = set(row) - _KNOWN
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} is not known")
    if ("question" in row) == ("action" in row):
        raise ValueError("a case has either a question or an action")
    roles, policies = row["roles"], row["policies"]
    if not isinstance(roles, list) or not isinstance(policies, list):
        raise TypeError("roles and policies are lists")
    question, allowed, hour = row.get("question", ""), row["allowed"], row.get("hour", _WHEN.hour)
    if not isinstance(question, str) or not isinstance(allowed, bool) or not isinstance(hour, int):
        raise TypeError("a question is text, allowed is true or false, hour is a number")
    action = Action.ASK if question else Action(str(row["action"]))
    named = row.get("obligations")
    if (action is Action.ASK and allowed) != (named is not None):
        raise ValueError(f"obligations belong to an ask that is allowed: {question!r}")
    minutes = row.get("lock_minutes")
    if (action is Action.STAY_UNLOCKED) != (type(minutes) is int):
        raise ValueError("lock_minutes belong to stay_unlocked")
    return Case(
        action=action,
        question=question,
        reason=str(row.get("reason", "")),
        hour=hour,
        roles=tuple(Role(role) for role in roles),
        allowed=allowed,
        policies=tuple(sorted(str(name) for name in policies)),
        obligations=None if named is None else sets[str(named)],
        lock_minutes=minutes if isinstance(minutes, int) else None,
    )


def person_of(case: Case) -> Person:
    return Person("person", "Case", case.roles)


def verdict_of(case: Case, engine: PolicyEngine) -> Verdict:
    person = person_of(case)
    if case.action is Action.ASK:
        asked = _WHEN.replace(hour=case.hour)
        return engine.decide(Question("case", case.question, person, asked, reason=case.reason))
    return engine.decide_action(person, case.action)


def failures(pack: Pack, engine: PolicyEngine) -> Iterator[str]:
    """One line for each case whose verdict is not the one stated."""
    for case in read_cases(pack):
        verdict = verdict_of(case, engine)
        if verdict.errors:
            yield f"{case.title}: {'; '.join(verdict.errors)}"
        elif (verdict.allowed, verdict.policies) != (case.allowed, case.policies):
            said = "allowed" if verdict.allowed else "denied"
            yield f"{case.title}: {said} by {', '.join(verdict.policies) or 'default'}"
        elif case.obligations is not None and verdict.obligations != case.obligations:
            yield f"{case.title}: other obligations than stated"
        elif case.lock_minutes not in (None, engine.lock_minutes(person_of(case))):
            yield f"{case.title}: it locks after another time than stated"
