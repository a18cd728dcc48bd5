"""What was used, counted from the log: months for a usage report, tokens for a quota.

Rules kept here: the log is the one source, so what is billed can be proved; the quota's records are
read once, and only those that are new are read again; a month is that of the log's time, or, where
the log is known to run ahead (seat_evidence.py), of the clock noted since; counts alone come out.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from appliance.audit import Log
from appliance.licensing.standing import Standing, State
from appliance.licensing.times import milliseconds
from appliance.licensing.usage import Month
from appliance.values import LogRecord, Outcome

_AT_ONCE = 1024
_ASK_CLOSED = "ask.closed"
_VALUE_NOTED = "value.noted"


def quota(found: Standing) -> int | None:
    """The tokens that a seat may have written in a month; None without a bound. An enrolment has
    an equal share until its certificate says what its share is."""
    licence, certificate = found.licence, found.certificate
    if licence is None or not licence.tokens or licence.overage or found.state is State.EVALUATION:
        return None
    return licence.tokens // licence.seats if certificate is None else certificate.tokens


@dataclass(slots=True)
class _Count:
    """Of records that come by in order."""

    months: dict[str, Month] = field(default_factory=dict)
    read: int = 0
    _ahead: int = -1
    _clock: datetime | None = None

    def read_on(self, log: Log, end: int, start: int = 0) -> None:
        """To the record before `end`. Asks that ended before `start` are not counted."""
        while self.read < end:
            for record in log.records(self.read, min(_AT_ONCE, end - self.read)):
                if record.action == _VALUE_NOTED:
                    self._noted(record)
                elif record.action == _ASK_CLOSED and record.seq >= start:
                    name = f"{self._time(record):%Y-%m}"
                    self.months[name] = _with(self.months.get(name, Month(name)), record)
                self.read += 1

    def _noted(self, record: LogRecord) -> None:
        kind, value = record.object.partition("/")[0], dict(record.fields).get("details.value", "")
        if kind == "clock":
            self._clock = datetime.fromtimestamp(int(value), UTC)
        elif kind == "clock-ahead":
            self._ahead = int(value)

    def _time(self, record: LogRecord) -> datetime:
        runs_ahead = milliseconds(record.time) == self._ahead
        return self._clock if runs_ahead and self._clock is not None else record.time


class TokenMeter:
    """Counts what was written, by month. Safe to call from several threads."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._count = _Count()

    def tokens(self, month: str) -> int:
        """What was written for answers in that month ("2026-11")."""
        with self._lock:
            self._count.read_on(self._log, self._log.size)
            return self._count.months.get(month, Month(month)).tokens


def months_of(log: Log, start: int, end: int) -> tuple[Month, ...]:
    """What was asked in the records [start, end), by month. Reads the log from its beginning, since
    what was noted of the clock before `start` counts."""
    count = _Count()
    count.read_on(log, end, start)
    return tuple(count.months[name] for name in sorted(count.months))


def _with(month: Month, record: LogRecord) -> Month:
    if record.outcome == Outcome.ANSWERED:
        fields = dict(record.fields)
        return replace(
            month,
            answered=month.answered + 1,
            written=month.written + (fields.get("details.mode") == "generate"),
            tokens=month.tokens + int(fields.get("details.tokens", "0")),
        )
    if record.outcome == Outcome.REFUSED:
        return replace(month, refused=month.refused + 1)
    if record.outcome == Outcome.CANCELLED:
        return replace(month, cancelled=month.cancelled + 1)
    return replace(month, failed=month.failed + 1)
