"""The log as an auditor reads it: looked through by what was done, by whom and how it ended, and
each record with the proof that it is in the log.

Rules kept here: the policy is asked each time; a search reads the log newest first, in pieces, and
stops when it is told to; what is sealed is opened one record at a time, and that is logged.
"""

from __future__ import annotations

from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.pages import payload
from appliance.policy import Action
from appliance.values import Inclusion, LogFilter, LogFound, LogRecord

PIECE = 500
"""Records that are read at once: the log is held no longer than that takes."""
LOOKED = 20_000
"""Records that one call looks through at most."""


class Logbook:
    def __init__(self, desk: Desk, stop: Cancellation | None = None) -> None:
        self._desk = desk
        self._stop = stop or Cancellation()

    def find(self, wanted: LogFilter, before: int = -1, count: int = 200) -> LogFound:
        """Up to `count` records older than record `before` (-1: from the newest on), and where to
        go on. Raises NotAllowed, LogTampered."""
        self._desk.require(Action.READ_LOG)
        log = self._desk.ledger.log
        end = log.size if before < 0 else min(before, log.size)
        found: list[LogRecord] = []
        looked = 0
        while end > 0 and len(found) < count and looked < LOOKED and not self._stop.cancelled:
            start = max(0, end - PIECE)
            for record in reversed(log.records(start, end - start)):
                end, looked = record.seq, looked + 1
                if wanted.since is not None and record.time < wanted.since:
                    return LogFound(tuple(found), looked, 0)  # times never go back in the log
                if fits(record, wanted):
                    found.append(record)
                    if len(found) == count:
                        break
        return LogFound(tuple(found), looked, end)

    def proof(self, seq: int) -> Inclusion:
        """That the record is in the log, for somebody who has nothing but its public key. Raises
        NotAllowed, LogTampered, LogUnwritable."""
        self._desk.require(Action.READ_LOG)
        return self._desk.ledger.log.inclusions([seq])[0]

    def opened(self, seq: int) -> str:
        """What is sealed in the record; that it was read is logged. Raises NotAllowed."""
        return payload(self._desk, seq)

    def people(self) -> dict[str, str]:
        """Names by the ids the log has for them. Raises NotAllowed."""
        self._desk.require(Action.READ_LOG)
        known = self._desk.session.accounts.all()
        return {account.person.id: account.person.name for account in known}


def fits(record: LogRecord, wanted: LogFilter) -> bool:
    if wanted.kinds and not record.action.startswith(wanted.kinds):
        return False
    if wanted.person and record.person != wanted.person:
        return False
    if wanted.outcome and record.outcome != wanted.outcome:
        return False
    if wanted.since is not None and record.time < wanted.since:
        return False
    return wanted.until is None or record.time < wanted.until
