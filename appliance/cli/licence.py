"""`cloister licence show|install` and `cloister seat request|activate|return|status|report`."""

from __future__ import annotations

from datetime import datetime

from appliance.cli.arguments import Arguments
from appliance.cli.opening import unlocked
from appliance.cli.output import Output
from appliance.cli.signed_files import brought, place, read_bounded, scanned, seat_named
from appliance.errors import UsageError
from appliance.licensing.signed import NAMES
from appliance.values import SeatView


def show(arguments: Arguments, output: Output) -> int:
    """How this installation stands. Status 0 where new answers are given, else 1."""
    with unlocked(arguments) as appliance:
        view = appliance.standing()
    _say(view, output)
    return int(not view.answers)


def install(arguments: Arguments, output: Output) -> int:
    """A licence, a certificate, a revocation list or an enrolment token: each says what it is."""
    if arguments.flag("scan"):
        contents = [scanned(output)]
    elif not arguments.paths("files"):
        raise UsageError("Which file is not said.", hint="Name it, or scan it with --scan.")
    else:
        contents = [read_bounded(path) for path in arguments.paths("files")]
    with unlocked(arguments) as appliance:
        with appliance.seat() as seat:
            for content in contents:
                name = NAMES[seat.take(content)]
                output.data(installed=name)
                output.line(f"The {name} is installed.")
        _say(appliance.standing(), output)
    return 0


def request(arguments: Arguments, output: Output) -> int:
    with place(arguments) as where:
        with unlocked(arguments, writable=where.writable) as appliance, appliance.seat() as seat:
            content = seat.request(arguments.text("label"), fresh=arguments.flag("new"))
        output.line("The seat request, to bring to your seat authority:")
        where.put(content, output)
    return 0


def activate(arguments: Arguments, output: Output) -> int:
    content = brought(arguments, output)
    with unlocked(arguments) as appliance:
        with appliance.seat() as seat:
            seat.take(content)
        _say(appliance.standing(), output)
    return 0


def give_back(arguments: Arguments, output: Output) -> int:
    with place(arguments) as where:
        with unlocked(arguments, writable=where.writable) as appliance, appliance.seat() as seat:
            content = seat.give_back()
        output.line("The seat is given back, its key destroyed. The receipt, for your authority:")
        where.put(content, output)
    return 0


def report(arguments: Arguments, output: Output) -> int:
    with place(arguments) as where:
        with unlocked(arguments, writable=where.writable) as appliance, appliance.seat() as seat:
            content = seat.usage(again=arguments.flag("again"))
        output.line("The usage report, signed by this seat:")
        where.put(content, output)
    return 0


def _say(view: SeatView, output: Output) -> None:
    output.data(
        state=view.state,
        code=view.code,
        answers=view.answers,
        sentence=view.sentence,
        hint=view.next_step,
        until=_time(view.until),
        institution=view.institution,
        plan=view.plan,
        seats=view.seats,
        serial=view.serial,
        features=list(view.features),
        ends=_time(view.ends),
        seat=view.seat,
        label=view.label,
        lease=_time(view.lease),
        requested=view.requested,
        revocations=view.revocations,
        tokens=view.tokens,
        tokens_used=view.tokens_used,
    )
    answers = "new answers are given" if view.answers else "NO new answers; the rest goes on"
    output.line(f"State: {view.state} ({answers}).")
    for said in (view.sentence, view.next_step):
        if said:
            output.line(f"  {said}")
    if view.institution:
        term = f"until {_day(view.ends)}" if view.ends else "without an end"
        output.line(f"Licence: {view.institution}, {view.plan}, {view.seats} seats, {term}.")
        output.line(f"  Features: {', '.join(view.features) or 'none'}; serial {view.serial}.")
    if view.seat:
        lease = f", leased until {_day(view.lease)}" if view.answers else ""
        output.line(f"Seat: {seat_named(view.seat, view.label)}{lease}.")
    if view.tokens:
        output.line(f"Tokens this month: {view.tokens_used:,} of {view.tokens:,}.")
    if view.requested:
        output.line("A request waits to be approved.")


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"
