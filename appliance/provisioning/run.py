"""One run of `cloister provision`: everything is looked at first, then what is left is done.

Rules kept here: nothing is changed while a mistake is known, be it in the file, in a file it names,
in a model or on the machine; each stage finds all of its mistakes; a passphrase that is not needed
any more need not be there any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import CloisterError
from appliance.provisioning.mistakes import Mistake, ProvisionMistaken, require_none
from appliance.provisioning.names import same_name
from appliance.provisioning.plan import Plan
from appliance.provisioning.seating import SeatOf, request_mistakes, seat_mistakes, seat_of
from appliance.provisioning.secret_files import RECOVERY, Codes, SecretUnusable, read_passphrase
from appliance.provisioning.state import State, Work, conflicts, left_to_do

if TYPE_CHECKING:
    from appliance.app import Appliance
    from appliance.desk import Desk
    from appliance.policy import PolicyEngine
    from appliance.provisioning.accounts import Accounts
    from appliance.provisioning.carrying_out import Step
    from appliance.values import Person

NOT_NAMED = "Name the file of a first passphrase with `passphrase_file`."


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passphrases by `same_name`, and what is wrong with those that could not be read."""

    passphrases: Mapping[str, str]
    unusable: Mapping[str, Mistake]


def gathered(plan: Plan, data: Path) -> Secrets:
    """Looks at every file the plan names, before the guards are on and before anything is opened.
    Raises ProvisionMistaken for what would be wrong whatever the machine has."""
    passphrases: dict[str, str] = {}
    unusable: dict[str, Mistake] = {}
    mistakes = list(seat_mistakes(plan, data))
    administrator = plan.administrator
    try:
        Codes(administrator.codes.path).require_usable(data)
    except SecretUnusable as error:
        mistakes.append(error.at(administrator.codes.line))
    named = [(administrator.name.text, administrator.passphrase)]
    named += [(p.name.text, p.passphrase) for p in plan.people if p.passphrase is not None]
    lines: dict[str, int] = {}
    for name, file in named:
        try:
            text = read_passphrase(file, name)
        except SecretUnusable as error:
            unusable[same_name(name)] = error.at(file.line)
            continue
        passphrases[same_name(name)] = text
        if text in lines:
            said = f"This passphrase is also that of line {lines[text]}."
            unusable[same_name(name)] = Mistake(file.line, said, "Give each person their own.")
        lines.setdefault(text, file.line)
    if same_name(administrator.name.text) in unusable:
        mistakes.append(unusable[same_name(administrator.name.text)])
    require_none(mistakes)
    return Secrets(passphrases, unusable)


def provision(
    appliance: Appliance,
    plan: Plan,
    secrets: Secrets,
    *,
    accounts: Callable[[Desk], Accounts] | None = None,
    invites: bool = True,
    seating: SeatOf | None = None,
    look_only: bool = False,
) -> Iterator[Step]:
    """Brings the machine to where the plan wants it. accounts, seating: how accounts are made, and
    what licences are told; None for this version's own. invites: whether these accounts can be made
    for people who enrol later. look_only: says what is left, logs in for that where there is a
    vault, and does nothing.

    Raises ProvisionMistaken (nothing was changed), and what a step raises (those before it stand,
    and the next run goes on from there)."""
    from appliance.provisioning.accounts import VaultAccounts
    from appliance.provisioning.carrying_out import Carrier, Step

    name = plan.administrator.name
    if not appliance.exists:
        require_none(_unfounded(appliance, plan, secrets, invites=invites))
        if look_only:
            yield Step("vault", name.line, "to do")
            yield from _everything(appliance, plan)
            return
        _found(appliance, plan, secrets)
        yield Step("vault", name.line)
    else:
        _log_in(appliance, plan, secrets)
    with appliance.at_desk() as desk:
        made = (accounts or VaultAccounts)(desk)
        carrier = Carrier(
            desk,
            plan,
            made,
            passphrases=secrets.passphrases,
            seating=seating or seat_of,
        )
        state = carrier.state()
        work = left_to_do(plan, state, carrier.digests())
        mistakes = [*conflicts(plan, state), *_unready(plan, work, secrets, invites=invites)]
        mistakes += _unfit(desk, plan, work)
        require_none(mistakes)
        if look_only:
            yield from _listed(work)
        else:
            yield from carrier.carry_out(work)


def _found(appliance: Appliance, plan: Plan, secrets: Secrets) -> None:
    """Makes the vault. Its recovery code is in its file on return; where that fails, the next run
    makes another, for nobody has seen this one."""
    name, codes = plan.administrator.name.text, Codes(plan.administrator.codes.path)
    codes.prepare(name)
    code = appliance.create(name, secrets.passphrases[same_name(name)])
    codes.write(name, code, RECOVERY)


def _log_in(appliance: Appliance, plan: Plan, secrets: Secrets) -> None:
    from appliance.vault import WrongPassphrase

    name = plan.administrator.name
    try:
        appliance.unlock(secrets.passphrases[same_name(name.text)], name.text)
    except WrongPassphrase:
        wrong = Mistake(
            plan.administrator.passphrase.line,
            "This passphrase does not open the vault that is there, with the name in this file.",
            "Put the administrator's passphrase of today into the file named here.",
        )
        raise ProvisionMistaken([wrong]) from None


