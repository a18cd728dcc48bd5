"""`cloister log show|verify|export`."""

from __future__ import annotations

from pathlib import Path

from appliance.cli.arguments import Arguments
from appliance.cli.opening import unlocked
from appliance.cli.output import Output
from appliance.errors import UsageError

KEY_LIMIT = 16_384


def show(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance:
        start, count = arguments.number("start"), arguments.number("count")
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

    key = arguments.text("key")
    if not key:
        raise UsageError("The log's public key is missing.", hint="Give it with --key K.")
    if key.startswith("@"):
        with Path(key[1:]).open(encoding="utf-8") as file:
            key = file.read(KEY_LIMIT).strip()
    known = arguments.text("checkpoint")
    result = verify_folder(
        folder, key, known_checkpoint=Path(known).read_bytes() if known else None
    )
    output.data(verified=True, size=result.size, root=result.root.hex())
    output.line(
        f"The log verifies: {result.size} records, each one and its order proved by root "
        f"{result.root.hex()}."
    )
    return 0


def export(arguments: Arguments, output: Output) -> int:
    folder = Path(arguments.text("folder")).absolute()
    with unlocked(arguments, writable=(folder.parent,)) as appliance:
        key = appliance.export_log(folder)
    output.data(folder=str(folder), key=key)
    output.line(f"The log is exported to {folder}. Verify it anywhere with:")
    output.line(f"  cloister log verify {folder} --key '{key}'")
    return 0
