"""This installation's seat: how it stands, and what an administrator does about it.

Rules kept here: what is installed is verified again whenever it is read; the log holds the newest
serial, count and number that were in use, so that a file put back by hand is found to be old; every
act is in the log before and after, a refusal with its code; whatever is wrong with licence files
takes new answers away and nothing else. Formats: docs/formats/licence.md.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from appliance.clock import now
from appliance.errors import CloisterError
from appliance.ledger import Ledger
from appliance.licensing import trust
from appliance.licensing.certificate import open_certificate
from appliance.licensing.enrolment import open_enrolment
from appliance.licensing.errors import (
    EnrolmentEnded,
    EnrolmentUsed,
    LicenceMissing,
    LicenceOlder,
    SeatElsewhere,
    SeatMissing,
    SeatNotAsked,
)
from appliance.licensing.fingerprint import fingerprint, require_same_machine
from appliance.licensing.laid_out import laid_out
from appliance.licensing.licence import WRITTEN, Licence, open_licence
from appliance.licensing.machine import Traits, read_traits
from appliance.licensing.receipt import ReturnReceipt, receipt_bytes
from appliance.licensing.request import SeatRequest, Seen, open_request, request_bytes
from appliance.licensing.revocations import open_revocations
from appliance.licensing.seat_folder import File, Installed, SeatFolder, Secrets
from appliance.licensing.signed import Kind, body_hash, kind_of
from appliance.licensing.standing import Deed, Standing, State, standing
from appliance.licensing.times import whole
from appliance.licensing.usage import Month, Usage, usage_bytes
from appliance.metering import Meter, counted
from appliance.protocols import Clock, Unseated
from appliance.seat_evidence import RETURNED, SEATED, SeatEvidence
from appliance.seat_view import shown
from appliance.values import SeatView
from appliance.vault import Session
from appliance.vault.primitives import random_bytes
from appliance.vault.signers import SignerKey, TrustedKey


class Seat:
    """The seat of an open desk. Safe to call from several threads."""

    def __init__(
        self,
        folder: SeatFolder,
        ledger: Ledger,
        *,
        vault: str,
        traits: Traits,
        now: Clock,
        trusted: tuple[TrustedKey, ...] | None = None,
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._traits = traits
        self._now = now
        self._trusted = trust.TRUSTED if trusted is None else trusted
        self._meter = Meter(ledger.log)
        self._lock = threading.RLock()
        self._evidence = SeatEvidence(folder, ledger, vault, traits, licensable=bool(self._trusted))
        self._known = self._evidence.look()
        found = self.standing()
        self._noted = (found.state.value, found.code)

    # --- how it stands -------------------------------------------------------------------------

    def standing(self) -> Standing:
        """Now. Raises nothing on the licence's account."""
        with self._lock:
            return standing(replace(self._known, seen=self._evidence.seen()), self._now())

    def refusal(self) -> Unseated | None:
        """Why nothing new may be answered now; None where it may. A state that is new since the
        last record of it goes into the log, if that can be written."""
        with suppress(CloisterError):
            self.note()
        found = self.standing()
        if found.allows(Deed.ANSWER):
            return None
        return Unseated(found.code, found.sentence, found.next_step)

    def may_write(self) -> bool:
        """Whether answers may be written rather than quoted: the licence has it, and the month's
        quota is not used up (or more than that is reported)."""
        found = self.standing()
        if not found.has(WRITTEN):
            return False
        licence, certificate = found.licence, found.certificate
        if licence is None or certificate is None or not certificate.tokens or licence.overage:
            return True
        return self._meter.tokens(f"{self._now():%Y-%m}") < certificate.tokens

    def view(self) -> SeatView:
        """As a screen shows it."""
        with self._lock:
            found, known = self.standing(), self._known
            requested = bool(self._secrets().request)
            metered = found.licence is not None and found.licence.metered
            used = self._meter.tokens(f"{self._now():%Y-%m}") if metered else 0
            return shown(found, known.revocations, requested=requested, tokens_used=used)

    def note(self) -> None:
        """Writes the state into the log, if it is another than the one noted last (the record that
        opens the session has the first), and the clock, where the log's own time cannot serve."""
        with self._lock:
            found = self.standing()
            if (found.state.value, found.code) != self._noted:
                self._ledger.note(
                    "seat.standing",
                    object=found.certificate.id if found.certificate else "",
                    outcome=found.state.value,
                    code=found.code,
                )
                self._noted = (found.state.value, found.code)
            self._evidence.note_clock(self._now())

    # --- what is brought in --------------------------------------------------------------------

    def take(self, untrusted: bytes) -> Kind:
        """Installs whichever file this is: a licence, a certificate, a revocation list or an
        enrolment token. Raises a LicensingError; nothing is changed then but the log."""
        kind = kind_of(untrusted)
        acts = {
            Kind.LICENCE: self._take_licence,
            Kind.CERTIFICATE: self._take_certificate,
            Kind.REVOCATIONS: self._take_revocations,
            Kind.ENROLMENT: self._take_enrolment,
        }
        if kind not in acts:
            raise SeatNotAsked(
                f"A file of the kind {kind.value} is not for a seat.",
                hint="Bring it to the seat authority's machine.",
            )
        with self._lock, self._logged(kind.value.removeprefix("cloister-").replace("-", "_")):
            acts[kind](untrusted.strip())
        return kind

    def take_managed(self, folder: Path) -> None:
        """Takes what the institution laid into its managed folder and is newer than what is here.
        What does not hold is in the log and changes nothing. Licences first."""
        for content in laid_out(folder):
            with suppress(CloisterError):  # it is in the log, with its code
                if self._is_news(content):
                    self.take(content)
        self.note()

    def _take_licence(self, untrusted: bytes) -> None:
        licence = open_licence(untrusted, self._trusted)
        known = self._evidence.value("licence", licence.id) or 0
        if licence.serial < known:
            raise LicenceOlder(
                f"This licence has the serial {licence.serial}; {known} was in use here."
            )
        before = self._known.licence
        if before is not None and before.authority.id != licence.authority.id:
            for file in (File.CERTIFICATE, File.REVOCATIONS, File.ENROLMENT):
                self._folder.remove(file)  # the authority before signed them
        self._folder.write(File.LICENCE, untrusted)
        self._evidence.rise("licence", licence.serial, licence.id)

    def _take_certificate(self, untrusted: bytes) -> None:
        licence, secrets = self._licence(), self._folder.secrets()
        certificate = open_certificate(untrusted, licence)
        if not secrets.request or open_request(secrets.request).id != certificate.request:
            raise SeatNotAsked("This certificate answers no request that waits here.")
        if certificate.seat != secrets.seat:
            raise SeatElsewhere("This certificate was given to another seat.")
        require_same_machine(certificate.machine, fingerprint(self._traits, secrets.prints))
        authority = licence.authority.id
        if certificate.register.count <= (self._evidence.value("certificate", authority) or 0):
            raise LicenceOlder("A newer certificate was in use here.")
        self._folder.write(File.CERTIFICATE, untrusted)
        self._evidence.rise("certificate", certificate.register.count, authority)
        self._evidence.note("seat", SEATED)
        self._evidence.set_clock(certificate.issued)
        self._folder.save(replace(secrets, request=b"", receipt=b""))

    def _take_revocations(self, untrusted: bytes) -> None:
        licence = self._licence()
        listed = open_revocations(untrusted, licence)
        known = self._evidence.value("revocations", licence.authority.id) or 0
        if listed.number < known:
            raise LicenceOlder(f"This is list {listed.number}; list {known} was in use here.")
        self._folder.write(File.REVOCATIONS, untrusted)
        self._evidence.rise("revocations", listed.number, licence.authority.id)

    def _take_enrolment(self, untrusted: bytes) -> None:
        token = open_enrolment(untrusted, self._licence())
        at = max(self._now(), *self._evidence.seen(), token.issued)
        if self._evidence.value("seat") is not None:
            raise EnrolmentUsed("This installation had a seat already.")
        if at > token.until:
            raise EnrolmentEnded(f"The enrolment token ended on {token.until:%Y-%m-%d}.")
        self._folder.write(File.ENROLMENT, untrusted)
        self._evidence.note("enrolment", int(at.timestamp()), token.id)
        self._evidence.note("seat", SEATED)

    # --- what is handed out --------------------------------------------------------------------

    def request(self, label: str = "", *, fresh: bool = False) -> bytes:
        """A request to bring to the authority; the same one until it is answered, unless `fresh`.
        A seat that is held is renewed by it. Raises LicenceMissing, StorageFull."""
        with self._lock, self._logged("seat_request"):
            licence, secrets = self._licence(), self._secrets(anew=fresh)
            if secrets.request and not fresh:
                return secrets.request
            held = self._known.certificate if secrets.key is not None else None
            if self._known.returned:
                held = None
            key = secrets.key or SignerKey.generate()
            token, identity = self._known.enrolment, random_bytes(16).hex()
            asked = SeatRequest(
                id=identity,
                label=" ".join(label.split()) or (held.label if held else ""),
                licence=licence.id,
                key=key.public(""),
                machine=fingerprint(self._traits, secrets.prints),
                created=whole(self._now()),
                authority=licence.authority.id,
                seen=self._seen(),
                renews=held.id if held else "",
                enrolment=token.id if token and held is None else "",
                enrolment_proof=token.proof(identity) if token and held is None else "",
            )
            content = request_bytes(asked, key)
            open_request(content)  # a label that the format refuses is refused here
            self._folder.save(replace(secrets, key=key, request=content))
            return content

    def give_back(self) -> bytes:
        """Destroys the seat's key and returns the signed receipt; again the same one when asked
        again. Nothing new is answered from then on. Raises SeatMissing."""
        with self._lock, self._logged("seat_return"):
            secrets = self._folder.secrets()
            if secrets.receipt:
                self._evidence.note("seat", RETURNED)
                return secrets.receipt
            licence, certificate = self._licence(), self._known.certificate
            if secrets.key is None or certificate is None:
                raise SeatMissing("There is no seat here to give back.")
            receipt = ReturnReceipt(
                certificate=certificate.id,
                licence=licence.id,
                key=secrets.key.public(""),
                returned=whole(self._now()),
                seen=self._seen(),
            )
            content = receipt_bytes(receipt, secrets.key)
            self._folder.save(Secrets(secrets.prints, receipt=content))
            self._evidence.note("seat", RETURNED)
            return content

    def usage(self) -> bytes:
        """The signed report of what was used since the report before. Raises SeatMissing."""
        with self._lock, self._logged("usage_report"):
            secrets, certificate = self._folder.secrets(), self._known.certificate
            content = self._folder.read(File.CERTIFICATE)
            if secrets.key is None or certificate is None or content is None:
                raise SeatMissing("There is no seat here to report of.")
            log, months = self._ledger.log, dict[str, Month]()
            root, size = log.root(), log.size
            start = min(secrets.reported, size)
            counted(log, start, months)
            usage = Usage(
                certificate=certificate,
                certificate_file=content,
                key=secrets.key.public(""),
                number=secrets.reports + 1,
                previous=secrets.previous,
                made=whole(self._now()),
                log_name=log.name,
                log_root=root.hex(),
                start=start,
                end=size,
                months=tuple(months[name] for name in sorted(months)),
            )
            report = usage_bytes(usage, secrets.key)
            self._folder.write(File.USAGE, report)
            self._folder.save(
                replace(
                    secrets,
                    reports=usage.number,
                    previous=body_hash(report),
                    reported=size,
                )
            )
            return report

    # --- within --------------------------------------------------------------------------------

    @contextmanager
    def _logged(self, what: str) -> Iterator[None]:
        """One record before, one after, whatever happens; then everything is looked at anew."""
        self._ledger.note(f"licensing.{what}.begun")
        try:
            yield
        except CloisterError as error:
            self._ledger.note(f"licensing.{what}.ended", outcome="refused", code=error.code)
            raise
        finally:
            self._known = self._evidence.look()
        self._ledger.note(f"licensing.{what}.ended", outcome="done")
        self.note()

    def restored(self) -> None:
        """This data folder was restored from a backup: its seat must be certified again, since
        the machine it was saved from may go on as well."""
        with self._lock, self._logged("restored"):
            self._evidence.note_restored()

    def _secrets(self, *, anew: bool = False) -> Secrets:
        """anew: fresh ones where those that are here are damaged, or their seat is over."""
        try:
            secrets = self._folder.secrets()
        except CloisterError:
            return Secrets(random_bytes(32))
        over = self.standing().state is State.REVOKED
        lost = anew and (over or self._known.problem is not None)
        return Secrets(random_bytes(32)) if lost else secrets

    def _seen(self) -> Seen:
        known = self._known
        return Installed(certificate=known.certificate, revocations=known.revocations).seen

    def _licence(self) -> Licence:
        licence = self._folder.licence()
        if licence is None:
            raise LicenceMissing("No licence is installed here.")
        return licence

    def _is_news(self, untrusted: bytes) -> bool:
        """Whether a file of the managed folder is newer than what lies here. One that does not
        hold is news, so that the log has it."""
        try:
            return self._newer(untrusted)
        except CloisterError:
            return True

    def _newer(self, untrusted: bytes) -> bool:
        kind = kind_of(untrusted)
        if kind is Kind.LICENCE:
            before = self._known.licence
            return before is None or open_licence(untrusted, self._trusted).serial > before.serial
        if kind is Kind.REVOCATIONS:
            listed = self._known.revocations
            found = open_revocations(untrusted, self._licence())
            return listed is None or found.number > listed.number
        if kind is Kind.ENROLMENT:
            return not self._known.seated
        waiting = self._secrets().request
        if kind is not Kind.CERTIFICATE or not waiting:
            return False
        stated = open_certificate(untrusted, self._licence())
        return stated.request == open_request(waiting).id


def seat_of(folder: Path, session: Session, ledger: Ledger) -> Seat:
    """The seat of an open vault. Raises LogTampered, LogUnwritable alone."""
    return Seat(
        _folder(folder, session),
        ledger,
        vault=session.vault_id,
        traits=read_traits(),
        now=now,
    )


def seat_name(folder: Path, session: Session) -> str:
    """What the log's records call this seat: the name of its key, "" without one."""
    try:
        return _folder(folder, session).secrets().seat
    except CloisterError:
        return ""


def _folder(folder: Path, session: Session) -> SeatFolder:
    return SeatFolder(folder, session.vault_subkey("seat"), session.vault_id)
