"""The authority at work: requests in, certificates out; seats taken back, revoked and counted.

Rules kept here: what is signed is in the durable register before it is handed out, so a crash loses
a file and never a seat's count; the same request is answered with the same certificate however
often it comes; no more seats and no more of the quota are given than the licence has; a batch is
judged file by file, and one that is refused stops no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.errors import CloisterError
from appliance.licensing.authority import judging, keeping
from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.keeping import Secrets
from appliance.licensing.authority.register import Ended, Issued, Listed, Offered, Register, Told
from appliance.licensing.certificate import Certificate, certificate_bytes
from appliance.licensing.clock import TOLERANCE
from appliance.licensing.enrolment import Enrolment, enrolment_bytes
from appliance.licensing.errors import (
    AuthorityUncertified,
    ClockBehind,
    LabelUnfit,
    LicenceOlder,
    ReportsDisagree,
    SeatUnknown,
    TermOver,
)
from appliance.licensing.fingerprint import Fingerprint
from appliance.licensing.licence import NAME_LIMIT, Licence, open_licence, require_of
from appliance.licensing.machine import Traits
from appliance.licensing.receipt import open_receipt
from appliance.licensing.request import SeatRequest, open_request
from appliance.licensing.revocations import (
    Reason,
    RevocationList,
    holder_name,
    revocations_bytes,
)
from appliance.licensing.signed import Kind, key_body, signed
from appliance.licensing.times import later, whole
from appliance.licensing.usage import Row, Summary, Usage, open_usage, summary_bytes
from appliance.vault.canonical import Json
from appliance.vault.durable import write_atomic
from appliance.vault.primitives import random_bytes
from appliance.vault.signers import TrustedKey


@dataclass(frozen=True, slots=True)
class Given:
    """What became of a request: its certificate, or why there is none."""

    label: str = ""
    number: int = 0
    certificate: bytes = b""
    error: CloisterError | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A seat that is held, for people to look at."""

    number: int
    label: str
    certificate: str
    issued: datetime
    until: datetime
    tokens: int


