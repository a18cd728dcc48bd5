"""What is brought to a seat: verified, held against what the log has seen, and installed.

Rules kept here: nothing is believed before its signatures held; what is older than, or contradicts,
what was in use here is refused and changes nothing; files are written before the log's numbers
rise, so an act that was cut is done again by bringing the same file again; a file of the managed
folder that was refused is not tried again before something changes that could let it pass.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from appliance.errors import CloisterError
from appliance.licensing.certificate import open_certificate
from appliance.licensing.clock import TOLERANCE, reading
from appliance.licensing.enrolment import open_enrolment
from appliance.licensing.errors import (
    ClockBehind,
    EnrolmentEnded,
    EnrolmentUsed,
    LicenceEarly,
    LicenceMissing,
    LicenceOlder,
    SeatElsewhere,
    SeatNotAsked,
)
from appliance.licensing.fingerprint import NEEDED, fingerprint, likeness, require_same_machine
from appliance.licensing.licence import Licence, open_licence
from appliance.licensing.machine import Traits
from appliance.licensing.request import SeatRequest, open_request
from appliance.licensing.revocations import open_revocations
from appliance.licensing.seat_folder import File, SeatFolder, Secrets
from appliance.licensing.signed import Kind, kind_of
from appliance.licensing.standing import Evidence
from appliance.licensing.times import later
from appliance.protocols import Clock
from appliance.seat_evidence import SEATED, SeatEvidence
from appliance.vault.signers import TrustedKey


class SeatTaking:
    """Takes files in for one installation. The seat's lock covers it."""

    def __init__(
        self,
        folder: SeatFolder,
        evidence: SeatEvidence,
        traits: Traits,
        now: Clock,
        trusted: tuple[TrustedKey, ...],
    ) -> None:
        self._folder = folder
        self._evidence = evidence
        self._traits = traits
        self._now = now
        self._trusted = trusted
        self._acts = {
            Kind.LICENCE: self._take_licence,
            Kind.CERTIFICATE: self._take_certificate,
            Kind.REVOCATIONS: self._take_revocations,
            Kind.ENROLMENT: self._take_enrolment,
        }

    def require_takeable(self, kind: Kind) -> None:
        """Raises SeatNotAsked for what a seat has no use for."""
        if kind not in self._acts:
            raise SeatNotAsked(
                f"A file of the kind {kind.value} is not for a seat.",
                hint="Bring it to the seat authority's machine.",
            )

    def take(self, kind: Kind, untrusted: bytes) -> None:
        """Installs it, durable on return. Raises a LicensingError, SeatDamaged, StorageFull."""
        self._acts[kind](untrusted)

    def licence(self) -> Licence:
        licence = self._folder.licence()
        if licence is None:
            raise LicenceMissing("No licence is installed here.")
        return licence

    def waiting(self, secrets: Secrets) -> bytes:
        """The request that is still to be answered, b"" for none. One whose certificate is here is
        answered; one for another licence or of another machine never will be."""
        if not secrets.request:
            return b""
        asked, licence = open_request(secrets.request), self._present()
        if likeness(asked.machine, fingerprint(self._traits, secrets.prints)) < NEEDED:
            return b""
        if licence is not None and (asked.licence != licence.id or self._answered(licence, asked)):
            return b""
        return secrets.request

    def _answered(self, licence: Licence, asked: SeatRequest) -> bool:
        try:
            held = self._folder.read(File.CERTIFICATE)
            return held is not None and open_certificate(held, licence).request == asked.id
        except CloisterError:
            return False  # no certificate of this licence

    # --- the managed folder ----------------------------------------------------------------------

    def is_news(self, untrusted: bytes, known: Evidence) -> bool:
        """Whether a file of the managed folder is to be taken: newer than what lies here, or not
        holding, so that the log has its refusal; and then once."""
        try:
            if self._evidence.value("not-taken", self._attempt(untrusted)) is not None:
                return False
            return self._newer(untrusted, known)
        except CloisterError:
            return True

    def note_refused(self, untrusted: bytes) -> None:
        """It is tried again once there is another licence, or another request waits."""
        self._evidence.note("not-taken", 1, self._attempt(untrusted))

    def _newer(self, untrusted: bytes, known: Evidence) -> bool:
        kind = kind_of(untrusted)
        if kind is Kind.LICENCE:
            return self._newer_licence(open_licence(untrusted, self._trusted), known)
        if kind is Kind.REVOCATIONS:
            number = open_revocations(untrusted, self.licence()).number
            return known.revocations is None or number > known.revocations.number
        if kind is Kind.ENROLMENT:
            return not known.seated
        waiting = self._request()
        if kind is not Kind.CERTIFICATE or not waiting:
            return False
        return open_certificate(untrusted, self.licence()).request == open_request(waiting).id

    def _newer_licence(self, found: Licence, known: Evidence) -> bool:
        """Another licence than the one here, or one of another authority, ends the seat held under
        that: it is not taken unasked where one is held."""
        before = self._present()
        if before is None or found.start > self._time():
            return before is None  # what has not begun yet takes nothing's place
        same = (found.id, found.authority.id) == (before.id, before.authority.id)
        if known.certificate is not None and not same:
            return False
        if found.id == before.id:
            return found.serial > before.serial
        return found.issued > before.issued

    def _attempt(self, untrusted: bytes) -> str:
        """A name for trying this file as things are."""
        licence = self._folder.read(File.LICENCE) or b""
        parts = (untrusted, licence, self._request())
        hashes = b"".join(hashlib.sha256(part).digest() for part in parts)
        return hashlib.sha256(hashes).hexdigest()[:32]

    def _request(self) -> bytes:
        try:
            return self._folder.secrets().request
        except CloisterError:
            return b""

    # --- one file --------------------------------------------------------------------------------

    def _take_licence(self, untrusted: bytes) -> None:
        licence, before = open_licence(untrusted, self._trusted), self._present()
        known = self._evidence.value("licence", licence.id) or 0
        if licence.serial < known:
            raise LicenceOlder(
                f"This licence has the serial {licence.serial}; {known} was in use here."
            )
        if before is not None and licence.start > self._time():
            raise LicenceEarly(f"This licence begins on {licence.start:%Y-%m-%d}.")
        if before is not None and before.authority.id != licence.authority.id:
            for file in (File.CERTIFICATE, File.REVOCATIONS, File.ENROLMENT):
                self._folder.remove(file)  # the authority before signed them
        self._folder.write(File.LICENCE, untrusted)
        self._evidence.rise("licence", licence.serial, licence.id)

    def _take_certificate(self, untrusted: bytes) -> None:
        licence, secrets = self.licence(), self._folder.secrets()
        certificate, authority = open_certificate(untrusted, licence), licence.authority.id
        known = self._evidence.value("certificate", authority) or 0
        answers = bool(secrets.request) and (
            open_request(secrets.request).id == certificate.request
        )
        restored = self._evidence.value("restored", authority) or 0
        again = certificate.register.count == known > restored  # the one in use
        mends = again and self._folder.read(File.CERTIFICATE) != untrusted  # its file was damaged
        if again and not answers and not mends and certificate.seat == secrets.seat:
            raise SeatNotAsked(
                "This certificate is in use here already.",
                hint="Nothing is to be done: `cloister seat status` shows the seat.",
            )
        if not answers and not mends:
            raise SeatNotAsked("This certificate answers no request that waits here.")
        if certificate.seat != secrets.seat:
            raise SeatElsewhere("This certificate was given to another seat.")
        if certificate.issued > later(self._time(), TOLERANCE):  # it would be the clock's floor
            raise ClockBehind(
                f"This certificate is of {certificate.issued:%Y-%m-%d}; here it is earlier.",
                hint="Set the clock of this machine right, or have it signed under a right one.",
            )
        require_same_machine(certificate.machine, fingerprint(self._traits, secrets.prints))
        if certificate.register.count < known:
            raise LicenceOlder("A newer certificate was in use here.")
        self._folder.write(File.CERTIFICATE, untrusted)
        self._evidence.rise("certificate", certificate.register.count, authority)
        self._evidence.note("seat", SEATED)
        if answers:
            self._evidence.set_clock(certificate.request, certificate.issued)
            self._folder.save(secrets.answered())

    def _take_revocations(self, untrusted: bytes) -> None:
        licence = self.licence()
        listed, authority = open_revocations(untrusted, licence), licence.authority.id
        known = self._evidence.value("revocations", authority) or 0
        if listed.number < known:
            raise LicenceOlder(f"This is list {listed.number}; list {known} was in use here.")
        self._evidence.require_agreeing(listed, authority)
        self._folder.write(File.REVOCATIONS, untrusted)
        self._evidence.note_list(listed, authority)

    def _take_enrolment(self, untrusted: bytes) -> None:
        token = open_enrolment(untrusted, self.licence())
        at = max(self._time(), token.issued)
        if self._evidence.value("seat") is not None:
            raise EnrolmentUsed("This installation had a seat already.")
        if at > token.until:
            raise EnrolmentEnded(f"The enrolment token ended on {token.until:%Y-%m-%d}.")
        self._folder.write(File.ENROLMENT, untrusted)
        if self._evidence.value("enrolment", token.id) is None:
            self._evidence.note("enrolment", int(at.timestamp()), token.id)
        self._evidence.note("seat", SEATED)

    def _time(self) -> datetime:
        return reading(self._now(), self._evidence.seen()).time

    def _present(self) -> Licence | None:
        """The licence that lies here, None where none does that holds."""
        try:
            return self._folder.licence()
        except CloisterError:
            return None
