"""What is left of a plan: nothing more once it is done, whatever was done before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.provisioning.names import same_name
from appliance.provisioning.plan import (
    Administrator,
    CollectionAsked,
    FileNamed,
    KioskAsked,
    ModelAsked,
    PersonAsked,
    Plan,
    SeatAsked,
    Written,
)
from appliance.provisioning.state import Held, State, Work, conflicts, left_to_do
from appliance.values import Person, Role

NOWHERE = FileNamed(Path("/x"), 1)
ADMINISTRATOR = Person("0", "Ida", (Role.ADMINISTRATOR, Role.CURATOR))
LICENCE = {Path("/licence"): "d"}
NAMES = ("Anna", "Bob", "Cléo")
TITLES = ("Ward 9", "Visitors")


def plan(members: tuple[tuple[str, ...], ...] = (("Anna",), ("Bob", "Ida"))) -> Plan:
    return Plan(
        "0" * 64,
        Administrator(Written("Ida", 4), NOWHERE, NOWHERE),
        tuple(
            PersonAsked(10 + n, Written(name, 11 + n), (Role.MEMBER,), NOWHERE)
            for n, name in enumerate(NAMES)
        ),
        tuple(
            CollectionAsked(30 + n, Written(title, 30 + n), tuple(Written(m, 40) for m in inside))
            for n, (title, inside) in enumerate(zip(TITLES, members, strict=True))
        ),
        (),
        (ModelAsked(50, Written("small@1", 50), NOWHERE, False, "", ""),),
        KioskAsked(60, Written("VISITORS", 61), Written("Bob", 62)),
        (FileNamed(Path("/licence"), 70),),
        SeatAsked(80, "", NOWHERE),
    )


def done(state: State, work: Work, steps: int) -> State:
    """The machine after so many steps."""
    people, collections = dict(state.people), dict(state.collections)
    for person in work.people[:steps]:
        people[same_name(person.name.text)] = Person(
            person.name.text, person.name.text, person.roles
        )
    steps -= len(work.people)
    for made in work.collections[: max(steps, 0)]:
        collections[same_name(made.title.text)] = Held(made.title.text, frozenset("0"))
    steps -= len(work.collections)
    for join in work.joins[: max(steps, 0)]:
        title = same_name(join.title)
        member = people[same_name(join.member.text)].id
        held = collections[title]
        collections[title] = replace(held, members=held.members | {member})
    state = replace(state, people=people, collections=collections)
    if steps - len(work.joins) > 0:
        state = replace(state, kiosk="Visitors", models=frozenset(("small@1",)))
        state = replace(state, taken=frozenset(("d",)), requested=True)
    return state


BEGUN = State(people={"ida": ADMINISTRATOR})
MEMBERS = st.tuples(*(st.lists(st.sampled_from((*NAMES, "Ida")), unique=True).map(tuple),) * 2)


@settings(deadline=None, max_examples=60)
@given(MEMBERS, st.lists(st.integers(0, 12), max_size=6))
def test_wherever_runs_were_cut_off_the_last_one_leaves_nothing(
    members: tuple[tuple[str, ...], ...], cuts: list[int]
) -> None:
    asked, state = plan(members), BEGUN
    for steps in (*cuts, 99):
        state = done(state, left_to_do(asked, state, LICENCE), steps)
    left = left_to_do(asked, state, LICENCE)
    assert left.steps == 0
    assert not left.waits
    assert not list(conflicts(asked, state))


def test_what_is_there_already_and_not_in_the_file_is_left_alone() -> None:
    state = replace(
        BEGUN,
        people={**BEGUN.people, "zoe": Person("z", "Zoe", (Role.AUDITOR,))},
        collections={"other": Held("o", frozenset("z"))},
    )
    work = left_to_do(plan(), state, {})
    assert [p.name.text for p in work.people] == list(NAMES)
    assert [c.title.text for c in work.collections] == list(TITLES)


def test_other_roles_than_the_files_are_a_conflict() -> None:
    state = replace(BEGUN, people={"anna": Person("1", "Anna", (Role.AUDITOR,))})
    (conflict,) = conflicts(plan(), state)
    assert conflict.line == 10


def test_another_kiosk_is_a_conflict_and_the_same_is_none() -> None:
    held = {"ward 9": Held("w", frozenset()), "visitors": Held("v", frozenset())}
    assert not list(conflicts(plan(), replace(BEGUN, collections=held, kiosk="v")))
    (conflict,) = conflicts(plan(), replace(BEGUN, collections=held, kiosk="w"))
    assert conflict.line == 60


def test_a_collection_that_was_handed_on_is_not_made_again_and_its_members_wait() -> None:
    state = replace(BEGUN, handed_on=frozenset(("ward 9",)))
    work = left_to_do(plan(), state, {})
    assert [c.title.text for c in work.collections] == ["Visitors"]
    assert [(w.title, w.member.text) for w in work.waits] == [("Ward 9", "Anna")]


def test_members_of_a_collection_that_was_handed_on_are_not_waited_for_twice() -> None:
    joined = frozenset((("ward 9", "anna"), ("visitors", "bob"), ("visitors", "ida")))
    state = replace(BEGUN, handed_on=frozenset(("ward 9", "visitors")), joined=joined)
    work = left_to_do(plan(), state, {})
    assert not work.collections
    assert not work.joins
    assert not work.waits
    assert not work.undone
    assert work.kiosk is None


def test_who_was_removed_is_not_added_again_by_the_same_file() -> None:
    bob = Person("2", "Bob", (Role.MEMBER,))
    state = replace(BEGUN, people={**BEGUN.people, "bob": bob}, peopled=True)
    work = left_to_do(plan(), state, {})
    assert not work.people
    assert [join.member.text for join in work.joins] == ["Bob"]
    assert work.undone == (("person", 10), ("person", 12), ("member", 40))
    assert len(left_to_do(plan(), replace(state, peopled=False), {}).people) == 2


def test_who_was_expelled_is_not_let_in_again() -> None:
    state = replace(
        BEGUN,
        people={**BEGUN.people, "anna": Person("1", "Anna", (Role.MEMBER,))},
        collections={"ward 9": Held("w", frozenset("0"))},
        joined=frozenset((("ward 9", "anna"),)),
    )
    work = left_to_do(plan(), state, {})
    assert [join.title for join in work.joins] == ["Visitors"]
    assert work.undone == (("member", 40),)


def test_a_kiosk_that_was_ended_stays_so() -> None:
    held = {"visitors": Held("v", frozenset("0"))}
    work = left_to_do(plan(), replace(BEGUN, collections=held, no_kiosk=frozenset(held)), {})
    assert work.kiosk is None
    assert ("kiosk", 60) in work.undone


def test_who_was_invited_and_has_not_enrolled_is_waited_for() -> None:
    state = replace(
        BEGUN,
        people={**BEGUN.people, "anna": Person("1", "Anna", (Role.MEMBER,))},
        waiting=frozenset(("anna",)),
        collections={"ward 9": Held("w", frozenset("0"))},
    )
    work = left_to_do(plan(), state, {})
    assert [w.member.text for w in work.waits] == ["Anna"]


def test_codes_nobody_has_seen_are_to_be_replaced() -> None:
    work = left_to_do(plan(), replace(BEGUN, lost_codes=frozenset(("ida", "anna"))), {})
    assert [name.text for name in work.lost] == ["Ida", "Anna"]


def test_an_account_that_was_closed_is_not_opened_again() -> None:
    state = replace(
        BEGUN,
        closed=frozenset(("anna",)),
        people={name: one for name, one in BEGUN.people.items() if name != "anna"},
        collections={"ward 9": Held("w", frozenset("0"))},
    )
    work = left_to_do(plan(), state, {})
    assert "Anna" not in [person.name.text for person in work.people]
    assert "Anna" not in [join.member.text for join in work.joins]
    assert {what for what, _ in work.undone} >= {"person", "member"}
