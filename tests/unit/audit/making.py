"""Small logs to test on, and the values they are made of."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.audit import Log, Record
from appliance.values import Obligations, Outcome, Person, Question, Role, Verdict

KEY = bytes(range(32))
ORIGIN = "hospital.example/desk-7"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
VERDICT = Verdict(True, ("allow-members",), ("baseline@1",), "ab" * 32, Obligations())
PERSON = Person("p-1", "N. N.", (Role.MEMBER,))
ADDED = Record(
    "document.added",
    person="p-1",
    role="curator",
    object="c-1/d-2",
    outcome="added",
    details=(("pages", 3), ("whole", True), ("kind", "pdf")),
)


class Ticking:
    """A clock that moves a millisecond each time it is read."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def question(identity: str) -> Question:
    return Question(identity, "What is the dose?", PERSON, START)


def created(folder: Path) -> Log:
    return Log.create(folder, ORIGIN, KEY, Ticking(), seat="seat-1")


def reopened(folder: Path) -> Log:
    return Log.open(folder, KEY, Ticking(), seat="seat-1")


def filled(log: Log, records: int, *, payload_every: int = 5) -> None:
    """Asks (two records each) and other records, until the log has `records`."""
    number = 0
    while log.size < records:
        number += 1
        if number % 3 or log.size + 2 > records:
            sealed = os.urandom(40) if number % payload_every == 0 else None
            log.append(ADDED, sealed)
            continue
        asked = question(f"q-{log.size}")
        log.open_ask(asked, VERDICT, os.urandom(60))
        log.close_ask(asked, Outcome.ANSWERED, code="", payload=os.urandom(90))


def batched(log: Log, records: int) -> None:
    """Fills up to `records` quickly."""
    while log.size < records:
        log.append_batch([ADDED] * min(1000, records - log.size))
