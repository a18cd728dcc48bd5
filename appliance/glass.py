"""Breaking the glass: a collection that a person is no member of, in need, with a reason; and the
alerts that auditors review, of that and of the institution's recovery code.

Rules kept here: the alert to the auditors and the record with the reason, sealed to them, are
durable before the key is used; only who was prepared for it by a member holds a key to use; the
collection is read, never changed; when the time is over it is closed whatever goes on, and the
auditors' alert stays until one of them, not the person, has reviewed it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from appliance.clock import ticking
from appliance.errors import CloisterError, StoreTampered, UsageError
from appliance.people import (
    Glass,
    Glasses,
    NotPrepared,
    require_minutes,
    require_reason,
    require_remark,
)
from appliance.policy import Action
from appliance.rotation import open_under
from appliance.values import LogRecord, Role

if TYPE_CHECKING:
    from appliance.desk import Desk

BROKEN, REVIEWED = "glass.broken", "glass.reviewed"
RECOVERY = "collection.by_recovery_code"
_NEAR = 16  # records between an alert and what it is about


class NotYours(UsageError):
    code = "alert_is_about_you"
    hint = "Another auditor reviews it."


@dataclass(frozen=True, slots=True)
class Alert:
    """A glass that was broken, or a collection that somebody came to with the institution's
    recovery code (`recovery`; it has no reason and no end), and that no auditor has reviewed. Times
    are UTC; `record` is the number of the record that tells of it and holds the sealed reason, -1
    if the program was cut off before it."""

    id: str
    record: int
    person: str
    collection: str
    when: datetime
    ends: datetime
    recovery: bool = False


class BrokenGlass:
    """The glasses of an open desk. Safe to call from several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._glasses = Glasses(ticking, desk.now)
        self._timers: list[threading.Timer] = []

    def holds(self, collection: str) -> bool:
        """Whether the collection may be read now though this person is no member."""
        return self._glasses.holds(collection)

    def all(self) -> tuple[Glass, ...]:
        return self._glasses.all()

    def shatter(self, collection: str, reason: str, minutes: int) -> Glass:
        """Opens the collection for so long. Raises NotAllowed, ConfirmFirst, NotPrepared,
        ReasonMissing, UsageError, StoreTampered subclasses."""
        desk = self._desk
        reason = require_reason(reason)
        length = require_minutes(minutes, desk.settings.glass_minutes)
        desk.require_confirmed(Action.BREAK_GLASS, collection)
        title = dict(desk.session.emergency.collections()).get(collection)
        if title is None:
            desk.ledger.note(
                "glass.refused", object=collection, outcome="refused", code=NotPrepared.code
            )
            raise NotPrepared("You hold no key to this collection, not even for an emergency.")
        ends = (self._now() + length).replace(microsecond=0)
        glass, log = uuid4().hex, desk.ledger.log
        log.note_value("alert", glass, log.size)
        desk.ledger.note_sealed(
            BROKEN,
            glass,
            {"reason": reason},
            details=(("collection", collection), ("ends", _spelled(ends)), ("minutes", minutes)),
        )
        log.note_value("glass", f"{collection}/{desk.person.id}", int(ends.timestamp()))
        return self._open(glass, collection, title, ends)

    def reopen(self) -> None:
        """At log-in: what this person broke and whose time is not over. One whose store is not what
        the log recorded stays shut, and the log says so."""
        desk = self._desk
        for collection, title in desk.session.emergency.collections():
            until = desk.ledger.log.latest_value("glass", f"{collection}/{desk.person.id}") or 0
            ends = datetime.fromtimestamp(until, UTC)
            if self._now() < ends:
                try:
                    self._open(uuid4().hex, collection, title, ends)
                except StoreTampered as error:
                    desk.ledger.refused(f"collection/{collection}", error)

    def mend(self, collection: str) -> None:
        """Puts it back before its time. Raises UsageError if it is not broken."""
        if not self._end(collection, "given_back"):
            raise UsageError(
                "This glass is not broken.", hint="Its time may be over: then it is closed already."
            )
        self._desk.ledger.log.note_value("glass", f"{collection}/{self._desk.person.id}", 0)

    def expire(self) -> None:
        """Closes what is over. Called before a collection is used, and by a timer."""
        for glass in self._glasses.over():
            self._end(glass.collection, "over")

    def close(self) -> None:
        """The desk closes: timers end, and what is broken stays so until its time is over."""
        for timer in self._timers:
            timer.cancel()

    # --- auditors ----------------------------------------------------------------------------

    def alerts(self) -> tuple[Alert, ...]:
        """Those nobody has reviewed, oldest first. Raises NotAllowed."""
        self._desk.require(Action.READ_LOG)
        return tuple(self._alerts())

    def waiting(self) -> int:
        """How many alerts wait for an auditor; 0 for who is none."""
        return len(list(self._open_alerts())) if Role.AUDITOR in self._desk.person.roles else 0

    def review(self, alert: str, remark: str) -> None:
        """Closes an alert, with a remark sealed to the auditors. Raises NotAllowed, NotYours,
        RemarkMissing, UsageError (no such alert)."""
        desk = self._desk
        desk.require(Action.READ_LOG)
        found = next((one for one in self._alerts() if one.id == alert), None)
        if found is None:
            raise UsageError("There is no such alert.", hint="See `cloister people alerts`.")
        if found.person == desk.person.id:
            raise NotYours("You broke this glass yourself.")
        desk.ledger.note_sealed(REVIEWED, alert, {"remark": require_remark(remark)})
        desk.ledger.log.note_value("alert", alert, -1)

    def alert(self, action: str, collection: str) -> None:
        """For the auditors, of something about this collection; durable on return."""
        alert, log = uuid4().hex, self._desk.ledger.log
        log.note_value("alert", alert, log.size)
        self._desk.ledger.note(action, object=alert, details=(("collection", collection),))

    def _alerts(self) -> Iterator[Alert]:
        for alert, seq in self._open_alerts():
            records = self._desk.ledger.log.records(seq, _NEAR)
            about = next(
                (
                    one
                    for one in records
                    if one.action in (BROKEN, RECOVERY) and one.object == alert
                ),
                None,
            )
            yield _alert(alert, about, records[0].time)

    def _open_alerts(self) -> Iterator[tuple[str, int]]:
        known = self._desk.ledger.log.latest_values("alert").items()
        still = ((alert, seq) for alert, seq in known if seq >= 0)
        return iter(sorted(still, key=lambda pair: pair[1]))

    # --- within ------------------------------------------------------------------------------

    def _open(self, glass: str, collection: str, title: str, ends: datetime) -> Glass:
        open_under(self._desk, collection, self._desk.session.emergency.keys(collection))
        made = self._glasses.put(glass, collection, title, ends)
        timer = threading.Timer(max(made.stops - ticking(), 0.0), self._expire_quietly)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)
        return made

    def _expire_quietly(self) -> None:
        with suppress(CloisterError):  # the desk may just be closing; the next use tries again
            self.expire()

    def _end(self, collection: str, how: str) -> bool:
        glass = self._glasses.drop(collection)
        if glass is None:
            return False
        try:
            self._desk.library.close_collection(collection)
        finally:
            self._desk.ledger.note("glass.closed", object=collection, outcome=how)
        return True

    def _now(self) -> datetime:
        """Never earlier than the log's newest record, so that a clock set back wins no time."""
        log = self._desk.ledger.log
        (newest,) = log.records(log.size - 1, 1)
        return max(self._desk.now(), newest.time)


def _alert(alert: str, about: LogRecord | None, noted: datetime) -> Alert:
    if about is None:
        return Alert(alert, -1, "", "", noted, noted)
    fields = dict(about.fields)
    return Alert(
        alert,
        about.seq,
        about.person,
        fields.get("details.collection", ""),
        about.time,
        datetime.fromisoformat(fields.get("details.ends", _spelled(noted))),
        about.action == RECOVERY,
    )


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
