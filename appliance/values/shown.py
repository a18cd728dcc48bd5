"""What an installation shows of itself: policies, models, the machine, the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PackShown:
    """A policy pack in force. origin: "shipped" or "brought". clauses: regulation, clause, what the
    pack does about it. cases: how many it brings."""

    name: str
    version: str
    serial: int
    author: str
    signer: str
    sha256: str
    origin: str
    clauses: tuple[tuple[str, str, str], ...]
    cases: int


@dataclass(frozen=True, slots=True)
class Applies:
    """What holds for one person and one action. policies: the ids of those that decided. sentence:
    what a refusal says. obliged: what an allowed question is bound to, name and value."""

    action: str
    allowed: bool
    policies: tuple[str, ...]
    sentence: str = ""
    obliged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PoliciesShown:
    """current: whether the packs on this machine are those that decide now; others came in since
    the log-in. pack_hash: of those that decide."""

    packs: tuple[PackShown, ...]
    applies: tuple[Applies, ...]
    pack_hash: str
    lock_minutes: int
    current: bool


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A case of a pack, decided now. said: what was decided, in the policies' ids; wanted: what the
    case demands."""

    pack: str
    title: str
    allowed: bool
    holds: bool
    said: tuple[str, ...]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second that a model wrote and read here; 0.0 where it did not fit. load: seconds
    that it took to be ready."""

    written: float
    read: float
    load: float = 0.0
    threads: int = 0


@dataclass(frozen=True, slots=True)
class ModelShown:
    """A language model on this machine. signed: by somebody trusted here, else an administrator
    took it in. shipped: with the program; it is not removed. used: it writes the answers. problem:
    why it cannot be used. targets: what it has code for. speed: as last measured here."""

    id: str
    family: str = ""
    format: str = ""
    context: int = 0
    parameters: int = 0
    size: int = 0
    licence: str = ""
    source: str = ""
    targets: tuple[str, ...] = ()
    signed: bool = True
    shipped: bool = False
    used: bool = False
    problem: str = ""
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a model has to run on. level: the processor's instructions ("x86-64-v4"), "" where the
    system does not say. memory, free: bytes, 0 where it does not say. gpu: its name; "" for none,
    or where gpu_note says why it is not used."""

    processor: str
    level: str
    cores: int
    memory: int
    free: int
    gpu: str
    gpu_note: str


@dataclass(frozen=True, slots=True)
class PartShown:
    """A part of the program. licence: as its own metadata states it. purpose and chosen: from the
    list of dependencies, "" where that does not lie beside the program. texts: licence texts it
    brings, by file name."""

    name: str
    version: str
    licence: str
    purpose: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Records that are wanted: all of these at once, "" and None for any. kinds: beginnings of
    actions ("ask.", "document."). since and until: from then, and before then."""

    kinds: tuple[str, ...] = ()
    person: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def anything(self) -> bool:
        """Whether it leaves nothing out."""
        return self == LogFilter()
