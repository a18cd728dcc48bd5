"""Records that a crash cut off get their second half."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import settling
from appliance.audit import Log, Record
from appliance.settling import conversations_of, settle, unsettled
from appliance.values import LogRecord
from tests.unit.memory.material import NOON


class Notes:
    """The part of a ledger that settling uses, on a real log."""

    def __init__(self, folder: Path) -> None:
        self.log = Log.create(folder / "audit", "ward.example/desk", bytes(32), lambda: NOON)

    def note(
        self,
        action: str,
        *,
        object: str = "",
        outcome: str = "",
        code: str = "",
        details: tuple[tuple[str, str], ...] = (),
        person: str = "",
    ) -> int:
        return self.log.append(
            Record(
                action, person=person, object=object, outcome=outcome, code=code, details=details
            )
        )

    def newest(self, count: int) -> list[LogRecord]:
        return list(self.log.records(self.log.size - count, count))


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    made = Notes(tmp_path)
    made.note("session.opened")
    return made


WARD = (("collection", "ward"),)


@pytest.mark.parametrize(
    ("there", "follows"), [(True, "conversation.not_deleted"), (False, "conversation.deleted")]
)
def test_a_deletion_that_was_cut_off_is_told_when_its_person_comes_back(
    notes: Notes, there: bool, follows: str
) -> None:
    notes.note("conversation.deleting", object="c1", person="anna")
    begun = unsettled(notes)  # type: ignore[arg-type]
    settle(notes, begun, {conversations_of("bert"): {"c1"}})  # type: ignore[arg-type]
    assert [record.object for record in unsettled(notes)] == ["c1"]  # type: ignore[arg-type]
    kept = {"c0", "c1"} if there else {"c0"}
    begun = unsettled(notes)  # type: ignore[arg-type]
    settle(notes, begun, {conversations_of("anna"): kept})  # type: ignore[arg-type]
    assert unsettled(notes) == ()  # type: ignore[arg-type]
    said = [r for r in notes.log.records(0, notes.log.size) if r.action == follows]
    assert [(record.object, record.outcome) for record in said] == [("c1", "recovered")]


def test_a_message_to_a_model_that_was_cut_off_is_closed_as_failed(notes: Notes) -> None:
    notes.note("model.trial.opened", object="whole")
    notes.note("model.trial.closed", object="whole")
    notes.note("model.trial.opened", object="cut")
    settle(notes, unsettled(notes), {})  # type: ignore[arg-type]
    (last,) = notes.newest(1)
    assert (last.action, last.object, last.outcome) == ("model.trial.closed", "cut", "failed")
    assert unsettled(notes) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("begun", "retired", "follows"),
    [
        ("document.retiring", True, "document.retired"),
        ("document.retiring", False, "document.not_retired"),
        ("document.restoring", True, "document.not_restored"),
        ("document.restoring", False, "document.restored"),
    ],
)
def test_what_was_being_retired_or_put_back_is_told_from_the_store(
    notes: Notes, begun: str, retired: bool, follows: str
) -> None:
    notes.note(begun, object="d1", details=WARD)
    found = unsettled(notes)  # type: ignore[arg-type]
    settle(notes, found, {}, {})  # type: ignore[arg-type]
    assert [record.action for record in unsettled(notes)] == [begun]  # type: ignore[arg-type]
    gone = {"ward": {"d1"} if retired else {"d2"}}
    settle(notes, unsettled(notes), {"ward": {"d1", "d2"}}, gone)  # type: ignore[arg-type]
    said = [r for r in notes.log.records(0, notes.log.size) if r.action == follows]
    assert [(record.object, record.outcome) for record in said] == [("d1", "recovered")]
    assert unsettled(notes) == ()  # type: ignore[arg-type]


def test_what_was_begun_and_ended_is_left_alone(notes: Notes) -> None:
    for action in ("document.adding", "document.added", "document.removing", "document.removed"):
        notes.note(action, object="a", details=WARD)
    notes.note("document.adding", object="b", details=WARD)
    notes.note("document.not_added", object="b", details=WARD)
    assert unsettled(notes) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("begun", "there", "follows"),
    [
        ("document.adding", True, "document.added"),
        ("document.adding", False, "document.not_added"),
        ("document.removing", True, "document.not_removed"),
        ("document.removing", False, "document.removed"),
    ],
)
def test_the_store_says_how_it_ended(notes: Notes, begun: str, there: bool, follows: str) -> None:
    notes.note(begun, object="a", details=WARD)
    for _ in range(600):  # over several pieces
        notes.note("store.elsewhere", object="x")
    records = unsettled(notes)  # type: ignore[arg-type]
    settle(notes, records, {"ward": {"a"} if there else set()})  # type: ignore[arg-type]
    (record,) = notes.newest(1)
    assert (record.action, record.object, record.outcome) == (follows, "a", "recovered")


def test_what_lies_in_a_collection_that_is_not_open_waits(notes: Notes) -> None:
    """However many people who are no members of it log in and out meanwhile."""
    notes.note("document.adding", object="a", details=WARD)
    size = notes.log.size
    for _ in range(3):
        begun = unsettled(notes)  # type: ignore[arg-type]
        assert [record.object for record in begun] == ["a"]
        notes.note("session.opened")
        settle(notes, begun, {})  # type: ignore[arg-type]
        notes.note("session.closed")
    later = notes.newest(notes.log.size - size)
    assert not any(record.action.startswith("document.") for record in later)
    settle(notes, unsettled(notes), {"ward": {"a"}})  # type: ignore[arg-type]
    (record,) = (one for one in notes.newest(2) if one.action == "document.added")
    assert (record.object, record.outcome) == ("a", "recovered")
    notes.note("session.closed")
    size = notes.log.size
    assert unsettled(notes) == ()  # type: ignore[arg-type]
    settle(notes, (), {"ward": {"a"}})  # type: ignore[arg-type]
    assert notes.log.size == size  # and then nothing waits


def test_a_login_that_was_cut_off_before_it_settled_leaves_it_to_the_next(notes: Notes) -> None:
    notes.note("document.adding", object="a", details=WARD)
    notes.note("session.opened")
    notes.note("session.opened")
    begun = unsettled(notes)  # type: ignore[arg-type]
    assert [record.object for record in begun] == ["a"]
    settle(notes, begun, {"ward": set()})  # type: ignore[arg-type]
    notes.note("session.opened")
    assert unsettled(notes) == ()  # type: ignore[arg-type]


def test_only_so_much_of_the_log_is_looked_at(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "FARTHEST", 10)
    notes.note("document.adding", object="a", details=WARD)
    for _ in range(20):
        notes.note("store.elsewhere", object="x")
    assert unsettled(notes) == ()  # type: ignore[arg-type]


def test_a_session_that_was_closed_is_not_looked_at(notes: Notes) -> None:
    notes.note("document.adding", object="a", details=WARD)
    notes.note("session.closed")
    assert unsettled(notes) == ()  # type: ignore[arg-type]
