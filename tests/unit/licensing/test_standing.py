"""Seven states and what each allows: the table of docs/licensing.md, and that it is one table."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.licensing.clock import TOLERANCE, reading
from appliance.licensing.errors import LicenceOlder
from appliance.licensing.revocations import Reason, RevocationList, Revoked
from appliance.licensing.standing import ALLOWED, ALWAYS, Deed, Evidence, State, standing
from tests.unit.licensing.test_documents import ENROLMENT, LICENCE, SEEN, certificate
from tests.unit.licensing.world import NOON

DOCS = Path(__file__).resolve().parents[3] / "docs" / "licensing.md"
SEATED = Evidence(
    licensable=True, begun=NOON, seated=True, licence=LICENCE,
    certificate=certificate(until=NOON + timedelta(days=90)),
)  # fmt: skip

moments = st.integers(-400, 800).map(lambda days: NOON + timedelta(days=days, hours=1))
lists = st.builds(
    lambda revoked, held: RevocationList(
        LICENCE.id, 1, NOON,
        (Revoked(certificate().id, Reason.REVOKED, NOON),) if revoked else (),
        ((1, certificate().seat[:32] if held else "00" * 16),), SEEN,
    ),
    st.booleans(), st.booleans(),
)  # fmt: skip
evidences = st.builds(
    Evidence,
    licensable=st.booleans(),
    begun=moments,
    seated=st.booleans(),
    returned=st.booleans(),
    licence=st.none() | st.just(LICENCE) | st.just(replace(LICENCE, grace_days=0)),
    certificate=st.none() | st.builds(
        lambda days: certificate(until=NOON + timedelta(days=days)), st.integers(1, 400)
    ),
    revocations=st.none() | lists,
    enrolment=st.none() | st.just(ENROLMENT),
    enrolled=st.none() | moments,
    likeness=st.integers(0, 100),
    seen=st.lists(moments, max_size=2).map(tuple),
    problem=st.none() | st.just(LicenceOlder("An older one lies here.")),
)  # fmt: skip


@given(evidences, moments)
@settings(deadline=None, max_examples=150)
def test_no_state_ever_takes_more_than_new_answers(evidence: Evidence, now: datetime) -> None:
    found = standing(evidence, now)
    assert {deed for deed in Deed if not found.allows(deed)} <= {Deed.ANSWER}
    assert found.allows(Deed.ANSWER) == (
        found.state in {State.EVALUATION, State.ACTIVE, State.GRACE}
    )
    if not found.allows(Deed.ANSWER):
        assert found.sentence.endswith(".")
        assert found.next_step
    assert found.code


@given(evidences, moments)
@settings(deadline=None, max_examples=150)
def test_a_seat_answers_only_on_whole_evidence(evidence: Evidence, now: datetime) -> None:
    found = standing(evidence, now)
    if found.state in {State.ACTIVE, State.GRACE}:
        assert evidence.licensable
        assert evidence.licence is not None
        assert evidence.problem is None
        assert not evidence.returned
        assert not reading(now, evidence.seen).suspect
        if evidence.certificate is not None:
            assert evidence.likeness >= 60
            assert evidence.revocations is None or not evidence.revocations.verdict(
                evidence.certificate
            )
        else:
            assert evidence.enrolment is not None
            assert evidence.enrolled is not None
    if found.state is State.EVALUATION and evidence.licensable:
        assert not evidence.seated
        assert now <= evidence.begun + timedelta(days=60)


@given(evidences, moments, st.integers(0, 500))
@settings(deadline=None, max_examples=100)
def test_an_earlier_clock_never_gives_back_what_a_later_one_took(
    evidence: Evidence, now: datetime, back: int
) -> None:
    """Once the log has seen a time, no clock before it answers what that time did not."""
    later = replace(evidence, seen=(*evidence.seen, now))
    if not standing(later, now).allows(Deed.ANSWER):
        assert not standing(later, now - timedelta(days=back)).allows(Deed.ANSWER)


def test_a_revoked_seat_is_revoked_whatever_the_clock_says() -> None:
    listed = RevocationList(
        LICENCE.id, 1, NOON, (Revoked(certificate().id, Reason.REVOKED, NOON),), (), SEEN
    )
    for days in (-400, 0, 400):
        found = standing(replace(SEATED, revocations=listed), NOON + timedelta(days=days))
        assert found.state is State.REVOKED


@pytest.mark.parametrize(
    ("evidence", "days", "state", "code"),
    [
        (replace(SEATED, licensable=False), 0, "evaluation", "built_for_evaluation"),
        (Evidence(licensable=True, begun=NOON), 0, "evaluation", "evaluation"),
        (Evidence(licensable=True, begun=NOON, licence=LICENCE), 61, "unlicensed", "seat_missing"),
        (Evidence(licensable=True, begun=NOON), 61, "unlicensed", "licence_missing"),
        (SEATED, 0, "active", "active"),
        (SEATED, 91, "grace", "seat_ended"),
        (SEATED, 105, "expired", "term_over"),
        (SEATED, -2, "clock-suspect", "clock_suspect"),
        (replace(SEATED, likeness=59), 0, "unlicensed", "seat_elsewhere"),
        (replace(SEATED, returned=True), 0, "unlicensed", "seat_returned"),
        (replace(SEATED, licence=None), 0, "unlicensed", "licence_missing"),
        (replace(SEATED, certificate=None), 0, "unlicensed", "seat_missing"),
        (replace(SEATED, problem=LicenceOlder("Old.")), 0, "unlicensed", "licence_older"),
    ],
)
def test_each_state_has_its_code(evidence: Evidence, days: int, state: str, code: str) -> None:
    found = standing(evidence, NOON + timedelta(days=days))
    assert (found.state.value, found.code) == (state, code)


def test_the_table_in_the_documentation_is_the_one_that_is_kept() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|(.+)\|$", DOCS.read_text("utf-8"), re.MULTILINE)
    said = {}
    for name, cells in rows:
        if name in set(State):
            marks = [cell.strip() for cell in cells.split("|")][-len(Deed) :]
            said[State(name)] = {
                deed for deed, mark in zip(Deed, marks, strict=True) if mark == "yes"
            }
    assert said == ALLOWED
    assert all(allowed >= ALWAYS for allowed in ALLOWED.values())


def test_a_clock_within_a_day_of_the_floor_is_judged_by_the_floor() -> None:
    found = reading(NOON - TOLERANCE, (NOON, NOON - timedelta(days=5)))
    assert (found.time, found.suspect) == (NOON, False)
    assert reading(NOON - TOLERANCE - timedelta(seconds=1), (NOON,)).suspect
    assert reading(NOON, ()).time == NOON