def _unfounded(
    appliance: Appliance, plan: Plan, secrets: Secrets, *, invites: bool
) -> Iterator[Mistake]:
    """What stands against a first run."""
    from appliance.policies_in_force import packs_in_force
    from appliance.policy import PolicyEngine
    from appliance.provisioning.models import model_mistakes
    from appliance.provisioning.policies import policy_mistakes
    from appliance.values import Person
    from appliance.vault.vault import ALL_ROLES

    everything = Work(
        plan.people, (), plan.collections, (), (), plan.models, plan.kiosk, plan.licence, plan.seat
    )
    yield from _unready(plan, everything, secrets, invites=invites)
    name = plan.administrator.name
    yield from _written_before(plan, name.text, name.line)
    yield from model_mistakes(plan.models, appliance.data)
    try:
        packs = packs_in_force(appliance.settings, appliance.data)
        policy = PolicyEngine(packs)
    except CloisterError as error:
        yield Mistake(0, error.sentence, error.next_step)
        return
    serials = {pack.name: pack.serial for pack in packs}
    yield from policy_mistakes(plan, serials, appliance.settings, appliance.data)
    everything = replace(everything, packs=left_to_do(plan, State(serials=serials), {}).packs)
    founder = Person("0" * 32, name.text, ALL_ROLES)
    yield from _forbidden(policy, founder, plan, everything)


def _unready(plan: Plan, work: Work, secrets: Secrets, *, invites: bool) -> Iterator[Mistake]:
    """What stands against adding those who are to be added, and writing what is to be written."""
    for person in work.people:
        wrong = secrets.unusable.get(same_name(person.name.text))
        if wrong is not None:
            yield wrong
        elif person.passphrase is None and not invites:
            yield Mistake(person.line, "This person has no first passphrase.", NOT_NAMED)
        yield from _written_before(plan, person.name.text, person.line)
    if work.seat is not None:
        yield from request_mistakes(work.seat)


def _written_before(plan: Plan, name: str, line: int) -> Iterator[Mistake]:
    if Codes(plan.administrator.codes.path).holds(name):
        yield Mistake(
            line,
            "The folder for codes has a recovery code of this person, who is not in this vault.",
            "Keep it, and name an empty folder: it may open another vault.",
        )


def _unfit(desk: Desk, plan: Plan, work: Work) -> Iterator[Mistake]:
    """What stands against the rest, at an open desk."""
    from appliance.provisioning.carrying_out import serials_of
    from appliance.provisioning.models import model_mistakes
    from appliance.provisioning.policies import policy_mistakes

    yield from policy_mistakes(plan, serials_of(desk), desk.settings, desk.place.data)
    yield from model_mistakes(work.models, desk.place.data)
    yield from _forbidden(desk.policy, desk.person, plan, work)


def _forbidden(policy: PolicyEngine, person: Person, plan: Plan, work: Work) -> Iterator[Mistake]:
    """What the administrator of the file may not do."""
    from appliance.policy import Action
    from appliance.values import Role

    wanted = (
        (Action.MANAGE_PEOPLE, bool(work.people)),
        (Action.APPOINT_AUDITORS, any(Role.AUDITOR in one.roles for one in work.people)),
        (Action.MANAGE_MEMBERS, bool(work.joins)),
        (Action.CREATE_COLLECTION, bool(work.collections)),
        (Action.MANAGE_MODELS, bool(work.models)),
        (Action.MANAGE_SEATS, bool(work.licence or work.seat)),
        (Action.MANAGE_POLICIES, bool(work.packs)),
    )
    for action, needed in wanted:
        verdict = policy.decide_action(person, action, "")
        if needed and not verdict.allowed:
            said = verdict.sentence or f"The policy does not let the administrator {action.value}."
            step = verdict.hint or "Name somebody with the role, or have the policy changed."
            yield Mistake(plan.administrator.name.line, said, step)


def _everything(appliance: Appliance, plan: Plan) -> Iterator[Step]:
    """What a first run would do after it has made the vault."""
    from appliance.policies_in_force import packs_in_force

    packs = packs_in_force(appliance.settings, appliance.data)
    state = State(serials={pack.name: pack.serial for pack in packs})
    yield from _listed(left_to_do(plan, state, {}))


def _listed(work: Work) -> Iterator[Step]:
    from appliance.provisioning.carrying_out import Step

    groups: tuple[tuple[str, Iterable[int]], ...] = (
        ("policy", (pack.line for pack in work.packs)),
        ("code", (name.line for name in work.lost)),
        ("person", (person.line for person in work.people)),
        ("collection", (one.line for one in work.collections)),
        ("member", (join.member.line for join in work.joins)),
        ("kiosk", (one.line for one in (work.kiosk,) if one is not None)),
        ("model", (model.line for model in work.models)),
        ("licence", (named.line for named in work.licence)),
        ("seat", (one.line for one in (work.seat,) if one is not None)),
    )
    for what, lines in groups:
        for line in lines:
            yield Step(what, line, "to do")
    yield from (Step(what, line, "undone") for what, line in work.undone)
    yield from (Step("member", join.member.line, "waits") for join in work.waits)
