"""`cloister authority …`: IT's own machine gives seats, takes them back and counts them.

Rules kept here: the guard is on before the key is opened, and lets nothing be written but the
authority's folder, its anchor and what the command was told to write; a batch tells of each file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from appliance.airgap import guard, selftest
from appliance.cli.arguments import Arguments
from appliance.cli.output import Output
from appliance.cli.secrets import read_lines, read_passphrase, scripted
from appliance.cli.signed_files import (
    brought,
    file_name,
    folder_to_fill,
    gathered,
    is_kind,
    place,
    seat_named,
    write_new,
)
from appliance.clock import now
from appliance.errors import UsageError
from appliance.licensing.authority import keeping
from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.office import Authority, Given, new_authority, opened_authority
from appliance.licensing.machine import read_traits
from appliance.licensing.signed import Kind
from appliance.settings import default_data_folder, read_settings
from appliance.vault import harden_process

_PROMPT = "Passphrase of the seat authority: "


class PassphrasesDiffer(UsageError):
    code = "passphrases_differ"
    hint = "Type the same passphrase twice."


class NotADay(UsageError):
    code = "not_a_day"
    hint = "Write it as 2027-01-31."


def init(arguments: Arguments, output: Output) -> int:
    with place(arguments) as where:
        prompts = ("New passphrase: ", "Once more: ")
        given = read_lines(arguments, prompts[:1] if scripted(arguments) else prompts)
        if given[0] != given[-1]:
            raise PassphrasesDiffer("The two passphrases differ.")
        folder, anchors = _folders(arguments)
        _guarded((folder, anchors, *where.writable))
        institution = arguments.text("institution")
        content = new_authority(folder, anchors, given[0], read_traits(), institution, now())
        output.line(f"The seat authority of {institution} is made in {folder}.")
        output.line("Send this file to your vendor, who certifies it in your licence:")
        where.put(content, output)
    return 0


def passphrase(arguments: Arguments, output: Output) -> int:
    """From a descriptor or a file: two lines, the old and the new one."""
    prompts = (_PROMPT, "New passphrase: ", "Once more: ")
    given = read_lines(arguments, prompts[:2] if scripted(arguments) else prompts)
    if given[1] != given[-1]:
        raise PassphrasesDiffer("The two new passphrases differ.")
    keeping.change_passphrase(_entered(arguments), given[0], given[1])
    output.line("The passphrase of the seat authority is changed.")
    return 0


def licence(arguments: Arguments, output: Output) -> int:
    content = brought(arguments, output)
    with _opened(arguments) as authority:
        kept = authority.take_licence(content)
    output.data(licence=kept.id, serial=kept.serial, seats=kept.seats)
    output.line(f"The licence of {kept.institution} is kept: {kept.seats} seats.")
    return 0


def approve(arguments: Arguments, output: Output) -> int:
    """Receipts first, so that a seat given back is free for a request beside it. What else lies in
    a folder, certificates given before for one, is passed over. Status 1 where a file was
    refused."""
    files = gathered(arguments.paths("paths"), (Kind.REQUEST, Kind.RECEIPT))
    receipts = [one for one in files if is_kind(one[1], Kind.RECEIPT)]
    requests = [one for one in files if not is_kind(one[1], Kind.RECEIPT)]
    out = folder_to_fill(Path(arguments.text("out")).absolute())
    with _opened(arguments, (out,)) as authority:
        taken = authority.take_back([content for _, content in receipts])
        given = authority.approve([content for _, content in requests], _terms(arguments))
        for one in given:
            if one.certificate:
                write_new(out / file_name(one.number, one.label), one.certificate)
    refused = 0
    for (name, _), one in zip((*receipts, *requests), (*taken, *given), strict=True):
        refused += one.error is not None
        _tell(name, one, output)
    if not files:
        output.line("There is no request in there.")
    return int(bool(refused) or not files)


def revoke(arguments: Arguments, output: Output) -> int:
    """Revokes seats or a token, and writes the list under its next number."""
    with place(arguments) as where, _opened(arguments, where.writable) as authority:
        for wanted in arguments.texts("wanted"):
            held = authority.revoke(wanted)
            output.data(revoked=wanted, seats=[held.number] if held else [])
            output.line(f"Revoked: {seat_named(held.number, held.label) if held else wanted}.")
        output.line("The revocation list, to bring to every seat:")
        where.put(authority.revocation_list(), output)
    return 0


def enrol(arguments: Arguments, output: Output) -> int:
    until = _day(arguments.text("until"))
    with place(arguments) as where, _opened(arguments, where.writable) as authority:
        count, days = arguments.number("count"), arguments.number("days")
        content = authority.enrol(count, until, days)
        seats = "one seat" if count == 1 else f"{count} seats"
        output.line(f"An enrolment token for {seats}; keep it as you keep a key:")
        where.put(content, output)
    return 0


def report(arguments: Arguments, output: Output) -> int:
    """The seats that are held; with usage reports, their signed summary as well."""
    if not arguments.paths("paths"):
        with _opened(arguments) as authority:
            _list(authority, output)
        return 0
    contents = [content for _, content in gathered(arguments.paths("paths"), (Kind.USAGE,))]
    with place(arguments) as where, _opened(arguments, where.writable) as authority:
        summary, problems = authority.summary(contents)
        _list(authority, output)
        output.line("The usage summary, signed by this authority:")
        where.put(summary, output)
    for error in problems:
        output.data(refused=True, error=error.code, sentence=error.sentence, hint=error.next_step)
        output.line(f"NOT COUNTED: {error.sentence} {error.next_step}")
    return int(bool(problems))


def _list(authority: Authority, output: Output) -> None:
    held, licensed = authority.held(), authority.licence
    output.line(f"{licensed.institution}: {len(held)} of {licensed.seats} seats are held.")
    for one in held:
        output.data(
            seat=one.number,
            label=one.label,
            certificate=one.certificate,
            issued=one.issued.isoformat(),
            until=one.until.isoformat(),
            tokens=one.tokens,
        )
        named = f"  “{one.label}”" if one.label else ""
        output.line(f"  {one.number:5}  until {one.until:%Y-%m-%d}{named}")


def _tell(name: str, one: Given, output: Output) -> None:
    if one.error is not None:
        output.data(file=name, error=one.error.code, sentence=one.error.sentence,
                    hint=one.error.next_step)  # fmt: skip
        output.line(f"{name}: REFUSED. {one.error.sentence} {one.error.next_step}")
        return
    output.data(file=name, seat=one.number, label=one.label, given=bool(one.certificate))
    if one.certificate:
        output.line(f"{name}: seat {seat_named(one.number, one.label)}.")
    else:
        freed = f"seat {one.number} is free again" if one.number else "was taken back before"
        output.line(f"{name}: {freed}.")


@contextmanager
def _opened(arguments: Arguments, writable: Sequence[Path] = ()) -> Iterator[Authority]:
    given, (_, anchors) = read_passphrase(arguments, _PROMPT), _folders(arguments)
    folder = _entered(arguments, writable)
    with opened_authority(folder, anchors, given, read_traits(), now=now()) as authority:
        yield authority


def _entered(arguments: Arguments, writable: Sequence[Path] = ()) -> Path:
    """The authority's folder, with the guard on. Raises NoAuthority, and nothing is made then."""
    folder, anchors = _folders(arguments)
    keeping.require_there(folder)
    _guarded((folder, anchors, *writable))
    return folder


