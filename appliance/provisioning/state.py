"""What a machine has of what a plan can ask for, and what is left to do.

Rules kept here: what is left is a pure function of plan and state, so a run that was cut off goes
on where the state is, and a second run finds nothing; what is there and was not asked for stays: a
plan adds, it takes nothing away; what people have taken away since it was done is not done again,
or a run that a timer starts would let those in who were shown out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.names import same_name
from appliance.provisioning.plan import (
    CollectionAsked,
    FileNamed,
    KioskAsked,
    ModelAsked,
    PersonAsked,
    Plan,
    SeatAsked,
    Written,
)
from appliance.values import Person


@dataclass(frozen=True, slots=True)
class Held:
    """A collection whose key the administrator holds. members: ids of people."""

    id: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class State:
    """By `same_name` of names and titles. closed: who is there, and whose account was closed.
    handed_on: titles of collections that an earlier run made and whose key the administrator
    holds no more. joined: (title, name) of the memberships that earlier runs made or found.
    peopled: whether this very plan's people were all there once. models: ids of those
    installed. kiosk: the id of the kiosk's collection, "" for none; no_kiosk: titles of
    collections that were the kiosk's and are not. taken: hashes of licence files that were
    taken in. serials: of the policy packs in force, by name."""

    people: Mapping[str, Person] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    lost_codes: frozenset[str] = frozenset()
    collections: Mapping[str, Held] = field(default_factory=dict)
    handed_on: frozenset[str] = frozenset()
    joined: frozenset[tuple[str, str]] = frozenset()
    peopled: bool = False
    models: frozenset[str] = frozenset()
    kiosk: str = ""
    no_kiosk: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    requested: bool = False
    serials: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody who is to be a member, by name and title, and the line that says so."""

    title: str
    member: Written


@dataclass(frozen=True, slots=True)
class Work:
    """What is left. lost: names of people whose recovery code nobody has ever seen; the
    administrator's may be among them. waits: memberships that cannot be made yet. undone: (what,
    line) of what was taken away since it was done."""

    people: tuple[PersonAsked, ...]
    lost: tuple[Written, ...]
    collections: tuple[CollectionAsked, ...]
    joins: tuple[Join, ...]
    waits: tuple[Join, ...]
    models: tuple[ModelAsked, ...]
    kiosk: KioskAsked | None
    licence: tuple[FileNamed, ...]
    seat: SeatAsked | None
    undone: tuple[tuple[str, int], ...] = ()
    packs: tuple[Written, ...] = ()

    @property
    def steps(self) -> int:
        """How many there are to do: not those that wait or were undone."""
        several = (self.people, self.lost, self.collections, self.joins, self.models, self.licence)
        some = len(self.packs) + sum(map(len, several))
        return some + sum(one is not None for one in (self.kiosk, self.seat))


def left_to_do(plan: Plan, state: State, digests: Mapping[Path, str]) -> Work:
    """digests: SHA-256 (hex) of the licence files."""
    joins, waits, ended = _joins(plan, state)
    everybody = (plan.administrator.name, *(person.name for person in plan.people))
    there = state.people.keys() | state.closed
    missing = tuple(p for p in plan.people if same_name(p.name.text) not in there)
    undone = [("person", one.line) for one in missing if state.peopled]
    undone += [("person", p.line) for p in plan.people if same_name(p.name.text) in state.closed]
    undone += [("member", line) for line in ended]
    kiosk = plan.kiosk
    if kiosk is not None and same_name(kiosk.collection.text) in state.no_kiosk:
        undone.append(("kiosk", kiosk.line))
        kiosk = None
    if kiosk is not None and (state.kiosk or same_name(kiosk.collection.text) in state.handed_on):
        kiosk = None
    return Work(
        people=() if state.peopled else missing,
        lost=tuple(name for name in everybody if same_name(name.text) in state.lost_codes),
        collections=tuple(c for c in plan.collections if not _there(c, state)),
        joins=joins,
        waits=waits,
        models=tuple(m for m in plan.models if m.model.text not in state.models),
        kiosk=kiosk,
        licence=tuple(f for f in plan.licence if digests.get(f.path) not in state.taken),
        seat=None if state.requested else plan.seat,
        undone=tuple(undone),
        packs=tuple(
            one for one in plan.packs if plan.packs_folder and not in_force(one, state.serials)
        ),
    )


def in_force(wanted: Written, serials: Mapping[str, int]) -> bool:
    """Whether a pack, NAME or NAME@SERIAL, is in force in that serial or a newer one."""
    name, _, least = wanted.text.partition("@")
    return name in serials and serials[name] >= int(least or 0)


def conflicts(plan: Plan, state: State) -> Iterator[Mistake]:
    """Where the machine says otherwise than the plan."""
    for asked in plan.people:
        person = state.people.get(same_name(asked.name.text))
        if person is not None and frozenset(person.roles) != frozenset(asked.roles):
            yield Mistake(
                asked.line,
                "This person is there already, with other roles.",
                "Correct the roles here, or change the person's first.",
            )
    kiosk = plan.kiosk
    if kiosk is not None and state.kiosk:
        held = state.collections.get(same_name(kiosk.collection.text))
        if held is None or held.id != state.kiosk:
            yield Mistake(
                kiosk.line,
                "Another collection is the kiosk's already.",
                "Name that one; a kiosk for another collection is a machine of its own.",
            )


def _there(asked: CollectionAsked, state: State) -> bool:
    title = same_name(asked.title.text)
    return title in state.collections or title in state.handed_on


def _joins(plan: Plan, state: State) -> tuple[tuple[Join, ...], tuple[Join, ...], tuple[int, ...]]:
    """Those to be made; those that wait for somebody else (for an invited person to enrol, or for a
    member of a collection that was handed on); the lines of those that were ended since."""
    joins: list[Join] = []
    waits: list[Join] = []
    ended: list[int] = []
    for collection in plan.collections:
        title = same_name(collection.title.text)
        held = state.collections.get(title)
        for member in collection.members:
            name = same_name(member.text)
            person = state.people.get(name)
            if name == same_name(plan.administrator.name.text) and title not in state.handed_on:
                continue  # whoever makes a collection is its first member
            if held is not None and person is not None and person.id in held.members:
                continue
            if (title, name) in state.joined or (
                person is None and (state.peopled or name in state.closed)
            ):
                if title not in state.handed_on:
                    ended.append(member.line)
                continue
            join = Join(collection.title.text, member)
            (waits if title in state.handed_on or name in state.waiting else joins).append(join)
    return tuple(joins), tuple(waits), tuple(ended)
