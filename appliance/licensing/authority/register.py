"""The authority's register: every seat it ever gave, as a chain of entries, and what follows of it.

Rules kept here: each act appends one entry and never changes one; the head is a chained hash over
all of them, and every document the authority signs states count and head, so a register that was
restored from a backup, or copied and continued twice, contradicts what it signed before; a seat
number is held by one certificate at a time and lies within the licence. Pure: entries and times in,
a new register out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appliance.licensing.enrolment import MOST_DAYS
from appliance.licensing.errors import AuthorityRestored
from appliance.licensing.licence import MOST_GRACE
from appliance.licensing.request import Seen
from appliance.licensing.revocations import Reason, Revoked
from appliance.licensing.times import later, spelled
from appliance.vault.canonical import Json, canonical_json


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate was given. token: the enrolment it was given by, or ""."""

    at: datetime
    certificate: str
    number: int
    seat: str
    request: str
    label: str
    until: datetime
    tokens: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A certificate (or an enrolment token) no longer counts."""

    at: datetime
    id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Offered:
    """An enrolment token was made."""

    at: datetime
    token: str
    secret: str
    count: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A revocation list was signed under this number."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Told:
    """A seat's usage report was taken in: its number in the seat's row, and its hash."""

    at: datetime
    seat: str
    number: int
    sha256: str


Entry = Issued | Ended | Offered | Listed | Told


@dataclass(slots=True)
class Register:
    """What the entries come to. `heads[n]` is the head after n entries; the first is over the
    authority's own id. `over`: the names of seats that were revoked or given back; `ends`: when a
    certificate's lease ends, or a token. Not safe for several threads; the authority's folder lock
    covers it."""

    authority: str
    entries: list[Entry] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    holders: dict[int, Issued] = field(default_factory=dict)
    seats: dict[str, Issued] = field(default_factory=dict)
    requests: dict[str, Issued] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    offers: dict[str, Offered] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    lists: int = 0
    told: dict[str, Told] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    ends: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heads.append(
            hashlib.sha256(f"cloister/register/v1\n{self.authority}".encode()).hexdigest()
        )

    @staticmethod
    def of(authority: str, entries: Sequence[Entry]) -> Register:
        register = Register(authority)
        for entry in entries:
            register.add(entry)
        return register

    @property
    def seen(self) -> Seen:
        return Seen(len(self.entries), self.heads[-1] if self.entries else "")

    @property
    def last(self) -> datetime | None:
        """When the newest entry was made."""
        return max((entry.at for entry in self.entries), default=None)

    def add(self, entry: Entry) -> None:
        """The caller has checked that it may be."""
        self.entries.append(entry)
        line = bytes.fromhex(self.heads[-1]) + canonical_json(entry_body(entry))
        self.heads.append(hashlib.sha256(line).hexdigest())
        if isinstance(entry, Issued):
            self._issued(entry)
        elif isinstance(entry, Ended):
            self._ended(entry)
        elif isinstance(entry, Offered):
            self.offers[entry.token] = entry
            self.ends[entry.token] = later(entry.until, timedelta(days=MOST_DAYS))
        elif isinstance(entry, Listed):
            self.lists = entry.number
        else:
            self.told[entry.seat] = entry

    def _issued(self, entry: Issued) -> None:
        self.holders[entry.number] = entry
        self.seats[entry.seat] = entry
        self.requests[entry.request] = entry
        self.ends[entry.certificate] = later(entry.until, timedelta(days=MOST_GRACE))
        if entry.token:
            self.used[entry.token] = self.used.get(entry.token, 0) + 1

    def _ended(self, entry: Ended) -> None:
        self.ended[entry.id] = entry
        for number, holder in tuple(self.holders.items()):
            if holder.certificate == entry.id:
                del self.holders[number]
                self.seats.pop(holder.seat, None)
                if entry.reason is not Reason.REPLACED:
                    self.over.add(holder.seat)

    def require_seen(self, seen: Seen) -> None:
        """Raises AuthorityRestored where somebody has seen this authority sign what this register
        does not hold."""
        if seen.count >= len(self.heads) or (seen.count and self.heads[seen.count] != seen.head):
            raise AuthorityRestored(
                f"This authority has signed what its register does not hold (entry {seen.count} of "
                f"{len(self.entries)}): it was restored from a backup, or goes on somewhere else."
            )

    def free_number(self, seats: int) -> int:
        """The lowest seat number nobody holds; 0 where all are held."""
        return next((number for number in range(1, seats + 1) if number not in self.holders), 0)

    def tokens_given(self) -> int:
        """What of the month's quota is given to seats."""
        return sum(holder.tokens for holder in self.holders.values())

    def revoked(self, at: datetime) -> tuple[Revoked, ...]:
        """For a list signed at this time. What was replaced is left out: the seat goes on; and what
        has ended, the days of grace included, since the list's own time ends it everywhere."""
        return tuple(
            Revoked(one.id, one.reason, one.at)
            for one in self.ended.values()
            if one.reason is not Reason.REPLACED and self.ends.get(one.id, at) >= at
        )


def entry_body(entry: Entry) -> dict[str, Json]:
    """As it is hashed and stored."""
    common: dict[str, Json] = {"at": spelled(entry.at)}
    if isinstance(entry, Issued):
        return common | {
            "certificate": entry.certificate, "entry": "issued", "label": entry.label,
            "number": entry.number, "request": entry.request, "seat": entry.seat,
            "token": entry.token, "tokens": entry.tokens, "until": spelled(entry.until),
        }  # fmt: skip
    if isinstance(entry, Ended):
        return common | {"entry": "ended", "id": entry.id, "reason": entry.reason.value}
    if isinstance(entry, Offered):
        return common | {
            "count": entry.count, "entry": "offered", "secret": entry.secret,
            "token": entry.token, "until": spelled(entry.until),
        }  # fmt: skip
    if isinstance(entry, Listed):
        return common | {"entry": "listed", "number": entry.number}
    return common | {
        "entry": "told", "number": entry.number, "seat": entry.seat, "sha256": entry.sha256,
    }  # fmt: skip
