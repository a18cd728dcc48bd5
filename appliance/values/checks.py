"""What the program proves of itself and of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to leave. blocked is what it must be; detail is what the kernel said."""

    name: str
    blocked: bool
    detail: str


@dataclass(frozen=True, slots=True)
class AirgapReport:
    """holds is True when the guard is on and every probe was blocked."""

    platform: str
    guards: tuple[str, ...]
    probes: tuple[Probe, ...]
    tested: datetime

    @property
    def holds(self) -> bool:
        return bool(self.guards) and bool(self.probes) and all(p.blocked for p in self.probes)


Fact = tuple[str, str | int]
"""A named value of which nobody can be told: a count, a size, a word of the product's own."""


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the doctor: state is "ok", "warning" or "failed"; hint is the next step. The
    sentence may hold paths and titles. code (of the error, where there is one) and facts never do:
    they are what a diagnostics bundle says of this check."""

    name: str
    state: str
    sentence: str
    hint: str = ""
    code: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look that found nothing wrong has to say."""

    sentence: str
    facts: tuple[Fact, ...] = ()
