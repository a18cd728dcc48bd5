"""`cloister airgap report|verify`.

Rule kept here: who verifies needs the files and the log's public key, no vault and no passphrase.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from appliance.cli.arguments import Arguments
from appliance.cli.log import given_key
from appliance.cli.opening import data_folder, guarded, unlocked
from appliance.cli.output import Output
from appliance.cli.placing import new_file, require_outside, write_durably
from appliance.errors import CloisterError, UsageError
from appliance.values import Sheet, evidence_paths

TYPESETTING = "gui.typesetting"
"""By name: the appliance knows no screen."""
_LIMIT = 256 * 1024 * 1024
_ANEW = "Free some space, or name a disk that has some; then write it out anew."


class FileMissing(CloisterError):
    code = "file_missing"
    hint = "Put the .html, the .pdf and the .proof into one folder, under one name."


class NoScreenPart(CloisterError):
    code = "no_typesetter"
    hint = "Install Cloister anew: the part that sets PDFs is missing."


def report(arguments: Arguments, output: Output) -> int:
    """0 whether the air gap held or not: the evidence says which, and so does the last line."""
    paths = _paths(Path(arguments.text("file")).absolute())
    for path in paths:
        require_outside(path, data_folder(arguments))
    with ExitStack() as stack:
        descriptors = [stack.enter_context(new_file(path)) for path in paths]
        appliance = stack.enter_context(unlocked(arguments))

        def into(*contents: bytes) -> None:
            try:
                for descriptor, content in zip(descriptors, contents, strict=True):
                    write_durably(descriptor, content, "The report", _ANEW)
            except BaseException:
                for descriptor in descriptors:  # empty ones are taken away: all three or none
                    os.ftruncate(descriptor, 0)
                raise

        from appliance.airgap_evidence import write_evidence  # late: it imports what starts threads

        tried = appliance.prove_airgap()
        with appliance.at_desk() as desk:
            written = write_evidence(desk, tried, _typesetter(), into)
    output.data(
        files=[str(path) for path in paths], html=written.html, pdf=written.pdf,
        record=written.record, holds=written.holds, marked=written.marked, key=written.public_key,
    )  # fmt: skip
    output.line(f"The evidence is in {paths[0]}, {paths[1].name} and {paths[2].name}.")
    held = "The air gap held." if written.holds else "THE AIR GAP DID NOT HOLD: see the report."
    output.line(
        f"{held} {_red(written.marked)}Log record {written.record}. Anyone can verify it with:"
    )
    output.line(f"  cloister airgap verify {paths[0]} --key '{written.public_key}'")
    return 0


def verify(arguments: Arguments, output: Output) -> int:
    """0 if the files are as the log has them, whatever they say of the air gap."""
    guarded()
    from appliance.airgap_evidence import require_evidence  # late: it imports what starts threads

    key = given_key(arguments)
    html, pdf, beside = _paths(Path(arguments.text("file")))
    found = {
        kind: content
        for kind, path in (("html", html), ("pdf", pdf))
        if (content := _read(path)) is not None
    }
    proof = _read(beside)
    if not found or proof is None:
        missing = "proof" if found else "report"
        raise FileMissing(f"There is no {missing} called {beside.stem}.")
    checked = require_evidence(proof, key, found)
    record = checked.record
    output.data(
        verified=True, files=list(checked.files), record=record.leaf.seq, log=record.log,
        written=record.written.isoformat(), person=record.leaf.person, role=record.leaf.role,
        holds=checked.holds, marked=checked.marked,
    )  # fmt: skip
    output.line(
        f"Verified: {' and '.join(checked.files)} are as record {record.leaf.seq} of the log "
        f"{record.log} has them, written {record.written:%Y-%m-%d %H:%M:%S} UTC by "
        f"{record.leaf.person} ({record.leaf.role})."
    )
    held = "The air gap held then." if checked.holds else "The air gap did NOT hold then."
    output.line(f"{held} {_red(checked.marked)}It says nothing of any other time.")
    return 0


def _red(marked: int) -> str:
    return f"Marked red in the report: {marked}. " if marked else ""


def _paths(path: Path) -> tuple[Path, Path, Path]:
    """Page, PDF and proof. Raises UsageError."""
    if not path.name:
        raise UsageError(f"{path} names no file.", hint="Name one, like air-gap.html.")
    return evidence_paths(path)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}.") from error


def _typesetter() -> Callable[[Sheet], bytes]:
    try:
        found: Callable[[], Callable[[Sheet], bytes]]
        found = importlib.import_module(TYPESETTING).typesetter
        return found()
    except ImportError as error:
        raise NoScreenPart("The part that sets PDFs cannot be loaded.") from error
