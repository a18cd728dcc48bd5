"""What the appliance in memory holds, how fast it is, and what it raises."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.errors import CloisterError
from appliance.values import Collection, ImportJob, LogRecord, Turn, Verdict
from tests.gui.memory_answers import Stored, fields_of


class WrongPassphrase(CloisterError):
    code = "wrong_passphrase"
    hint = "Check the keyboard layout and Caps Lock, or use the recovery code."


class Unreadable(CloisterError):
    code = "document_unreadable"


@dataclass(slots=True)
class Halted:
    job: ImportJob
    rest: list[Path]


@dataclass(slots=True)
class Pace:
    """Seconds each thing takes, and switches for what goes wrong. writes: the policy allows
    written answers; model: who writes them; note, works, starting: as in Writing; dies_at: at which
    word the engine ends, 0 for never; several: several people use it; ticks: the time that
    never goes back; stale: exporting and administration need the passphrase again; alerts: broken
    glass that waits for an auditor; spent: tokens written; allowed: what the policy
    lets this person do; forbids: it lets nothing be judged, explained or exported."""

    stage: float = 0.0
    file: float = 0.0
    unlock: float = 0.0
    tokens: int = 0
    token: float = 0.0
    writes: bool = False
    model: str = ""
    note: str = ""
    works: bool = True
    starting: bool = False
    dies_at: int = 0
    fail_ask: bool = False
    raise_ask: bool = False
    broken_log: bool = False
    several: bool = False
    ticks: float = 0.0
    stale: bool = False
    alerts: int = 0
    spent: int = 0
    allowed: tuple[str, ...] = (
        "manage_seats", "manage_people", "manage_members", "back_up", "read_log", "import",
        "create_collection", "remove_document", "verify_log", "export_log", "attach",
        "export_answer", "read_history",
    )  # fmt: skip
    forbids: bool = False
    breached: bool = False
    """A way out is found open when they are all tried again."""


@dataclass(slots=True)
class State:
    name: str = ""
    passphrase: str = ""
    code: str = ""
    collections: dict[str, Collection] = field(default_factory=dict)
    documents: dict[str, dict[str, Stored]] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    titles: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    attached: dict[str, dict[str, Stored]] = field(default_factory=dict)
    copied: list[tuple[str, int]] = field(default_factory=list)
    pinned: set[str] = field(default_factory=set)
    folders: dict[str, str] = field(default_factory=dict)
    log: list[LogRecord] = field(default_factory=list)
    jobs: dict[str, Halted] = field(default_factory=dict)
    guard: threading.RLock = field(default_factory=threading.RLock)
    clock: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    """Goes on with every record."""

    def note(self, action: str, thing: str, outcome: str, verdict: Verdict | None = None) -> int:
        """Appends to the log; which record it is."""
        with self.guard:
            seq = len(self.log)
            self.clock += timedelta(seconds=37)
            fields = fields_of(verdict)
            self.log.append(LogRecord(seq, self.clock, action, self.name, thing, outcome, fields))
            return seq
