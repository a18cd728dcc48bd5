"""What an import tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from appliance.values.documents import PageFailure


class ImportState(StrEnum):
    PENDING = "pending"
    ADDED = "added"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportStarted:
    """job names the import for resuming; total counts the files found."""

    job: str
    total: int


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """One file is done (`done` of `total`). code, sentence and hint are set when it failed; page
    failures of an added file are listed. What is ADDED here is durable."""

    path: str
    done: int
    total: int
    state: ImportState
    pages: int = 0
    passages: int = 0
    code: str = ""
    sentence: str = ""
    hint: str = ""
    failures: tuple[PageFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportFinished:
    """Counts of the whole job. When cancelled, the rest can be resumed by `job`."""

    job: str
    added: int
    unchanged: int
    failed: int
    pages: int
    cancelled: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportWorking:
    """A file is being read; `done` of `total` files were finished before it. Of a long document,
    `passages` of `passages_total` are embedded so far (0 of 0 while it is parsed)."""

    path: str
    done: int
    total: int
    passages: int
    passages_total: int


ImportEvent: TypeAlias = ImportStarted | ImportWorking | ImportProgress | ImportFinished


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import that stopped before its end (cancelled or crashed)."""

    job: str
    collection: str
    remaining: int
    total: int
    started: datetime
