"""Whether the parts of a plan go together: every name is somebody's, nothing is asked for twice.

Rule kept here: what the file alone can show is found without looking at the machine.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.names import same_name
from appliance.provisioning.plan import Plan, Written
from appliance.values import Role


def inconsistencies(plan: Plan) -> tuple[Mistake, ...]:
    return (
        *_twice((plan.administrator.name, *(p.name for p in plan.people)), "person"),
        *_twice((c.title for c in plan.collections), "collection"),
        *_twice((m.model for m in plan.models), "model"),
        *_members(plan),
        *_kiosk(plan),
        *_files(plan),
    )


def _twice(texts: Iterable[Written], what: str) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for one in texts:
        name = same_name(one.text)
        if name in first:
            sentence = f"This {what} stands in the file already, on line {first[name]}."
            yield Mistake(one.line, sentence, "Remove one of the two, or give it another name.")
        first.setdefault(name, one.line)


def _members(plan: Plan) -> Iterator[Mistake]:
    people = (plan.administrator.name, *(person.name for person in plan.people))
    known = {same_name(one.text): one.line for one in people}
    for collection in plan.collections:
        for member in collection.members:
            if same_name(member.text) not in known:
                yield _nobody(member, known)


def _nobody(named: Written, known: dict[str, int]) -> Mistake:
    """Says which line has a name like it, not which name."""
    close = difflib.get_close_matches(same_name(named.text), known, 1)
    step = "Add a [[people]] entry with this name, or correct it."
    if close:
        step = f"Line {known[close[0]]} has a name much like it: correct one of the two."
    return Mistake(named.line, "This is the name of nobody in the file.", step)


def _kiosk(plan: Plan) -> Iterator[Mistake]:
    kiosk = plan.kiosk
    if kiosk is None:
        return
    titles = {same_name(one.title.text): one for one in plan.collections}
    wanted, visitor = titles.get(same_name(kiosk.collection.text)), same_name(kiosk.person.text)
    if wanted is None:
        yield Mistake(
            kiosk.collection.line,
            "This is no collection in the file.",
            "Add a [[collections]] entry with this title, or correct it.",
        )
    person = next((p for p in plan.people if same_name(p.name.text) == visitor), None)
    if person is None or person.roles != (Role.KIOSK,):
        yield Mistake(
            kiosk.person.line,
            "A kiosk is asked with an account that can do nothing else.",
            'Name a person of the file whose only role is "kiosk".',
        )
        return
    for collection in plan.collections:
        inside = visitor in {same_name(member.text) for member in collection.members}
        if inside and collection is not wanted:
            yield Mistake(
                collection.line,
                "The kiosk's account is a member here.",
                "Take it out: visitors ask the kiosk's one collection.",
            )
        if collection is wanted and not inside:
            yield Mistake(
                collection.line,
                "The kiosk's account is no member of the kiosk's collection.",
                "Add it to `members`.",
            )


def _files(plan: Plan) -> Iterator[Mistake]:
    """Two people never share a file: one of them would log in with the other's passphrase."""
    first: dict[Path, int] = {}
    named = (plan.administrator.passphrase, *(p.passphrase for p in plan.people))
    for one in named:
        if one is None:
            continue
        if one.path in first:
            yield Mistake(
                one.line,
                f"Line {first[one.path]} names the same file of a passphrase.",
                "Give each person a file and a passphrase of their own.",
            )
        first.setdefault(one.path, one.line)