class Authority:
    """An opened authority; from `opened_authority`. Used from one thread."""

    def __init__(  # noqa: PLR0917
        self,
        folder: Path,
        anchors: Path,
        secrets: Secrets,
        register: Register,
        made_on: Fingerprint,
        licence: Licence | None,
        now: datetime,
    ) -> None:
        self._folder = folder
        self._anchors = anchors
        self._secrets = secrets
        self._register = register
        self._made_on = made_on
        self._licence = licence
        self._now = whole(now)

    @property
    def public(self) -> TrustedKey:
        return self._secrets.key.public("authority")

    @property
    def licence(self) -> Licence:
        """Raises AuthorityUncertified before there is one that names this authority."""
        if self._licence is None:
            raise AuthorityUncertified("No licence certifies this authority yet.")
        return self._licence

    def key_file(self, institution: str) -> bytes:
        """What the vendor certifies: the public key, signed by itself."""
        body: dict[str, Json] = {"institution": institution, "key": key_body(self.public)}
        return signed(Kind.AUTHORITY, body, self._secrets.key)

    def take_licence(
        self, untrusted: bytes, trusted: tuple[TrustedKey, ...] | None = None
    ) -> Licence:
        """Keeps the licence, if it is the vendor's, names this authority and is not older than
        the one kept. Raises DocumentForged, AuthorityUncertified, LicenceOlder."""
        licence = open_licence(untrusted, trusted)
        if licence.authority.id != self.public.id:
            raise AuthorityUncertified("This licence certifies another authority.")
        kept = self._licence
        if kept is not None and (licence.id != kept.id or licence.serial < kept.serial):
            raise LicenceOlder("This licence is another or an older one than the one kept here.")
        write_atomic(self._folder / keeping.LICENCE_FILE, untrusted)
        self._licence = licence
        return licence

    def approve(self, untrusted: Sequence[bytes], terms: Terms) -> tuple[Given, ...]:
        """A certificate for each request that may have one, in the order they came. All are in
        the register before this returns. Raises AuthorityUncertified, ClockBehind, TermOver,
        LabelUnfit, OneSeatOnly, StorageFull; what is wrong with one request stands in its Given."""
        at = self._require_term()
        judging.require_terms(terms, len(untrusted))
        found: list[Given] = []
        fresh: list[tuple[Path, bytes]] = []
        for request in untrusted:
            try:
                found.append(self._approve(request, terms, at, fresh))
            except CloisterError as error:
                found.append(Given(error=error))
        for path, content in fresh:
            write_atomic(path, content)
        if fresh:
            self._save()
        return tuple(found)

    def take_back(self, untrusted: Sequence[bytes]) -> tuple[Given, ...]:
        """Frees the seat of each return receipt. A receipt that comes again frees nothing more."""
        at = self._require_time()
        found, count = [], len(self._register.entries)
        for receipt in untrusted:
            try:
                found.append(self._take_back(receipt, at))
            except CloisterError as error:
                found.append(Given(error=error))
        if len(self._register.entries) > count:
            self._save()
        return tuple(found)

    def revoke(self, wanted: str) -> Held | None:
        """Revokes the seat of this number, certificate or label, or an enrolment token by its id.
        Returns the seat, None for a token. Raises SeatUnknown. Then sign a list and bring it to the
        seats."""
        at = self._require_time()
        held = judging.named_seat(wanted, self._register)
        self._register.add(Ended(at, held.certificate if held else wanted, Reason.REVOKED))
        self._save()
        return _held(held) if held else None

    def revocation_list(self) -> bytes:
        """The list as it is now, under the next number."""
        licence, at = self.licence, self._require_time()
        self._register.add(Listed(at, self._register.lists + 1))
        holders = sorted((one.number, holder_name(one.seat)) for one in self._holders())
        listed = RevocationList(
            licence=licence.id,
            number=self._register.lists,
            issued=at,
            revoked=self._register.revoked(at),
            holders=tuple(holders),
            register=self._register.seen,
        )
        content = revocations_bytes(listed, self._secrets.key)
        self._save()
        return content

    def enrol(self, count: int, until: datetime, days: int) -> bytes:
        """An enrolment token. Raises EnrolmentUnfit, and SeatsUsedUp where it promises more than
        is free."""
        at = self._require_term()
        judging.require_offer(count, until, days, at)
        judging.require_free(self._register, self.licence, count)
        token = Enrolment(
            id=random_bytes(16).hex(),
            licence=self.licence.id,
            count=count,
            issued=at,
            until=whole(until),
            days=days,
            secret=random_bytes(32).hex(),
        )
        self._register.add(Offered(at, token.id, token.secret, count, token.until))
        content = enrolment_bytes(token, self._secrets.key)
        self._save()
        return content

    def summary(self, untrusted: Sequence[bytes]) -> tuple[bytes, tuple[CloisterError, ...]]:
        """The signed summary of these usage reports, and what is wrong with those that are not in
        it. A report counts once; one that skips or contradicts another is refused."""
        licence, at = self.licence, self._require_time()
        rows: list[Row] = []
        problems: list[CloisterError] = []
        count = len(self._register.entries)
        for report in self._sorted_reports(untrusted, problems):
            try:
                rows.append(self._told(report, at))
            except CloisterError as error:
                problems.append(error)
        if len(self._register.entries) > count:
            self._save()
        heard = {row.seat for row in rows}
        silent = sorted(one.number for one in self._holders() if one.seat not in heard)
        held = len(self._register.holders)
        summary = Summary(licence.id, at, licence.seats, held, tuple(rows), tuple(silent))
        return summary_bytes(summary, self._secrets.key), tuple(problems)

    def held(self) -> tuple[Held, ...]:
        return tuple(_held(one) for one in sorted(self._holders(), key=lambda one: one.number))

    # --- within ------------------------------------------------------------------------------

    def _holders(self) -> tuple[Issued, ...]:
        return tuple(self._register.holders.values())

    def _approve(
        self, untrusted: bytes, terms: Terms, at: datetime, fresh: list[tuple[Path, bytes]]
    ) -> Given:
        request, licence, register = open_request(untrusted), self.licence, self._register
        before = register.requests.get(request.id)
        if before is not None:
            judging.require_same_request(before, request, register)
            path = keeping.issued_file(self._folder, before.number, before.certificate)
            waiting = dict(fresh)
            content = waiting.get(path) or keeping.read_file(path)
            return Given(before.label, before.number, content)
        existing = judging.require_approvable(request, licence, register, terms, at)
        if existing is not None:
            path = keeping.issued_file(self._folder, existing.number, existing.certificate)
            judging.require_machine(dict(fresh).get(path) or keeping.read_file(path), licence,
                                    request, terms)  # fmt: skip
        certificate = self._entered(request, terms, at, existing)
        content = certificate_bytes(certificate, self._secrets.key)
        path = keeping.issued_file(self._folder, certificate.number, certificate.id)
        fresh.append((path, content))
        return Given(certificate.label, certificate.number, content)

    def _entered(
        self, request: SeatRequest, terms: Terms, at: datetime, existing: Issued | None
    ) -> Certificate:
        """The certificate, its entry added to the register."""
        licence, register = self.licence, self._register
        number = judging.number_for(existing, licence, register, terms)
        tokens = judging.share_for(existing, licence, register, terms)
        days = min(terms.lease_days or licence.lease_days, licence.lease_days)
        until = whole(later(at, timedelta(days=days)))
        replaced = existing or register.holders.get(number)
        if replaced is not None:
            reason = Reason.REPLACED if existing is not None else Reason.REVOKED
            register.add(Ended(at, replaced.certificate, reason))
        entry = Issued(
            at=at,
            certificate=random_bytes(16).hex(),
            number=number,
            seat=request.seat,
            request=request.id,
            label=terms.label or request.label,
            until=until,
            tokens=tokens,
            token=request.enrolment if existing is None else "",
        )
        register.add(entry)
        return Certificate(
            id=entry.certificate,
            licence=licence.id,
            number=number,
            seat=entry.seat,
            request=request.id,
            label=entry.label,
            issued=at,
            until=until,
            tokens=tokens,
            machine=request.machine,
            register=register.seen,
        )

    def _take_back(self, untrusted: bytes, at: datetime) -> Given:
        receipt, register = open_receipt(untrusted), self._register
        require_of(self.licence, receipt.licence, Kind.RECEIPT)
        register.require_seen(receipt.seen)
        holder, before = register.seats.get(receipt.seat), register.ended.get(receipt.certificate)
        if holder is None and before is not None:
            return Given()
        if holder is None or (before is None and holder.certificate != receipt.certificate):
            raise SeatUnknown("This receipt gives back a seat that this authority never gave.")
        # Its key is gone, and with it a renewal that was given and had not arrived.
        register.add(Ended(at, holder.certificate, Reason.RETURNED))
        return Given(holder.label, holder.number)

    def _sorted_reports(
        self, untrusted: Sequence[bytes], problems: list[CloisterError]
    ) -> list[Usage]:
        found = []
        for report in untrusted:
            try:
                found.append(open_usage(report, self.licence))
            except CloisterError as error:
                problems.append(error)
        once = {usage.sha256: usage for usage in found}.values()
        return sorted(once, key=lambda usage: (usage.certificate.number, usage.number))

    def _told(self, usage: Usage, at: datetime) -> Row:
        seat, number = usage.certificate.seat, usage.certificate.number
        known = self._register.told.get(seat)
        if known is None or known.number + 1 == usage.number:
            if (known.sha256 if known else "") != usage.previous:
                raise ReportsDisagree(
                    f"Report {usage.number} of seat {number} does not follow the one before it."
                )
            self._register.add(Told(at, seat, usage.number, usage.sha256))
        elif (known.number, known.sha256) != (usage.number, usage.sha256):
            raise ReportsDisagree(
                f"Report {usage.number} of seat {number} is not the one that was expected "
                f"(number {known.number + 1})."
            )
        return Row(number, seat, usage.certificate.label, usage.sha256, usage.months)

    def _require_time(self) -> datetime:
        """The time to sign under. Raises ClockBehind."""
        last = self._register.last
        floor = max(filter(None, (last, self._licence.issued if self._licence else None)),
                    default=self._now)  # fmt: skip
        if self._now < floor - TOLERANCE:
            raise ClockBehind(f"The clock stands before {floor:%Y-%m-%d %H:%M} UTC, signed here.")
        return max(self._now, floor)

    def _require_term(self) -> datetime:
        at, end = self._require_time(), self.licence.end
        if end is not None and at >= end:
            raise TermOver(f"The licence ended on {end:%Y-%m-%d}.")
        return at

    def _save(self) -> None:
        keeping.save(self._folder, self._anchors, self._secrets, self._register, self._made_on)


