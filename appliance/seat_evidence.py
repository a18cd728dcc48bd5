"""What is known of this installation's seat: its folder, held against what the log has seen.

Rules kept here: the log holds the newest serial, count and number that were in use, so a file that
was put back by hand, or taken away, is found; whatever does not hold becomes a problem in words,
never an error that keeps the desk shut; log values are only raised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from appliance.errors import CloisterError
from appliance.ledger import Ledger
from appliance.licensing.clock import TOLERANCE
from appliance.licensing.errors import (
    LicenceOlder,
    ListsDisagree,
    SeatElsewhere,
    SeatRestored,
)
from appliance.licensing.fingerprint import fingerprint, likeness
from appliance.licensing.machine import Traits
from appliance.licensing.revocations import RevocationList
from appliance.licensing.seat_folder import Installed, SeatFolder, Secrets
from appliance.licensing.standing import Evidence
from appliance.licensing.times import later, milliseconds

SEATED, RETURNED = 1, 2
"""What the log's value "seat" says."""

_WORDS = {
    "licence": "licence",
    "certificate": "seat certificate",
    "revocations": "revocation list",
}


class SeatEvidence:
    """Looks at one installation. The caller's lock covers it."""

    def __init__(
        self, folder: SeatFolder, ledger: Ledger, vault: str, traits: Traits, *, licensable: bool
    ) -> None:
        self._folder = folder
        self._log = ledger.log
        self._vault = vault
        self._traits = traits
        self._licensable = licensable
        self._begun = ledger.log.records(0, 1)[0].time

    def look(self) -> Evidence:
        """What is installed, verified anew. Raises nothing on the licence's account."""
        state = self.value("seat")
        found = Evidence(
            self._licensable, self._begun, seated=state is not None, returned=state == RETURNED
        )
        try:
            secrets, installed = self._folder.secrets(), self._folder.installed()
            found = replace(
                found,
                returned=bool(secrets.receipt) or found.returned,
                licence=installed.licence,
                certificate=installed.certificate,
                revocations=installed.revocations,
                enrolment=installed.enrolment,
                enrolled=self._enrolled(installed),
            )
            if not found.returned:
                self._require_newest(installed)
                self._require_begun_here(installed)
                found = replace(found, likeness=self._likeness(installed, secrets))
        except CloisterError as error:
            found = replace(found, problem=error)
        return found

    def seen(self) -> tuple[datetime, ...]:
        """The newest signed time of the log, or, where that is known to run ahead, the newest
        time noted since."""
        log = self._log_time()
        if self.value("clock-ahead") != milliseconds(log):
            return (log,)
        noted = self.value("clock")
        return () if noted is None else (datetime.fromtimestamp(noted, log.tzinfo),)

    def note_clock(self, now: datetime) -> None:
        """Where the log's own time cannot serve, the clock's goes into it as a value."""
        if self.value("clock-ahead") == milliseconds(self._log_time()):
            self.rise("clock", int(now.timestamp()))

    def note_asked(self, request: str) -> None:
        """What was the newest time seen when this request was made."""
        newest = max(self.seen(), default=self._log_time())
        self.note("asked", milliseconds(newest), request)

    def set_clock(self, request: str, issued: datetime) -> None:
        """A certificate that answers a request made here was issued at this time. If the newest
        time seen was well after it already when the request was made, the clock was once ahead, and
        the log, whose times never run backwards, stands there still: it is not taken for the time
        until it goes on. A certificate that was only kept back proves nothing."""
        asked = self.value("asked", request)
        if asked is not None and asked > milliseconds(later(issued, TOLERANCE)):
            self.note("clock", int(issued.timestamp()))
            self.note("clock-ahead", milliseconds(self._log_time()))

    def require_agreeing(self, listed: RevocationList, authority: str) -> None:
        """Lists of one number are one list, and under a higher one the authority's register has
        gone on. Raises ListsDisagree."""
        known = self.value("revocations", authority) or 0
        if listed.mark == self.value("revocations-mark", authority):
            return
        behind = listed.register.count <= (self.value("revocations-register", authority) or 0)
        if listed.number == known or (listed.number > known and behind):
            raise ListsDisagree(
                f"This list {listed.number} contradicts list {known}, which was in use here."
            )

    def note_list(self, listed: RevocationList, authority: str) -> None:
        """Its number last: an act that was cut is done again."""
        self.note("revocations-mark", listed.mark, authority)
        self.rise("revocations-register", listed.register.count, authority)
        self.rise("revocations", listed.number, authority)

    def note_restored(self) -> None:
        """Whatever the seat was allowed by until now, by the log: taking its files away for this
        moment and putting them back is no way around it."""
        for kind in ("certificate", "enrolment"):
            for identity, number in self._log.latest_values(kind).items():
                self.rise("restored", number, identity)

    def value(self, kind: str, identity: str = "") -> int | None:
        """What the log holds; of this vault, where nothing else is named."""
        return self._log.latest_value(kind, identity or self._vault)

    def note(self, kind: str, value: int, identity: str = "") -> None:
        if self.value(kind, identity) != value:
            self._log.note_value(kind, identity or self._vault, value)

    def rise(self, kind: str, value: int, identity: str = "") -> None:
        self.note(kind, max(value, self.value(kind, identity) or 0), identity)

    def _log_time(self) -> datetime:
        return self._log.time or self._begun

    def _require_newest(self, installed: Installed) -> None:
        licence = installed.licence
        if licence is None:
            return
        authority = licence.authority.id
        certificate, listed = installed.certificate, installed.revocations
        held = {
            "licence": (licence.id, licence.serial),
            "certificate": (authority, certificate.register.count if certificate else 0),
            "revocations": (authority, listed.number if listed else 0),
        }
        for kind, (identity, number) in held.items():
            known = self.value(kind, identity) or 0
            if number < known:
                here = f"number {number}" if number else "none"
                raise LicenceOlder(
                    f"Number {known} of the {_WORDS[kind]} was in use here, and {here} is here now."
                )
        if listed is not None:
            self.require_agreeing(listed, authority)
        if certificate and certificate.register.count <= (self.value("restored", authority) or 0):
            raise SeatRestored("This installation was restored from a backup.")

    def _require_begun_here(self, installed: Installed) -> None:
        token = None if installed.certificate else installed.enrolment
        if token is not None and self.value("restored", token.id) is not None:
            raise SeatRestored("This installation was restored from a backup.")

    def _likeness(self, installed: Installed, secrets: Secrets) -> int:
        certificate = installed.certificate
        if certificate is None:
            return 100
        if certificate.seat != secrets.seat:
            raise SeatElsewhere("The key of this seat is not here.")
        return likeness(certificate.machine, fingerprint(self._traits, secrets.prints))

    def _enrolled(self, installed: Installed) -> datetime | None:
        token = installed.enrolment
        begun = self.value("enrolment", token.id) if token is not None else None
        return None if begun is None else datetime.fromtimestamp(begun, self._begun.tzinfo)
