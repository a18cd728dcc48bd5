"""Usage reports: counted from the log, signed, and none left out or told twice unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance import metering
from appliance.licensing.errors import (
    DocumentForged,
    DocumentMalformed,
    ReportsDisagree,
    SeatMissing,
)
from appliance.licensing.licence import Plan
from appliance.licensing.usage import Month, open_summary, open_usage, usage_bytes
from appliance.values import LogRecord, Outcome
from tests.unit.licensing.world import TRUSTED, Desk, World, signer


def answered(desk: Desk, *, tokens: int = 0) -> None:
    """One ask, as the log has it."""
    desk.log.write("ask.opened")
    told = {"tokens": str(tokens)} if tokens else {}
    mode = "generate" if tokens else "quote"
    desk.log.write("ask.closed", Outcome.ANSWERED, "", mode=mode, **told)


def test_what_was_asked_is_counted_by_month_and_outcome(world: World) -> None:
    desk = world.seated("ward-1")
    answered(desk)
    answered(desk, tokens=40)
    for outcome in (Outcome.REFUSED, Outcome.FAILED, Outcome.CANCELLED):
        desk.log.write("ask.closed", outcome)
    world.clock.pass_days(9)
    answered(desk, tokens=2)
    usage = open_usage(desk.seat.usage(), world.licence)
    assert usage.months == (
        Month("2026-11", answered=2, written=1, refused=1, failed=1, cancelled=1, tokens=40),
        Month("2026-12", answered=1, written=1, tokens=2),
    )
    assert (usage.number, usage.start) == (1, 0)
    answered(desk)
    following = open_usage(desk.seat.usage(), world.licence)
    assert following.months == (Month("2026-12", answered=1),)
    assert (following.number, following.previous, following.start) == (2, usage.sha256, usage.end)


def test_reports_are_summed_up_and_silent_seats_are_named(world: World) -> None:
    first, second = world.seated("ward-1"), world.seated("ward-2")
    answered(first)
    report = first.seat.usage()
    with world.authority() as authority:
        content, problems = authority.summary((report,))
        again, _ = authority.summary((report, report))  # told twice, counted once
        public = authority.public
    summary = open_summary(content, public)
    assert not problems
    assert (summary.held, summary.seats, summary.silent) == (2, 3, (2,))
    assert summary.rows[0].months == (Month("2026-11", answered=1),)
    assert len(open_summary(again, public).rows) == 1
    assert second.state == "active"


def test_a_report_left_out_or_told_otherwise_is_found(world: World) -> None:
    desk = world.seated("ward-1")
    clone = desk.image(world.folder / "clone")
    first = desk.seat.usage()
    answered(desk)
    desk.seat.usage()
    answered(desk)
    third = desk.seat.usage()
    answered(clone)
    other = clone.seat.usage()
    with world.authority() as authority:
        assert not authority.summary((first,))[1]
        for wrong in (third, other):
            error = authority.summary((wrong,))[1][0]
            assert isinstance(error, ReportsDisagree)


def test_a_forged_report_or_summary_is_none(world: World) -> None:
    desk = world.seated("ward-1")
    answered(desk)
    report = desk.seat.usage()
    usage = open_usage(report, world.licence)
    thief = signer("thief")
    with pytest.raises(DocumentForged):
        open_usage(usage_bytes(replace(usage, key=thief.public("")), thief), world.licence)
    with pytest.raises(DocumentForged):
        open_usage(report.replace(b'"answered":1', b'"answered":0'), world.licence)
    with pytest.raises((DocumentForged, DocumentMalformed)):
        open_usage(report[:-9], world.licence)
    with world.authority() as authority:
        content, _ = authority.summary((report, b"nonsense", report.replace(b":1", b":2")))
    with pytest.raises(DocumentForged):
        open_summary(content, thief.public(""))


def test_a_used_up_quota_has_answers_quoted_until_the_month_ends(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=300)
    desk = world.seated("ward-1")
    assert desk.seat.view().tokens == 100
    answered(desk, tokens=99)
    seat = desk.seat
    assert seat.may_write()
    answered(desk, tokens=1)
    assert not seat.may_write()
    assert seat.refusal() is None  # quoted answers go on
    assert seat.view().tokens_used == 100
    world.clock.pass_days(9)
    assert seat.may_write()


def test_with_overage_more_than_the_quota_is_written_and_reported(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=3, overage=True)
    desk = world.seated("ward-1")
    answered(desk, tokens=9)
    assert desk.seat.may_write()
    assert open_usage(desk.seat.usage(), world.licence).months[0].tokens == 9


def test_a_licence_without_written_answers_has_them_quoted(world: World) -> None:
    desk = world.seated("ward-1")
    assert desk.seat.may_write()
    desk.seat.take(world.renewed(features=("api",)))
    assert not desk.seat.may_write()
    assert desk.seat.refusal() is None


def test_no_share_writes_nothing_and_an_enrolment_has_an_equal_one(
    world: World,
) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=300)
    none = world.seated("ward-1", tokens=0)
    assert not none.seat.may_write()
    assert none.seat.refusal() is None
    assert "answers are quoted" in none.seat.view().sentence
    assert none.seat.view().next_step
    with world.authority() as authority:
        token = authority.enrol(1, world.clock() + timedelta(days=30), 14)
    enrolled = world.desk("ward-2")
    enrolled.seat.take(token)
    answered(enrolled, tokens=99)
    assert enrolled.seat.may_write()
    answered(enrolled, tokens=1)
    assert not enrolled.seat.may_write()


def test_a_clock_put_back_into_the_last_month_gives_no_second_quota(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=300)
    desk = world.seated("ward-1")
    world.clock.time = datetime(2026, 12, 1, 3, tzinfo=UTC)
    answered(desk, tokens=100)
    assert not desk.seat.may_write()
    world.clock.pass_days(-0.5)  # less than a day: the seat itself goes on
    assert desk.seat.refusal() is None
    assert not desk.seat.may_write()


def test_where_the_log_runs_ahead_a_month_is_the_clocks(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=300)
    desk = world.seated("ward-1")
    world.clock.pass_days(20_000)
    desk.log.write("session.opened")
    world.clock.pass_days(-20_000)
    desk.seat.take(world.approve(desk.seat.request()))
    answered(desk, tokens=100)
    assert not desk.seat.may_write()
    world.clock.pass_days(9)
    assert desk.seat.refusal() is None
    assert desk.seat.may_write()
    answered(desk, tokens=2)
    months = open_usage(desk.seat.usage(), world.licence).months
    assert [(month.month, month.tokens) for month in months] == [("2026-11", 100), ("2026-12", 2)]


def test_after_a_smaller_quota_seats_are_renewed_within_it(world: World) -> None:
    world.relicensed(plan=Plan.MIXED, tokens=3_000)
    desks = [world.seated(tokens=tokens) for tokens in (2_000, 1_000, 0)]
    smaller = world.renewed(tokens=300)
    with world.authority() as authority:
        authority.take_licence(smaller, TRUSTED)
    for desk in desks:
        desk.seat.take(smaller)
        desk.seat.take(world.approve(desk.seat.request()))
    assert [desk.seat.view().tokens for desk in desks] == [100, 200, 0]


def test_what_was_reported_under_an_earlier_key_is_not_reported_again(world: World) -> None:
    desk = world.seated("ward-1")
    answered(desk)
    first = open_usage(desk.seat.usage(), world.licence)
    answered(desk)
    receipt = desk.seat.give_back()
    with world.authority() as authority:
        authority.take_back((receipt,))
    desk.seat.take(world.approve(desk.seat.request()))
    second = open_usage(desk.seat.usage(), world.licence)
    assert (second.number, second.start) == (1, first.end)
    assert second.months == (Month("2026-11", answered=1),)


def test_a_report_that_was_lost_on_its_way_is_handed_out_again(world: World) -> None:
    desk = world.seated("ward-1")
    with pytest.raises(SeatMissing):
        desk.seat.usage(again=True)
    answered(desk)
    report = desk.seat.usage()
    assert desk.seat.usage(again=True) == report
    with world.authority() as authority:
        assert authority.summary((desk.seat.usage(again=True), desk.seat.usage()))[1] == ()


def test_what_is_asked_while_a_report_is_made_is_in_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.seated("ward-1")
    answered(desk)
    read = desk.log.records

    def busy(start: int, count: int) -> tuple[LogRecord, ...]:
        if start:
            answered(desk)
        return read(start, count)

    with monkeypatch.context() as patch:
        patch.setattr(metering, "_AT_ONCE", 1)
        patch.setattr(desk.log, "records", busy)
        first = open_usage(desk.seat.usage(), world.licence)
    second = open_usage(desk.seat.usage(), world.licence)
    counted = sum(month.answered for usage in (first, second) for month in usage.months)
    assert first.months == (Month("2026-11", answered=1),)
    assert counted == sum(entry.action == "ask.closed" for entry in desk.log.entries)
