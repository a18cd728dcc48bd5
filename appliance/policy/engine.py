"""Decisions: Cedar over the packs in force.

Rules kept here: allow means that Cedar said Allow and that no policy erred; everything else is a
deny, NoDecision and errors of our own included; the schema is always given, for without it Cedar
skips a forbid whose fact is missing; packs, policies and schema are parsed once; no text a person
wrote reaches Cedar; a decision is a pure function of the request and the packs. Of a question that
is refused the log keeps what the permits would have had kept of it: all, where none would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import cedarpy

from appliance.policy import lint, obligations, topics
from appliance.policy.errors import PackUnusable
from appliance.policy.pack import Clause, Pack
from appliance.policy.vocabulary import RESOURCE_TYPES, SCHEMA, Action
from appliance.values import Obligations, Person, Question, Verdict

_Fact: TypeAlias = "bool | int | list[str]"

_NOBODY_MAY = {
    Action.ASK: "None of your roles may ask questions here.",
    Action.IMPORT: "None of your roles may add documents.",
    Action.REMOVE_DOCUMENT: "None of your roles may remove documents.",
    Action.CREATE_COLLECTION: "None of your roles may make collections.",
    Action.READ_LOG: "None of your roles may read the log.",
    Action.VERIFY_LOG: "None of your roles may verify the log.",
    Action.EXPORT_LOG: "None of your roles may export the log.",
    Action.EXPORT_ANSWER: "None of your roles may take answers out of Cloister.",
    Action.ATTACH: "None of your roles may put documents of your own beside a question.",
    Action.USE_API: "No policy in force lets other programs ask in your name.",
}
_ASK_WHOM = "Ask your administrator for the role if your work needs it."
_BROKEN = "The policy could not be evaluated, so nothing is allowed."
_BROKEN_HINT = "Run `cloister doctor` and give its output to your IT department."


class PolicyEngine:
    """The packs in force, ready to decide. Immutable, so safe to call from several threads."""

    def __init__(self, packs: tuple[Pack, ...]) -> None:
        """Lints, validates and parses. Raises PackUnusable."""
        self._catalogue = topics.joined(pack.catalogue for pack in packs)
        found = [
            statement
            for pack in packs
            for statement in lint.statements(pack.name, pack.cedar, self._catalogue.names)
        ]
        self._statements = {statement.id: statement for statement in found}
        if len(self._statements) != len(found):
            raise PackUnusable("Two policies have the same @id.")
        try:
            self._policies = cedarpy.PolicySet.from_json_str(_policy_set(found))
            permits = [statement for statement in found if statement.permits]
            self._permits = cedarpy.PolicySet.from_json_str(_policy_set(permits))
            self._schema = cedarpy.Schema.from_str(SCHEMA)
        except ValueError as error:
            raise PackUnusable(f"The policies do not parse together: {error}.") from None
        self._packs = tuple(sorted(pack.label for pack in packs))
        self._hash = _hash_of(packs)
        self._clauses = tuple((pack.name, clause) for pack in packs for clause in pack.clauses)

    @property
    def packs(self) -> tuple[str, ...]:
        """ "name@serial" of every pack in force."""
        return self._packs

    @property
    def pack_hash(self) -> str:
        """SHA-256 (hex) over the signed manifests of all packs in force."""
        return self._hash

    @property
    def clauses(self) -> tuple[tuple[str, Clause], ...]:
        """(pack, clause): the clauses of regulations that the packs answer."""
        return self._clauses

    def decide(self, question: Question) -> Verdict:
        """May this person ask this? Never raises on a policy's account."""
        said = (question.text, *question.before)
        about = frozenset[str]().union(*(self._catalogue.topics_of(text) for text in said))
        facts: dict[str, _Fact] = {
            "topics": sorted(about),
            "collections": sorted(set(question.collections)),
            "length": len(question.text),
            "hour": question.asked.hour,
            "reasoned": bool(question.reason.strip()),
        }
        return self._decide(question.person, Action.ASK, "library", facts)

    def decide_action(self, person: Person, action: Action, resource: str = "") -> Verdict:
        """May this person do this? `resource` is the collection's id for documents, else unused.

        Never raises on a policy's account. Asking has facts of its own and goes through `decide`:
        Action.ASK is denied here.
        """
        return self._decide(person, action, resource or RESOURCE_TYPES[action].lower(), {})

    def lock_minutes(self, person: Person) -> int:
        """How long nobody may touch the window before it locks: the fewest minutes that the
        policies state which let this person stay logged in, one where none lets them."""
        verdict = self.decide_action(person, Action.STAY_UNLOCKED)
        if not verdict.allowed:
            return obligations.SHORTEST_LOCK
        stated = [self._statements[name].annotations for name in verdict.policies]
        return obligations.lock_minutes(stated)

    def _decide(
        self, person: Person, action: Action, resource: str, facts: Mapping[str, _Fact]
    ) -> Verdict:
        request = {
            "principal": {"type": "Person", "id": person.id},
            "action": {"type": "Action", "id": action.value},
            "resource": {"type": RESOURCE_TYPES[action], "id": resource},
            "context": dict(facts),
        }
        entities = [
            {
                "uid": {"type": "Person", "id": person.id},
                "attrs": {"roles": sorted({role.value for role in person.roles})},
                "parents": [],
            }
        ]
        try:
            result = cedarpy.is_authorized(request, self._policies, entities, self._schema)
        except (ValueError, TypeError) as error:
            return self._denied(action, (), (f"request: {type(error).__name__}",))
        errors = tuple(result.diagnostics.errors)
        ids = tuple(sorted(result.diagnostics.reasons))
        if result.decision is cedarpy.Decision.Allow and not errors:
            return self._allowed(action, ids)
        denied = self._denied(action, ids, errors)
        if action is not Action.ASK or errors:
            return denied
        return replace(denied, obligations=Obligations(log=self._kept(request, entities)))

    def _kept(self, request: dict[str, object], entities: list[dict[str, object]]) -> str:
        """The log level of the permits, had nothing forbidden the question; all where none would
        have let it through."""
        result = cedarpy.is_authorized(request, self._permits, entities, self._schema)
        verdict = self._allowed(Action.ASK, tuple(sorted(result.diagnostics.reasons)))
        would = verdict.allowed and not result.diagnostics.errors
        return (verdict.obligations if would else Obligations()).log

    def _allowed(self, action: Action, ids: tuple[str, ...]) -> Verdict:
        try:
            stated = [self._statements[name].annotations for name in ids]
            demanded = obligations.merged(stated)
        except (KeyError, obligations.Unknown) as error:
            return self._denied(action, ids, (f"obligations: {type(error).__name__}",))
        if not ids:  # Allow without a permit cannot be; were it so, it is no ground to allow
            return self._denied(action, ids, ("no determining policy",))
        return Verdict(True, ids, self._packs, self._hash, demanded)

    def _denied(self, action: Action, ids: tuple[str, ...], errors: tuple[str, ...]) -> Verdict:
        sentence, hint = _NOBODY_MAY.get(action, "None of your roles may do this."), _ASK_WHOM
        forbidding = [name for name in ids if name in self._statements
                      and not self._statements[name].permits]  # fmt: skip
        if forbidding:
            told = self._statements[forbidding[0]].annotations
            sentence, hint = told["sentence"], told["hint"]
        elif errors:
            sentence, hint = _BROKEN, _BROKEN_HINT
        return Verdict(False, ids, self._packs, self._hash, Obligations(), errors, sentence, hint)


def _policy_set(found: list[lint.Statement]) -> str:
    """Cedar's JSON form of all policies, each under its own @id."""
    policies = {statement.id: json.loads(statement.body) for statement in found}
    return json.dumps({"templates": {}, "staticPolicies": policies, "templateLinks": []})


def _hash_of(packs: tuple[Pack, ...]) -> str:
    lines = sorted(f"{pack.label} {pack.sha256}\n" for pack in packs)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
