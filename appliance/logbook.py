"""The log as an auditor reads it: looked through by what was done, by whom and how it ended, and
each record with the proof that it is in the log.

Rules kept here: the policy is asked each time; a search reads the log newest first, in pieces, and
stops when it is told to; what is sealed is opened one record at a time, and that is logged; a part
of the log that leaves says that it is one, and its hash is in the log first.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from appliance.audit import Detail, excerpt
from appliance.audit.excerpt import fits
from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.errors import CloisterError, UsageError
from appliance.exporting import Into, require_outside, write_new
from appliance.pages import payload
from appliance.policy import Action
from appliance.values import Excerpted, Inclusion, LogFilter, LogFound, LogRecord

PIECE = 500
"""Records that are read at once: the log is held no longer than that takes."""
LOOKED = 20_000
"""Records that one call looks through at most."""


class SearchStopped(CloisterError):
    code = "stopped"
    hint = "Nothing was written."


class ExcerptTooLong(UsageError):
    code = "excerpt_too_long"


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

    # --- taking a part of it out -------------------------------------------------------------

    def export(self, wanted: LogFilter, into: Path | Into) -> Excerpted:
        """Writes what fits, with its proofs, into a file that is not there yet, or hands over its
        bytes. Its hash is in the log before. Raises NotAllowed, ConfirmFirst, ExcerptTooLong,
        SearchStopped, FileExists, storage errors."""
        desk = self._desk
        verdict = desk.require_confirmed(Action.EXPORT_LOG)
        if isinstance(into, Path):
            require_outside(desk.place.data, into)
        end = desk.ledger.log.size
        seqs, first = self._fitting(wanted, end)
        content = excerpt.written(wanted, first, end, desk.ledger.log.proved(seqs))
        digest = sha256(content).hexdigest()
        details: tuple[Detail, ...] = (
            ("found", len(seqs)),
            ("looked", end - first),
            ("sha256", digest),
            ("wanted", excerpt.wanted_in_words(wanted)),
        )
        ledger = desk.ledger
        ledger.note("log.exporting", verdict=verdict, details=details)
        try:
            if isinstance(into, Path):
                write_new(into, content)
            else:
                into(content)
        except CloisterError as error:
            ledger.note("log.exported", outcome="failed", code=error.code, details=details)
            raise
        record = ledger.note("log.exported", outcome="done", details=details)
        return Excerpted(len(seqs), end - first, end, digest, record, ledger.log.public_key)

    def _fitting(self, wanted: LogFilter, end: int) -> tuple[list[int], int]:
        """The numbers of all that fits, newest first, and of the oldest that was looked at."""
        seqs: list[int] = []
        before, first = end, 0
        while before > 0:
            piece = self.find(wanted, before, excerpt.MOST + 1)
            seqs += [record.seq for record in piece.records]
            first = before - piece.looked
            before = piece.before
            if self._stop.cancelled:
                raise SearchStopped("Stopped.")
            if len(seqs) > excerpt.MOST:
                raise ExcerptTooLong(
                    f"More than {excerpt.MOST:,} records fit; a file takes no more.",
                    hint="Narrow it down further, or export the whole log.",
                )
        return seqs, first
