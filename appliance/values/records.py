"""What the log holds and says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MarkState(StrEnum):
    """What had just happened to a store when its mark was taken."""

    COMMIT = "commit"
    CHECKPOINT = "checkpoint"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StoreMark:
    """What the log holds of a store; the newest one suffices to verify the store at open.

    store_id is "kind/id". generation counts transactions. size and sha256 (hex) are of the main
    file at its last checkpoint; wal_size and wal_sha256 of what the write-ahead log held then.
    """

    store_id: str
    generation: int
    size: int
    sha256: str
    state: MarkState
    wal_size: int = 0
    wal_sha256: str = ""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A leaf of the log. `fields` are its further members, name and value, in canonical order."""

    seq: int
    time: datetime
    action: str
    person: str
    object: str
    outcome: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LogFound:
    """Records that were looked for, newest first. looked: how many were looked at for them. before:
    where to go on from, 0 where the log's beginning was reached."""

    records: tuple[LogRecord, ...]
    looked: int
    before: int


@dataclass(frozen=True, slots=True)
class Excerpted:
    """A part of the log that left in a file. found: records that fitted, of those `looked` through
    in a log of `size`. record: in which the log holds the file's hash; public_key: to check it."""

    found: int
    looked: int
    size: int
    sha256: str
    record: int
    public_key: str


@dataclass(frozen=True, slots=True)
class LogState:
    """The result of verifying the whole log: raise-free form for the screen."""

    verified: bool
    size: int
    root: str
    checked: datetime
    sentence: str
    witnessed: bool = False
