"""Broken glass: prepared beforehand, with a reason, for a time, and never unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from appliance.desk import NotAllowed
from appliance.errors import UsageError
from appliance.people import Glasses, NotPrepared, ReasonMissing, require_minutes
from appliance.settings import Settings
from appliance.values import Role
from appliance.vault import NotAMember
from tests.people_at_work import CANARY, Hospital, added, found


def at(monkeypatch: pytest.MonkeyPatch, time: datetime) -> None:
    for module in ("desk", "opening"):
        monkeypatch.setattr(f"appliance.{module}.now", lambda: time)


REASON = "Patient in bed 4 bleeds and the ward's pharmacist is not there."


@pytest.fixture
def prepared(hospital: Hospital) -> Hospital:
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.prepare(hospital.ward, hospital.ids["Bert"])
        assert [one.name for one in people.members(hospital.ward).emergency] == ["Bert"]
    return hospital


def test_behind_whole_glass_nothing_is_seen(prepared: Hospital) -> None:
    with prepared.desk("Bert") as bert, bert.people() as people:
        assert bert.collections() == ()
        assert found(bert) == ""
        assert people.breakable() == ((prepared.ward, "Ward 9"),)
        with pytest.raises(NotAMember):
            people.members(prepared.ward)


def test_broken_glass_shows_and_the_auditor_is_told_who_and_why(prepared: Hospital) -> None:
    with prepared.desk("Bert") as bert, bert.people() as people:
        glass = people.break_glass(prepared.ward, REASON, 30)
        assert glass.ends - datetime.now(UTC) > timedelta(minutes=29)
        assert CANARY in found(bert)
        assert [one.title for one in bert.collections()] == ["Ward 9"]
    with prepared.desk("Egon") as egon, egon.people() as people:
        assert people.waiting() == 1
        (alert,) = people.alerts()
        assert (alert.person, alert.collection) == (prepared.ids["Bert"], prepared.ward)
        assert REASON in egon.log_payload(alert.record)
        people.review(alert.id, "Seen on the ward, was needed.")
        assert people.waiting() == 0
        with pytest.raises(UsageError):
            people.review(alert.id, "Seen on the ward, was needed.")
    actions = prepared.actions()
    for action in ("glass.preparing", "glass.prepared", "glass.broken", "glass.reviewed"):
        assert action in actions


def test_the_record_is_there_before_the_collection_opens(
    prepared: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("appliance.glass.open_under", dies)
    with (
        prepared.desk("Bert") as bert,
        bert.people() as people,
        pytest.raises(RuntimeError, match="killed"),
    ):
        people.break_glass(prepared.ward, REASON, 30)
    monkeypatch.undo()
    with prepared.desk("Egon") as egon, egon.people() as people:
        assert len(people.alerts()) == 1


def test_the_glass_stays_broken_over_a_new_log_in_and_not_beyond_its_time(
    prepared: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prepared.desk("Bert") as bert, bert.people() as people:
        ends = people.break_glass(prepared.ward, REASON, 30).ends
    with prepared.desk("Bert") as bert:
        assert CANARY in found(bert)
        with monkeypatch.context() as patch:
            patch.setattr("appliance.people.glass.Glasses._over", lambda *_: True)
            assert bert.collections() == ()
            assert found(bert) == ""
    at(monkeypatch, ends)
    with prepared.desk("Bert") as bert:
        assert bert.collections() == ()
    monkeypatch.undo()
    assert "glass.closed" in prepared.actions()


def test_a_clock_set_back_does_not_prolong_it(
    prepared: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prepared.desk("Bert") as bert, bert.people() as people:
        people.break_glass(prepared.ward, REASON, 1)
    real = datetime.now(UTC)
    at(monkeypatch, real + timedelta(minutes=2))
    with prepared.desk("Bert"):
        pass  # the log has seen the later time
    at(monkeypatch, real)
    with prepared.desk("Bert") as bert:
        assert bert.collections() == ()


def test_it_is_given_back_before_its_time(prepared: Hospital) -> None:
    with prepared.desk("Bert") as bert, bert.people() as people:
        people.break_glass(prepared.ward, REASON, 30)
        people.mend_glass(prepared.ward)
        assert bert.collections() == ()
        with pytest.raises(UsageError):
            people.mend_glass(prepared.ward)
    with prepared.desk("Bert") as bert:
        assert bert.collections() == ()


def test_only_who_was_prepared_breaks_it_whatever_their_role(prepared: Hospital) -> None:
    for name, error in (("Dora", NotAllowed), ("Egon", NotAllowed)):
        with prepared.desk(name) as desk, desk.people() as people, pytest.raises(error):
            people.break_glass(prepared.ward, REASON, 30)
    with prepared.desk("Anna") as anna, anna.people() as people:
        people.withdraw(prepared.ward, prepared.ids["Bert"])
        held = anna._sitting.desk
        assert held is not None
        assert not held.session.due(prepared.ward)  # it has its new key
    with prepared.desk("Bert") as bert, bert.people() as people, pytest.raises(NotPrepared):
        people.break_glass(prepared.ward, REASON, 30)
    assert "glass.broken" not in prepared.actions()


def test_through_broken_glass_nothing_is_changed(
    prepared: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with prepared.desk("Anna") as anna, anna.people() as people:
        people.set_roles(prepared.ids["Bert"], (Role.MEMBER, Role.CURATOR))
    papers = tmp_path_factory.mktemp("papers")
    (papers / "more.txt").write_text("More visitors are allowed.\n")
    with prepared.desk("Bert") as bert, bert.people() as people:
        people.break_glass(prepared.ward, REASON, 30)
        with pytest.raises(NotAllowed):
            added(bert, prepared.ward, papers)
        (document,) = bert.documents(prepared.ward)
        with pytest.raises(NotAllowed):
            bert.remove_document(prepared.ward, document.id)
        with pytest.raises(NotAllowed):
            people.join(prepared.ward, prepared.ids["Bert"])


@pytest.mark.parametrize("reason", ["", "   ", "urgent", "x" * 2_001])
def test_a_reason_is_written(prepared: Hospital, reason: str) -> None:
    with (
        prepared.desk("Bert") as bert,
        bert.people() as people,
        pytest.raises(ReasonMissing),
    ):
        people.break_glass(prepared.ward, reason, 30)


def test_the_time_is_bounded_by_the_institution(prepared: Hospital) -> None:
    settings = Settings(glass_minutes=15)
    with (
        prepared.desk("Bert", settings) as bert,
        bert.people() as people,
        pytest.raises(UsageError),
    ):
        people.break_glass(prepared.ward, REASON, 16)
    for minutes in (0, -1, 481):
        with pytest.raises(UsageError):
            require_minutes(minutes)


def test_nobody_reviews_what_they_did_themselves(prepared: Hospital) -> None:
    with prepared.desk("Egon") as egon, egon.people() as people:
        people.appoint(prepared.ids["Bert"])
    with prepared.desk("Bert") as bert, bert.people() as people:
        people.break_glass(prepared.ward, REASON, 30)
        (alert,) = people.alerts()
        with pytest.raises(UsageError, match="yourself"):
            people.review(alert.id, "I say it was needed.")


def test_a_glass_is_over_by_either_clock() -> None:
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    ticks, wall = [0.0], [noon]
    glasses = Glasses(lambda: ticks[0], lambda: wall[0])
    glasses.put("g", "ward", "Ward", noon + timedelta(minutes=1))
    assert glasses.holds("ward")
    ticks[0] = 60.0  # the clock on the wall was stopped
    assert not glasses.holds("ward")
    ticks[0], wall[0] = 1.0, noon + timedelta(minutes=1)
    assert not glasses.holds("ward")
    assert [glass.id for glass in glasses.over()] == ["g"]
    assert glasses.drop("ward") is not None
    assert glasses.drop("ward") is None
