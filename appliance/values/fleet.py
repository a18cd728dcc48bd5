"""Many seats at once, as their exported logs prove them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeatLog:
    """One log that verified. asks: by outcome, "open" for those without a closing record. people:
    how many asked; programs: how many asked for them; tokens: written for answers. seat_id,
    version, packs and models: the newest the log speaks of. silent: nothing was written for longer
    than was asked about."""

    name: str
    folder: str
    records: int
    first: datetime
    last: datetime
    version: str
    seat_id: str
    packs: tuple[str, ...]
    asks: tuple[tuple[str, int], ...]
    people: int
    programs: int
    tokens: int
    models: tuple[str, ...]
    silent: bool


@dataclass(frozen=True, slots=True)
class SeatProblem:
    """A folder whose log does not verify, two that are not one history, or a seat without a folder
    (folder "")."""

    name: str
    folder: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """asks: of all seats by outcome. refusals: by the policies that decided (ids, by commas).
    failures: by error code. versions: how many seats have each. days: asks by day (UTC), the
    newest 31 that have any."""

    seats: tuple[SeatLog, ...]
    problems: tuple[SeatProblem, ...]
    asks: tuple[tuple[str, int], ...]
    refusals: tuple[tuple[str, int], ...]
    failures: tuple[tuple[str, int], ...]
    versions: tuple[tuple[str, int], ...]
    days: tuple[tuple[str, int], ...]

    @property
    def silent(self) -> tuple[SeatLog, ...]:
        return tuple(seat for seat in self.seats if seat.silent)
