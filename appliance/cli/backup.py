"""`cloister backup create|verify|list|clear|restore`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.arguments import Arguments
from appliance.cli.model import size
from appliance.cli.opening import data_folder, guarded, unlocked
from appliance.cli.output import Output
from appliance.cli.secrets import read_passphrase
from appliance.errors import UsageError

if TYPE_CHECKING:
    from appliance.restoring import Outcome

CODE = "Recovery code: "
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class FolderMissing(UsageError):
    code = "folder_missing"
    hint = "Plug the medium in, or make the folder first."


def create(arguments: Arguments, output: Output) -> int:
    folder = _folder(arguments)
    with (
        unlocked(arguments, writable=(folder,)) as appliance,
        appliance.administration() as administration,
    ):
        written = administration.backups.create(
            folder, recheck=arguments.flag("recheck"), progress=_progress(output, "backing up")
        )
    manifest = written.manifest
    output.data(
        backup=manifest.number,
        files=manifest.files,
        size=manifest.content_size,
        written_chunks=written.written_chunks,
        written_size=written.written_size,
        manifest=written.sha256,
        key=written.fingerprint,
        left_out=list(written.left_out),
        refused_stores=written.refused,
    )
    output.line(
        f"Backup {manifest.number} is made: {manifest.files} files, "
        f"{size(manifest.content_size)}; {size(written.written_size)} had to be written for it."
    )
    output.line(
        f"Check it anywhere with: cloister backup verify {folder} --key {written.fingerprint}"
    )
    if written.refused:
        output.note(
            f"{written.refused} stores are NOT what the log recorded; they are in it as they lie "
            "here. Keep the earlier backups, which may have them whole."
        )
    for path in written.left_out:
        output.note(f"Left out, for it is no file of Cloister's: {path}")
    return 0


def verify(arguments: Arguments, output: Output) -> int:
    """Logged in, every chunk is opened; with --recovery too, on any machine. With --key signatures
    and hashes alone are checked, and no secret is needed."""
    folder, number = _folder(arguments), _number(arguments)
    progress = _progress(output, "checking")
    key = arguments.text("key").strip().lower()
    if key and arguments.flag("recovery"):
        raise UsageError("--key and --recovery are two ways of checking.", hint="Give one of them.")
    if key and not _FINGERPRINT.fullmatch(key):  # mistyped is not forged
        raise UsageError(
            "A fingerprint has 64 hexadecimal digits.",
            hint="Copy it from where `cloister backup create` printed it.",
        )
    if key:
        guarded()
        from appliance.backups import check_signed  # late: it imports what starts threads

        checked = check_signed(folder, key, number=number, progress=progress)
    elif arguments.flag("recovery"):
        guarded()
        from appliance.backups import check_with_code

        checked = check_with_code(
            folder, lambda: _recovery_code(arguments), number=number, progress=progress
        )
    else:
        with unlocked(arguments) as appliance, appliance.administration() as administration:
            checked = administration.backups.check(folder, number=number, progress=progress)
    output.clear()
    output.data(
        verified=True,
        first=checked.first,
        last=checked.last,
        chunks=checked.chunks,
        size=checked.size,
        opened=checked.opened,
        key=checked.fingerprint,
    )
    which = f"backup {checked.first}"
    if checked.last != checked.first:
        which = f"backups {checked.first} to {checked.last}"
    how = "every chunk was opened" if checked.opened else "every signature and hash was checked"
    output.line(f"Whole: {which}, {checked.chunks} chunks, {size(checked.size)}; {how}.")
    return 0


def show(arguments: Arguments, output: Output) -> int:
    """Needs neither a vault nor a login: a manifest holds no secret."""
    guarded()
    from appliance.backups import list_backups

    entries = list_backups(_folder(arguments))
    for entry in entries:
        if entry.signed is None:
            output.data(backup=entry.number, problem=entry.problem)
            output.line(f"{entry.number:6}  NOT USABLE: {entry.problem}")
            continue
        manifest = entry.signed.manifest
        output.data(
            backup=manifest.number,
            created=manifest.created.isoformat(),
            files=manifest.files,
            size=manifest.content_size,
            records=manifest.log_size,
            vault=manifest.vault,
            manifest=entry.signed.sha256,
        )
        output.line(
            f"{manifest.number:6}  {manifest.created:%Y-%m-%d %H:%M:%S}  {manifest.files} files, "
            f"{size(manifest.content_size)}, log of {manifest.log_size} records"
        )
    return int(any(entry.problem for entry in entries))


def clear(arguments: Arguments, output: Output) -> int:
    folder, keep = _folder(arguments), arguments.number("keep")
    if keep < 1:
        raise UsageError("One backup stays at least.", hint="Give --keep N, N from 1.")
    with (
        unlocked(arguments, writable=(folder,)) as appliance,
        appliance.administration() as administration,
    ):
        cleared = administration.backups.clear(
            folder, keep=keep, progress=_progress(output, "checking")
        )
    output.clear()
    output.data(
        cleared=list(cleared.gone),
        first=cleared.first,
        last=cleared.last,
        chunks=cleared.chunks,
        size=cleared.size,
    )
    output.line(
        f"{len(cleared.gone)} old backups are gone, {size(cleared.size)} with them. What stays is "
        f"whole: {cleared.first} to {cleared.last}."
    )
    return 0


def restore(arguments: Arguments, output: Output) -> int:
    """Into the data folder that --data names, which must be empty; with the recovery code alone."""
    from appliance.app import now, open_appliance

    folder, data = _folder(arguments), data_folder(arguments)
    appliance = open_appliance(data)
    try:
        from appliance.restoring import restore_into

        outcome = restore_into(
            appliance,
            folder,
            lambda: _recovery_code(arguments),
            now,
            number=_number(arguments),
            salvage=arguments.flag("salvage"),
            progress=_progress(output, "restoring"),
        )
    finally:
        appliance.close()
    _tell_restored(outcome, data, output)
    return int(bool(outcome.lost))


def _tell_restored(outcome: Outcome, data: Path, output: Output) -> None:
    manifest = outcome.manifest
    output.clear()
    output.data(
        restored=manifest.number,
        created=manifest.created.isoformat(),
        newest=outcome.newest,
        older=outcome.older,
        record=outcome.record,
        restorations=outcome.restorations,
        lost=list(outcome.lost),
        data=str(data),
    )
    output.line(
        f"Backup {manifest.number} of {manifest.created:%Y-%m-%d %H:%M:%S} UTC is restored into "
        f"{data}. The log says so in record {outcome.record}."
    )
    for path in outcome.lost:
        output.line(f"LOST, for it is damaged in the backup: {path}")
    if outcome.older:
        output.line(
            f"It is NOT the newest: backup {outcome.newest} is in the folder too. What was done "
            "after the restored one is missing here."
        )
    output.line(
        "What was logged after the backup was made is not in it: compare with the auditors' last "
        "checkpoint. This seat must be certified again before it answers."
    )
    output.line(
        "Every token of a program has ended. Whoever was removed, closed or given other rights "
        "since the backup was made is as before: do that again."
    )


def _recovery_code(arguments: Arguments) -> str:
    path = arguments.text("recovery_file")
    if not path:
        return read_passphrase(arguments, CODE)
    try:
        with Path(path).open("rb") as file:
            return file.read(400).decode("utf-8", "replace").strip()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", hint="Name the file with the code."
        ) from error


def _folder(arguments: Arguments) -> Path:
    folder = Path(arguments.text("folder")).absolute()
    try:
        there = folder.is_dir()
    except OSError as error:
        raise FolderMissing(f"{folder} cannot be read: {error.strerror}.") from error
    if not there:
        raise FolderMissing(f"There is no folder {folder}.")
    return folder


def _number(arguments: Arguments) -> int | None:
    number = arguments.number("number")
    if number < 0:
        raise UsageError("Backups are numbered from 1.", hint="`cloister backup list` shows them.")
    return number or None


def _progress(output: Output, doing: str) -> Callable[[int, int], None]:
    def say(done: int, total: int) -> None:
        output.progress(f"{doing}: {100 * done // max(total, 1)} %")

    return say
