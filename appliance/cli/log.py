"""`cloister log show|verify|check|export`."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import file_digest
from pathlib import Path

from appliance.audit.errors import LogTampered
from appliance.cli.arguments import Arguments
from appliance.cli.opening import data_folder, unlocked
from appliance.cli.output import Output
from appliance.cli.placing import empty_folder, require_outside
from appliance.errors import CloisterError, UsageError

KEY_LIMIT = 16_384
CHECKPOINT_LIMIT = 1_000_000


class FileUnreadable(CloisterError):
    code = "file_unreadable"
    hint = "Check that the file exists and that you may read it."


class KeyMistyped(UsageError):
    code = "key_mistyped"
    hint = (
        "Copy the whole key, one line, from where `cloister log export` printed it; or put it into "
        "a file and give --key @FILE."
    )


def show(arguments: Arguments, output: Output) -> int:
    """The newest records, unless --start names the first."""
    with unlocked(arguments) as appliance:
        count = arguments.number("count")
        newest = max(appliance.log_size() - count, 0)
        start = arguments.number("start") if arguments.given_value("start") else newest
        payloads = arguments.flag("payloads")
        for record in appliance.log_records(start, count):
            text = appliance.log_payload(record.seq) if payloads else ""
            output.data(
                seq=record.seq,
                time=record.time.isoformat(),
                action=record.action,
                person=record.person,
                object=record.object,
                outcome=record.outcome,
                fields=dict(record.fields),
                payload=text or None,
            )
            what = " ".join(part for part in (record.object, record.outcome) if part)
            output.line(f"{record.seq:6}  {record.time:%Y-%m-%d %H:%M:%S}  {record.action}  {what}")
            if text:
                output.line(f"        {text}")
    return 0


def verify(arguments: Arguments, output: Output) -> int:
    folder = arguments.text("folder")
    if folder:
        return verify_copy(arguments, Path(folder), output)
    with unlocked(arguments) as appliance:
        state = appliance.verify_log()
    output.data(verified=state.verified, size=state.size, root=state.root, sentence=state.sentence)
    output.line(state.sentence)
    return 0 if state.verified else 1


def verify_copy(arguments: Arguments, folder: Path, output: Output) -> int:
    """Needs nothing but the copy and the public key: no vault, no passphrase, no writer code."""
    from appliance.audit.verify import verify as verify_folder

    key = _given_key(arguments)
    known = arguments.text("checkpoint")
    checkpoint = _content(Path(known), "checkpoint", CHECKPOINT_LIMIT) if known else None
    if folder.is_file():
        return _verify_excerpt(folder, key, output)
    result = verify_folder(folder, key, known_checkpoint=checkpoint)
    output.data(verified=True, size=result.size, root=result.root.hex())
    output.line(
        f"The log verifies: {result.size} records, each one and its order proved by root "
        f"{result.root.hex()}."
    )
    return 0


def check(arguments: Arguments, output: Output) -> int:
    """Whether a file is an answer that left here and was not changed. With a copy of the log it
    needs no vault."""
    from appliance.exports_checked import seen_in_copy, seen_in_log

    digest = _hash_of(Path(arguments.text("file")))
    folder = arguments.text("folder")
    if folder:
        seen = seen_in_copy(Path(folder), _given_key(arguments), digest)
    else:
        with unlocked(arguments) as appliance, appliance.logbook() as book:
            seen = seen_in_log(book, digest)
    output.data(
        sha256=digest,
        record=seen.record,
        time=seen.time.isoformat(),
        person=seen.person,
        outcome=seen.outcome,
        form=seen.form,
        answers=[int(record) for record in seen.records.split()],
    )
    output.line(
        f"The file is as it left on {seen.time:%Y-%m-%d %H:%M} UTC: log record {seen.record}, "
        f"written out by {seen.person}, with the answers of record(s) {seen.records or 'none'}."
    )
    return 0


def _verify_excerpt(file: Path, key: str, output: Output) -> int:
    """A part of the log, as the window exports what it has filtered."""
    from appliance.audit.excerpt import LARGEST, require_excerpt, wanted_in_words

    found = require_excerpt(_content(file, "excerpt", LARGEST + 1), key)
    wanted = wanted_in_words(found.wanted)
    output.data(
        verified=True,
        part=True,
        records=[record.seq for record in found.records],
        wanted=wanted,
        first=found.first,
        end=found.end,
        size=found.size,
        root=found.root.hex(),
    )
    output.line(
        f"The excerpt verifies: {len(found.records)} records, each proved to be in the log of "
        f"{found.size} records with root {found.root.hex()}."
    )
    output.line(
        f"It is a part of the log: {wanted}, looked for in {found.end - found.first} of "
        f"{found.size} records. Whether any was left out, the whole log alone shows."
    )
    return 0


def _given_key(arguments: Arguments) -> str:
    """Raises UsageError, FileUnreadable, KeyMistyped."""
    key = arguments.text("key")
    if not key:
        raise UsageError("The log's public key is missing.", hint="Give it with --key K.")
    if key.startswith("@"):
        key = _key_in(Path(key[1:]))
    _require_key(key)
    return key


def _require_key(key: str) -> None:
    """A key that was mistyped says nothing of the log. Raises KeyMistyped."""
    from appliance.audit.note import parsed_vkey

    try:
        parsed_vkey(key)
    except LogTampered as error:
        raise KeyMistyped(error.sentence) from error


def _key_in(path: Path) -> str:
    try:
        return _content(path, "key", KEY_LIMIT).decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"{path} holds no key: it is not text.", hint="Name the file that the key was put in."
        ) from error


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def _content(path: Path, what: str, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise FileUnreadable(f"The {what} {path} cannot be read: {error.strerror}.") from error


def export(arguments: Arguments, output: Output) -> int:
    folder = Path(arguments.text("folder")).absolute()
    require_outside(folder, data_folder(arguments))
    with ExitStack() as stack:
        stack.enter_context(empty_folder(folder))
        appliance = stack.enter_context(unlocked(arguments, writable=(folder,)))
        key = appliance.export_log(folder)
    output.data(folder=str(folder), key=key)
    output.line(f"The log is exported to {folder}. Verify it anywhere with:")
    output.line(f"  cloister log verify {folder} --key '{key}'")
    return 0
