"""The policies as a person may look at them: what holds for them and why, the packs, their cases.

Rules kept here: asking what would be decided is no act and is not logged; the packs are read from
where they lie and verified anew, and it is said where they are not those that decide; a case is
decided by its pack alone, as it was when the pack was signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.desk import Desk
from appliance.errors import CloisterError
from appliance.policies_in_force import packs_in_force
from appliance.policy import Action, Pack, PolicyEngine, load, shipped_folder
from appliance.policy.cases import Case, person_of, read_cases, verdict_of
from appliance.values import Applies, CaseRun, Obligations, PackShown, PoliciesShown, Question

_OBLIGED = ("mode", "cite", "answer", "log", "redact", "reason_required", "retention_days")


class PoliciesInForce:
    """Raises policy errors and storage errors where the packs cannot be read."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def shown(self) -> PoliciesShown:
        desk = self._desk
        packs = self._packs()
        return PoliciesShown(
            packs=tuple(_pack(pack) for pack in packs),
            applies=tuple(self._applies(action) for action in Action),
            pack_hash=desk.policy.pack_hash,
            lock_minutes=desk.lock_minutes,
            current=PolicyEngine(packs).pack_hash == desk.policy.pack_hash,
        )

    def run(self) -> Iterator[CaseRun]:
        """Every case of every pack, one after the other."""
        for pack in self._packs():
            engine = PolicyEngine((pack,))
            for case in read_cases(pack):
                yield _run(pack, case, engine)

    def _packs(self) -> tuple[Pack, ...]:
        return packs_in_force(self._desk.settings, self._desk.place.data)

    def _applies(self, action: Action) -> Applies:
        desk = self._desk
        if action is Action.ASK:  # a question without anything remarkable about it
            verdict = desk.policy.decide(Question("", "", desk.person, desk.now()))
        else:
            verdict = desk.policy.decide_action(desk.person, action)
        obliged = _obliged(verdict.obligations) if verdict.allowed and action is Action.ASK else ()
        return Applies(action.value, verdict.allowed, verdict.policies, verdict.sentence, obliged)


def _pack(pack: Pack) -> PackShown:
    return PackShown(
        pack.name,
        pack.version,
        pack.serial,
        pack.author,
        pack.signer,
        pack.sha256,
        "shipped" if _ships(pack) else "brought",
        tuple((one.regulation, one.clause, one.text) for one in pack.clauses),
        len(read_cases(pack)),
    )


def _ships(pack: Pack) -> bool:
    """Whether this very pack lies among those that come with the program."""
    try:
        return load(shipped_folder() / pack.name).sha256 == pack.sha256
    except CloisterError:
        return False


def _obliged(obligations: Obligations) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(getattr(obligations, name)).lower()) for name in _OBLIGED)


def _run(pack: Pack, case: Case, engine: PolicyEngine) -> CaseRun:
    verdict = verdict_of(case, engine)
    holds = (
        not verdict.errors
        and (verdict.allowed, verdict.policies) == (case.allowed, case.policies)
        and case.obligations in (None, verdict.obligations)
        and case.lock_minutes in (None, engine.lock_minutes(person_of(case)))
    )
    return CaseRun(pack.name, case.title, verdict.allowed, holds, verdict.policies, case.policies)
