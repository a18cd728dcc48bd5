"""What the appliance in memory holds, how fast it is, and what it raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from appliance.errors import CloisterError
from appliance.values import (
    Collection,
    ImportJob,
    LogRecord,
    Turn,
)
from tests.gui.memory_answers import (
    Stored,
)


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
    lets this person do."""

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
        "manage_seats", "manage_people", "manage_members", "back_up", "read_log",
    )  # fmt: skip


@dataclass(slots=True)
class State:
    name: str = ""
    passphrase: str = ""
    code: str = ""
    collections: dict[str, Collection] = field(default_factory=dict)
    documents: dict[str, dict[str, Stored]] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    titles: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    log: list[LogRecord] = field(default_factory=list)
    jobs: dict[str, Halted] = field(default_factory=dict)
