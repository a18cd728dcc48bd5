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


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the doctor: state is "ok", "warning" or "failed"; hint is the next step."""

    name: str
    state: str
    sentence: str
    hint: str = ""
