"""A part of the log in one file: what was looked for, and the proof of each record that fits.

Rules kept here: the file says that it is a part, what it holds, and which records were looked
through for it; every record in it is proved by one checkpoint, and that by keys to which the log's
first leads; what does not fit is not in it. That nothing which fits was left out is said by whoever
exported it, and the log holds the hash of what they said; the whole log alone proves it. Format:
docs/formats/log.md.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from appliance.audit.epochs import opened_chain, opened_checkpoint
from appliance.audit.errors import LogTampered
from appliance.audit.leaf import parsed_leaf, shown
from appliance.audit.merkle import leaf_hash
from appliance.audit.note import Checkpoint, decoded_base64
from appliance.audit.proofs import require_inclusion
from appliance.values import LogFilter, LogRecord

KIND: Final = "cloister/log-excerpt/v1"
ABOUT: Final = (
    "This is a part of a compliance log, not the log: the records that fit what was wanted, newest "
    "first, each with its proof. Whether any was left out, the whole log alone shows."
)
MOST: Final = 10_000
"""Records of one excerpt."""
LARGEST: Final = 256 * 1024 * 1024
_HEAD: Final = frozenset(
    {"about", "checkpoint", "end", "epochs", "excerpt", "first", "public_key", "records", "wanted"}
)


@dataclass(frozen=True, slots=True)
class Proved:
    """Records with their proofs, by one checkpoint. epochs: the notes of the log's keys."""

    public_key: str
    checkpoint: bytes
    epochs: tuple[bytes, ...]
    records: tuple[tuple[int, bytes, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What an excerpt holds. first, end: records first … end - 1 were looked through; those before
    are older than what was wanted."""

    wanted: LogFilter
    first: int
    end: int
    size: int
    root: bytes
    records: tuple[LogRecord, ...]


def fits(record: LogRecord, wanted: LogFilter) -> bool:
    if wanted.kinds and not record.action.startswith(wanted.kinds):
        return False
    if wanted.person and record.person != wanted.person:
        return False
    if wanted.outcome and record.outcome != wanted.outcome:
        return False
    if wanted.since is not None and record.time < wanted.since:
        return False
    return wanted.until is None or record.time < wanted.until


def written(wanted: LogFilter, first: int, end: int, proved: Proved) -> bytes:
    """The file, one JSON object a line: the head, then the records."""
    head = {
        "about": ABOUT,
        "checkpoint": proved.checkpoint.decode(),
        "end": end,
        "epochs": [note.decode() for note in proved.epochs],
        "excerpt": KIND,
        "first": first,
        "public_key": proved.public_key,
        "records": len(proved.records),
        "wanted": _spelled(wanted),
    }
    return b"".join(_lines(head, proved))


def require_excerpt(untrusted: bytes, public_key: str) -> Excerpt:
    """What is in an excerpt, all of it proved. public_key: the log's, had by another way. Raises
    LogTampered."""
    lines = untrusted.split(b"\n")
    if len(untrusted) > LARGEST or len(lines) < 2 or lines[-1]:
        raise LogTampered("The excerpt is not whole.")
    head = _head(lines[0])
    epochs = opened_chain([note.encode() for note in head.epochs], public_key)
    checkpoint = opened_checkpoint(head.checkpoint.encode(), epochs)
    if not 0 <= head.first <= head.end <= checkpoint.size:
        raise LogTampered("The excerpt speaks of records that its log has not.")
    records: list[LogRecord] = []
    above = head.end
    for line in lines[1:-1]:
        record = _record(line, checkpoint)
        if not head.first <= record.seq < above:
            raise LogTampered(f"Record {record.seq} is out of order.")
        if not fits(record, head.wanted):
            raise LogTampered(f"Record {record.seq} is not what the excerpt says was wanted.")
        above = record.seq
        records.append(record)
    if len(records) != head.records:
        raise LogTampered(f"The excerpt has {len(records)} records and speaks of {head.records}.")
    return Excerpt(
        head.wanted, head.first, head.end, checkpoint.size, checkpoint.root, tuple(records)
    )


@dataclass(frozen=True, slots=True)
class _Head:
    wanted: LogFilter
    first: int
    end: int
    records: int
    checkpoint: str
    epochs: tuple[str, ...]


def _lines(head: dict[str, object], proved: Proved) -> Iterator[bytes]:
    yield _line(head)
    for seq, leaf, proof in proved.records:
        hashes = [b64encode(one).decode() for one in proof]
        yield _line({"proof": hashes, "record": leaf.decode(), "seq": seq})


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _spelled(wanted: LogFilter) -> dict[str, object]:
    return {
        "kinds": list(wanted.kinds),
        "outcome": wanted.outcome,
        "person": wanted.person,
        "since": _moment(wanted.since),
        "until": _moment(wanted.until),
    }


def _moment(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat()


def _head(untrusted: bytes) -> _Head:
    try:
        value = json.loads(untrusted)
        said = value["wanted"]
        head = _Head(
            LogFilter(
                tuple(_text(kind) for kind in said["kinds"]),
                _text(said["person"]),
                _text(said["outcome"]),
                _when(said["since"]),
                _when(said["until"]),
            ),
            _number(value["first"]),
            _number(value["end"]),
            _number(value["records"]),
            _text(value["checkpoint"]),
            tuple(_text(note) for note in value["epochs"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LogTampered("This is no excerpt of a log.") from None
    if value.keys() != _HEAD or value["excerpt"] != KIND:
        raise LogTampered("This is no excerpt of a log that this version knows.")
    return head


def _record(untrusted: bytes, checkpoint: Checkpoint) -> LogRecord:
    try:
        value = json.loads(untrusted)
        seq, leaf = _number(value["seq"]), _text(value["record"]).encode()
        proof = [decoded_base64(_text(one)) for one in value["proof"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LogTampered("A line of the excerpt is no record.") from None
    require_inclusion(leaf_hash(leaf), seq, checkpoint.size, proof, checkpoint.root)
    return shown(parsed_leaf(leaf, seq))


def _text(untrusted: object) -> str:
    if not isinstance(untrusted, str):
        raise TypeError("not text")
    return untrusted


def _number(untrusted: object) -> int:
    if type(untrusted) is not int:
        raise TypeError("not a number")
    return untrusted


def _when(untrusted: object) -> datetime | None:
    """In UTC."""
    text = _text(untrusted)
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def wanted_in_words(wanted: LogFilter) -> str:
    """What was looked for, for the terminal; "everything" where nothing was left out."""
    said: Sequence[tuple[str, str]] = (
        ("actions", " ".join(f"{kind}*" for kind in wanted.kinds)),
        ("person", wanted.person),
        ("outcome", wanted.outcome),
        ("from", _moment(wanted.since)),
        ("before", _moment(wanted.until)),
    )
    return ", ".join(f"{name} {value}" for name, value in said if value) or "everything"