def _folders(arguments: Arguments) -> tuple[Path, Path]:
    """The authority's folder, and where its anchor lies: not below it, so that a backup of the one
    does not bring the other back."""
    given = arguments.text("authority")
    folder = Path(given) if given else default_data_folder().with_name("cloister-authority")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return folder.absolute(), (Path(state) / "cloister").absolute()


def _guarded(writable: Sequence[Path]) -> None:
    """Raises AirgapBroken and the guard's errors, as opening the vault does."""
    harden_process()
    required = read_settings().airgap == "required"
    folders = tuple(folder_to_fill(folder) for folder in writable)
    guard.engage(folders, screen=False, required=required)
    if required:
        selftest.require_proof(selftest.prove(now()))


def _terms(arguments: Arguments) -> Terms:
    return Terms(
        lease_days=arguments.number("lease_days"),
        tokens=arguments.number("tokens") if arguments.given_value("tokens") else None,
        replaces=arguments.number("replaces"),
        label=arguments.text("label"),
        accept_indistinct=arguments.flag("accept_indistinct"),
        accept_moved=arguments.flag("accept_moved"),
    )


def _day(text: str) -> datetime:
    """The end of that day, UTC. Raises NotADay."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise NotADay(f"“{text}” is no day.") from None
    return day.replace(hour=23, minute=59, second=59)
