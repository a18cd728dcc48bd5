"""Whether a file is an answer that left here, byte for byte, by what the log says.

Rules kept here: a file is known by its SHA-256 and by nothing that stands in it; a copy of the log
is proved from the public key before what it says is believed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.audit.leaf import Leaf, shown
from appliance.audit.verify import verify
from appliance.errors import CloisterError
from appliance.values import ExportSeen, LogFilter, LogRecord

if TYPE_CHECKING:
    from appliance.logbook import Logbook

_ACTIONS: Final = ("answer.exported", "answer.exporting")


class NotAsItLeft(CloisterError):
    code = "not_as_it_left"
    hint = (
        "It was changed, however little, or it never left here. A copy of the log must be younger "
        "than the file."
    )


def seen_in_log(book: Logbook, digest: str) -> ExportSeen:
    """The newest record of the file with this SHA-256 (hex). Raises NotAllowed, NotAsItLeft,
    LogTampered."""
    before = -1
    while before:
        found = book.find(LogFilter(kinds=_ACTIONS), before)
        for record in found.records:
            if _of(record, digest):
                return _seen(record)
        before = found.before
    raise _unknown()


def seen_in_copy(folder: Path, key: str, digest: str) -> ExportSeen:
    """The same in an exported copy of the log. Raises what `verify` raises, and NotAsItLeft."""
    seen: list[LogRecord] = []

    def read(leaf: Leaf) -> None:
        if leaf.action in _ACTIONS:
            seen.extend(record for record in (shown(leaf),) if _of(record, digest))

    verify(folder, key, on_leaf=read)
    if not seen:
        raise _unknown()
    return _seen(seen[-1])


def _of(record: LogRecord, digest: str) -> bool:
    return dict(record.fields).get("details.sha256") == digest


def _seen(record: LogRecord) -> ExportSeen:
    said = dict(record.fields)
    return ExportSeen(
        record.seq,
        record.time,
        record.person,
        record.outcome,
        said.get("details.form", ""),
        said.get("details.records", ""),
    )


def _unknown() -> NotAsItLeft:
    return NotAsItLeft("No record of an export holds the hash of this file.")
