"""What was used, counted from the log: months for a usage report, tokens for a quota.

Rules kept here: the log is the one source, so what is billed can be proved; records are read once,
and only those that are new are read again; counts alone come out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from appliance.audit import Log
from appliance.licensing.usage import Month
from appliance.values import LogRecord, Outcome

_AT_ONCE = 1024
_ASK_CLOSED = "ask.closed"


class Meter:
    """Counts the asks of one log. Safe to call from several threads."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._months: dict[str, Month] = {}
        self._read = 0

    def tokens(self, month: str) -> int:
        """What was written for answers in that month ("2026-11")."""
        with self._lock:
            self._read = counted(self._log, self._read, self._months)
            return self._months.get(month, Month(month)).tokens


def counted(log: Log, start: int, months: dict[str, Month]) -> int:
    """Adds the records from `start` on to the months; returns the number of the next one."""
    while start < log.size:
        records = log.records(start, _AT_ONCE)
        _add(records, months)
        start += len(records)
    return start


def _add(records: Iterable[LogRecord], months: dict[str, Month]) -> None:
    for record in records:
        if record.action == _ASK_CLOSED:
            name = f"{record.time:%Y-%m}"
            months[name] = _with(months.get(name, Month(name)), record)


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
