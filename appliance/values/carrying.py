"""What comes in and goes out on a stick, as a screen shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ParcelItem:
    """One thing in a parcel. kind: revocation, policy, model, library or update. state: "new",
    "here" (on this machine already), "incomplete" (not all of it lies on the stick) or "barred"
    (this person may not take it in: `sentence` says why)."""

    id: str
    kind: str
    name: str
    version: str
    size: int
    state: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ParcelView:
    """What is on a stick; nothing was taken in. fingerprint: of the root of trust that its origin
    has on this machine. expires: when it will be refused."""

    origin: str
    fingerprint: str
    version: int
    expires: datetime
    items: tuple[ParcelItem, ...]


@dataclass(frozen=True, slots=True)
class ParcelOutcome:
    """How it went with one item. note: what to do with it now, if anything."""

    id: str
    done: bool
    sentence: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BackupMade:
    """written: bytes that were not in the folder before. fingerprint: of the key that signed it.
    left_out: files that are none of the product's."""

    number: int
    created: datetime
    files: int
    size: int
    written: int
    fingerprint: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupChecked:
    """Backups first to last of a folder are whole: every chunk was opened."""

    first: int
    last: int
    created: datetime
    chunks: int
    size: int


@dataclass(frozen=True, slots=True)
class BackupNoted:
    """The newest backup that the log speaks of."""

    number: int
    when: datetime
    size: int
