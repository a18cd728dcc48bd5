"""What Cedar lets pass and we do not: annotations, ids, explanations, misspelt topics and roles.

Rules kept here: a finding names its policy; every finding is collected before any is raised, so an
author sees all at once; a policy that could never fire because of a misspelling is a finding, for
a forbid that never fires forbids nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cedarpy

from appliance.policy.errors import PackUnusable
from appliance.policy.obligations import EXPLANATIONS, OBLIGATIONS, STAYING, Unknown
from appliance.policy.vocabulary import SCHEMA
from appliance.values import Role

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy of a pack. body is Cedar's own JSON form of it, as text."""

    id: str
    permits: bool
    annotations: Mapping[str, str]
    body: str


def statements(pack: str, cedar: str, topics: frozenset[str]) -> tuple[Statement, ...]:
    """The policies of a pack, checked. `topics` are the names that questions may have.

    Raises PackUnusable with every finding (the first eight of them in words).
    """
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(cedar))
    except ValueError as error:
        raise PackUnusable(f"The policies of {pack} do not parse: {error}.") from None
    findings = ["templates are not used"] if parsed.get("templates") else []
    found: list[Statement] = []
    for policy in parsed["staticPolicies"].values():
        statement = _statement(policy)
        name = statement.id or "a policy without @id"
        findings += [f"{name}: {finding}" for finding in _findings(pack, statement, policy, topics)]
        if any(other.id == statement.id for other in found):
            findings.append(f"{name}: the @id is used twice")
        found.append(statement)
    checked = cedarpy.validate_policies(cedar, SCHEMA)
    if not checked.validation_passed:
        findings += [str(error.error) for error in checked.errors] or ["the schema does not fit"]
    if findings:
        more = f" (and {len(findings) - _SHOWN} more)" if len(findings) > _SHOWN else ""
        raise PackUnusable(
            f"The policies of {pack} cannot be used: {'; '.join(findings[:_SHOWN])}{more}."
        )
    return tuple(found)


def _statement(policy: Mapping[str, object]) -> Statement:
    untyped = policy.get("annotations", {})
    annotations = {str(k): "" if v is None else str(v) for k, v in untyped.items()} if isinstance(
        untyped, dict
    ) else {}  # fmt: skip
    return Statement(
        annotations.get("id", ""), policy["effect"] == "permit", annotations, json.dumps(policy)
    )


def _findings(
    pack: str, statement: Statement, policy: Mapping[str, object], topics: frozenset[str]
) -> Iterator[str]:
    if not re.fullmatch(rf"{re.escape(pack)}\.[a-z][a-z0-9-]{{0,59}}", statement.id):
        yield f"its @id must be {pack}. and a name in lower case"
    known = {**OBLIGATIONS, **STAYING} if statement.permits else EXPLANATIONS
    for name, value in statement.annotations.items():
        if name == "id":
            continue
        if name not in known:
            kind = "permit" if statement.permits else "forbid"
            yield f"@{name} is no annotation of a {kind}"
            continue
        try:
            known[name](value)
        except Unknown as error:
            yield f"@{name} {error}"
    if not statement.permits:
        for name in sorted(set(EXPLANATIONS) - set(statement.annotations)):
            yield f"it forbids without a @{name} for the person"
    yield from _misspelt(policy.get("conditions"), topics)


def _misspelt(node: object, topics: frozenset[str]) -> Iterator[str]:
    """Topics and roles that are compared with but that nothing can have."""
    if isinstance(node, list):
        for part in node:
            yield from _misspelt(part, topics)
    elif isinstance(node, dict):
        for operator, operands in node.items():
            if operator in ("contains", "containsAny", "containsAll") and isinstance(
                operands, dict
            ):
                yield from _unknown_words(operands, topics)
            yield from _misspelt(operands, topics)


def _unknown_words(operands: Mapping[str, object], topics: frozenset[str]) -> Iterator[str]:
    compared = json.dumps(operands.get("left"), sort_keys=True)
    if '"attr": "topics"' in compared:
        what, known = "topic", topics
    elif '"attr": "roles"' in compared:
        what, known = "role", frozenset(Role)
    else:
        return
    for word in _words(operands.get("right")):
        if word not in known:
            yield f"there is no {what} {word!r}"


def _words(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Value" and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
    elif isinstance(node, list):
        for part in node:
            yield from _words(part)
