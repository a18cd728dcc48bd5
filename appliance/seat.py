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
from appliance.licensing.clock import reading
from appliance.licensing.errors import LicensingError, SeatElsewhere, SeatMissing
from appliance.licensing.fingerprint import fingerprint
from appliance.licensing.laid_out import laid_out
from appliance.licensing.licence import WRITTEN
from appliance.licensing.machine import Traits, read_traits
from appliance.licensing.receipt import ReturnReceipt, receipt_bytes
from appliance.licensing.request import SeatRequest, Seen, request_bytes, require_fitting_label
from appliance.licensing.seat_folder import File, Installed, SeatFolder, Secrets
from appliance.licensing.signed import Kind, body_hash, key_hash, kind_of
from appliance.licensing.standing import Deed, Standing, State, standing
from appliance.licensing.times import whole
from appliance.licensing.usage import Usage, usage_bytes
from appliance.metering import TokenMeter, months_of, quota
from appliance.protocols import Clock, Unseated
from appliance.seat_evidence import RETURNED, SeatEvidence
from appliance.seat_taking import SeatTaking
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
        self._meter = TokenMeter(ledger.log)
        self._lock = threading.RLock()
        self._evidence = SeatEvidence(folder, ledger, vault, traits, licensable=bool(self._trusted))
        self._taking = SeatTaking(folder, self._evidence, traits, now, self._trusted)
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
        bound = quota(found)
        return bound is None or self._used() < bound

    def _used(self) -> int:
        """Tokens written this month. The month is the log's, whatever the clock says."""
        time = reading(self._now(), self._evidence.seen()).time
        return self._meter.tokens(f"{time:%Y-%m}")

    def view(self) -> SeatView:
        """As a screen shows it."""
        with self._lock:
            found, known = self.standing(), self._known
            requested = bool(self._taking.waiting(self._secrets()))
            metered = found.licence is not None and found.licence.metered
            used = self._used() if metered else 0
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
        self._taking.require_takeable(kind)
        with self._lock, self._logged(kind.value.removeprefix("cloister-").replace("-", "_")):
            self._taking.take(kind, untrusted.strip())
        return kind

    def take_managed(self, folder: Path) -> None:
        """Takes what the institution laid into its managed folder and is newer than what is here.
        What does not hold is in the log, once, and changes nothing. Licences first."""
        with self._lock:
            for content in laid_out(folder):
                if self._taking.is_news(content, self._known):
                    self._take_managed(content)
            self.note()

    def _take_managed(self, content: bytes) -> None:
        """What went wrong is in the log, with its code. Where it is the file that does not hold,
        that is not said again; a full disk may have room in the next session."""
        with suppress(CloisterError):
            try:
                self.take(content)
            except LicensingError:
                self._taking.note_refused(content)

    # --- what is handed out --------------------------------------------------------------------

    def request(self, label: str = "", *, fresh: bool = False) -> bytes:
        """A request to bring to the authority; the same one until it is answered, unless `fresh`.
        A seat that is held is renewed by it. Raises LicenceMissing, LabelUnfit, StorageFull."""
        with self._lock, self._logged("seat_request"):
            licence, secrets = self._taking.licence(), self._secrets(anew=fresh)
            waiting = self._taking.waiting(secrets)
            if waiting and not fresh:
                return waiting
            held = self._known.certificate if secrets.key is not None else None
            if self._known.returned:  # a key that was put back by hand is over all the same
                held, secrets = None, replace(secrets, key=None)
            key = secrets.key or SignerKey.generate()
            token = self._known.enrolment if held is None else None
            identity = random_bytes(16).hex()
            label = " ".join(label.split()) or (held.label if held else "")
            require_fitting_label(label)
            asked = SeatRequest(
                id=identity,
                label=label,
                licence=licence.id,
                key=key.public(""),
                machine=fingerprint(self._traits, secrets.prints),
                created=whole(self._now()),
                authority=licence.authority.id,
                seen=self._seen(),
                renews=held.id if held else "",
                enrolment=token.id if token else "",
                enrolment_proof=token.proof(identity, key_hash(key.public(""))) if token else "",
            )
            content = request_bytes(asked, key)
            self._evidence.note_asked(identity)
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
            licence, certificate = self._taking.licence(), self._known.certificate
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

    def usage(self, *, again: bool = False) -> bytes:
        """The signed report of what was used since the report before; `again`: the last one, that
        was lost on its way. Raises SeatMissing."""
        with self._lock, self._logged("usage_report"):
            if again:
                return self._reported()
            secrets, certificate = self._folder.secrets(), self._known.certificate
            content = self._folder.read(File.CERTIFICATE)
            if secrets.key is None or certificate is None or content is None:
                raise SeatMissing("There is no seat here to report of.")
            size, root = self._log_state()
            before = max(secrets.reported, self._evidence.value("reported") or 0)
            start = min(before, size)  # also by an earlier key of this seat: nothing is told twice
            usage = Usage(
                certificate=certificate,
                certificate_file=content,
                key=secrets.key.public(""),
                number=secrets.reports + 1,
                previous=secrets.previous,
                made=whole(self._now()),
                log_name=self._ledger.log.name,
                log_root=root.hex(),
                start=start,
                end=size,
                months=months_of(self._ledger.log, start, size),
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
            self._evidence.rise("reported", size)
            return report

    def _reported(self) -> bytes:
        report = self._folder.read(File.USAGE)
        if report is None:
            raise SeatMissing("No usage was reported here yet.")
        return report

    def _log_state(self) -> tuple[int, bytes]:
        """How many records there are, and the root over just these: others may be writing."""
        log = self._ledger.log
        while True:
            size = log.size
            root = log.root()
            if log.size == size:
                return size, root

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
        """anew: fresh ones, unless a seat is held here and goes on under its key. Damaged ones are
        always made anew."""
        try:
            secrets = self._folder.secrets()
        except CloisterError:
            return Secrets(random_bytes(32))
        return Secrets(random_bytes(32)) if anew and not self._goes_on() else secrets

    def _goes_on(self) -> bool:
        """Whether a seat is held here that can be renewed."""
        found, known = self.standing(), self._known
        over = found.state is State.REVOKED or found.code == SeatElsewhere.code
        return known.certificate is not None and known.problem is None and not over

    def _seen(self) -> Seen:
        known = self._known
        return Installed(certificate=known.certificate, revocations=known.revocations).seen


def seat_of(folder: Path, session: Session, ledger: Ledger) -> Seat:
    """The seat of an open vault. Raises LogTampered, LogUnwritable alone."""
    found = _folder(folder, session)
    with suppress(CloisterError):  # what is left over takes room, and nothing else
        found.sweep()
    return Seat(
        found,
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
