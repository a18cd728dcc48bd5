"""`cloister fleet verify`: the logs of many seats, exported, proved and counted together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from appliance.cli.arguments import Arguments
from appliance.cli.log import FileUnreadable
from appliance.cli.opening import guarded
from appliance.cli.output import Output
from appliance.clock import now
from appliance.errors import UsageError
from appliance.values import Fleet, SeatLog

KEYS_LIMIT = 16 << 20  # bytes


def verify(arguments: Arguments, output: Output) -> int:
    """Opens no vault and writes nothing. 1 if anything does not verify or is missing."""
    keys_file = arguments.text("keys")
    if not keys_file:
        raise UsageError("The keys of the seats are missing.", hint="Give them with --keys FILE.")
    guarded()
    text = keys_text(Path(keys_file))
    from appliance.fleet import read_keys, verified_fleet  # starts threads: behind the guard

    days = arguments.number("silent_days")
    fleet = verified_fleet(arguments.paths("folders"), read_keys(text), now=now(), silent_days=days)
    show(fleet, days, output)
    return 1 if fleet.problems else 0


def show(fleet: Fleet, silent_days: int, output: Output) -> None:
    for seat in fleet.seats:
        _show_seat(seat, output)
    for problem in fleet.problems:
        output.data(
            problem=problem.code,
            seat=problem.name or None,
            folder=problem.folder or None,
            sentence=problem.sentence,
        )
        where = problem.folder or problem.name
        _line(output, f"PROBLEM  {where}: {problem.sentence}")
    _show_sums(fleet, timedelta(days=silent_days), output)


def keys_text(path: Path) -> str:
    """Raises FileUnreadable."""
    try:
        with path.open("rb") as file:
            untrusted = file.read(KEYS_LIMIT + 1)
        if len(untrusted) > KEYS_LIMIT:  # cut short, it would leave seats out without a word
            raise FileUnreadable(f"{path} has more than {KEYS_LIMIT >> 20} MiB.")
        return untrusted.decode("utf-8-sig")
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{path} holds no keys: it is not text.") from error


def _line(output: Output, text: str) -> None:
    """Names of folders, versions and codes are others' words: none of them makes a line."""
    output.line(text.replace("\n", "\\n"))


def _show_seat(seat: SeatLog, output: Output) -> None:
    output.data(
        seat=seat.name,
        folder=seat.folder,
        verified=True,
        records=seat.records,
        first=seat.first.isoformat(),
        last=seat.last.isoformat(),
        version=seat.version or None,
        seat_id=seat.seat_id or None,
        packs=list(seat.packs),
        asks=dict(seat.asks),
        people=seat.people,
        programs=seat.programs,
        tokens=seat.tokens,
        models=list(seat.models),
        silent=seat.silent,
    )
    state = "SILENT " if seat.silent else "ok     "
    asked = sum(number for _, number in seat.asks)
    _line(
        output,
        f"{state}  {seat.name}: {seat.records:,} records, {asked:,} asks of {seat.people} people, "
        f"version {seat.version or 'unknown'}, last {seat.last:%Y-%m-%d %H:%M}",
    )


def _show_sums(fleet: Fleet, silence: timedelta, output: Output) -> None:
    output.data(
        seats=len(fleet.seats),
        problems=len(fleet.problems),
        silent=[seat.name for seat in fleet.silent],
        asks=dict(fleet.asks),
        refusals=dict(fleet.refusals),
        failures=dict(fleet.failures),
        versions=dict(fleet.versions),
        days=dict(fleet.days),
    )
    output.line()
    output.line(
        f"{len(fleet.seats)} seats verified, {len(fleet.problems)} problems, {len(fleet.silent)} "
        f"silent for more than {silence.days} days."
    )
    for title, counts in (
        ("Asks", fleet.asks),
        ("Refused by", fleet.refusals),
        ("Failed with", fleet.failures),
        ("Versions", fleet.versions),
    ):
        if counts:
            said = ", ".join(f"{name or 'no policy'} {number:,}" for name, number in counts)
            _line(output, f"{title}: {said}.")