def _held(one: Issued) -> Held:
    return Held(one.number, one.label, one.certificate, one.at, one.until, one.tokens)


@contextmanager
def opened_authority(
    folder: Path,
    anchors: Path,
    passphrase: str,
    traits: Traits,
    *,
    now: datetime,
    trusted: tuple[TrustedKey, ...] | None = None,
) -> Iterator[Authority]:
    """The authority in `folder`, nobody else's while the block runs. Raises NoAuthority,
    AlreadyRunning, WrongPassphrase, AuthorityDamaged, AuthorityRestored, AuthorityElsewhere."""
    with keeping.locked(folder):
        secrets = keeping.unlock(folder, passphrase)
        register, made_on = keeping.load(folder, anchors, secrets, traits)
        keeping.forget_unregistered(folder, register)
        path = folder / keeping.LICENCE_FILE
        licence = open_licence(keeping.read_file(path), trusted) if path.exists() else None
        yield Authority(folder, anchors, secrets, register, made_on, licence, now)


def new_authority(  # noqa: PLR0917
    folder: Path, anchors: Path, passphrase: str, traits: Traits, institution: str, now: datetime
) -> bytes:
    """Makes an authority; returns the file that the vendor certifies. Raises AuthorityExists,
    LabelUnfit, PassphraseTooWeak."""
    if not institution.strip() or not institution.isprintable() or len(institution) > NAME_LIMIT:
        hint = f"Give one printable line of at most {NAME_LIMIT} characters."
        raise LabelUnfit("That is no name for an institution.", hint=hint)
    secrets = keeping.create(folder, anchors, passphrase, traits)
    made_on = keeping.load(folder, anchors, secrets, traits)[1]
    register = Register(secrets.id)
    return Authority(folder, anchors, secrets, register, made_on, None, now).key_file(institution)
