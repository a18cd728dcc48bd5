"""What the seat and the glass take from a person, they take from that person's programs too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from appliance.api.tokens import AppToken
from appliance.app import Cancellation
from appliance.applications import Applications
from appliance.desk import NotAllowed
from appliance.protocols import Unseated
from appliance.seat import Seat
from appliance.settings import Settings
from appliance.values import Answered, Event, Refused
from tests.people_at_work import CANARY, Hospital, found

PROGRAMS = Settings(packs="api")
REASON = "Patient in bed 4 bleeds and the ward's pharmacist is not there."


def asked(
    programs: Applications, token: AppToken, collections: Sequence[str] = ()
) -> tuple[Event, ...]:
    """A search by a program."""
    return tuple(
        programs.ask(
            token, "How many visitors are allowed?", collections=collections, before=(), schema="",
            passages=3, cancelled=lambda: False,
        )
    )  # fmt: skip


def test_behind_broken_glass_a_person_reads_and_no_program_does(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.prepare(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Bert", PROGRAMS) as bert:
        with bert.people() as people:
            people.break_glass(hospital.ward, REASON, 30)
        with bert.applications(Cancellation()) as programs:
            token, _ = programs.create("letters", "Letters.", days=1)
            assert programs.collections(token) == ()
            for wanted in ((), (hospital.ward,)):
                with pytest.raises(NotAllowed):
                    asked(programs, token, wanted)
        assert CANARY in found(bert)


def test_a_seat_that_answers_nothing_new_answers_no_program(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hospital.desk("Anna", PROGRAMS) as anna, anna.applications(Cancellation()) as programs:
        token, _ = programs.create("letters", "Letters.", days=1)
        last = asked(programs, token)[-1]
        assert isinstance(last, Answered)
        over = Unseated("seat_over", "The licence has ended.", "Ask IT.")
        monkeypatch.setattr(Seat, "refusal", lambda _: over)
        last = asked(programs, token)[-1]
        assert isinstance(last, Refused)
        assert last.sentence == over.sentence
        with pytest.raises(NotAllowed, match="ended"):
            programs.embed(token, ["How many visitors?"])
