"""What lies in <data>/licence: public signed files, and the seat's own secrets, sealed.

Rules kept here: each file is replaced whole; what is read back is verified again each time, so a
file that was swapped in by hand counts for nothing; the seat's key and the key of its fingerprint
are sealed under a key of the vault and never leave this folder.

    licence.json  certificate.json  revocations.json  enrolment.json  usage.json   public by design
    seat.sealed                                                                     secret
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from appliance.errors import StoreTampered
from appliance.licensing.certificate import Certificate, open_certificate
from appliance.licensing.enrolment import Enrolment, open_enrolment
from appliance.licensing.licence import Licence, open_licence
from appliance.licensing.request import Seen
from appliance.licensing.revocations import RevocationList, open_revocations
from appliance.licensing.signed import LARGE, key_hash
from appliance.licensing.times import HASH_SIZE, hex_in
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.durable import remove_leftovers, storage_error, write_atomic
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.primitives import random_bytes
from appliance.vault.sealed import Context, read_sealed, write_sealed
from appliance.vault.signers import SignerKey, TrustedKey

SEALED = "seat.sealed"
_LIMIT = 1 << 20


class SeatDamaged(StoreTampered):
    code = "seat_damaged"
    hint = (
        "Make a new request with `cloister seat request --new` and have it approved. Reading, "
        "exporting and backing up go on meanwhile."
    )


class File(StrEnum):
    LICENCE = "licence.json"
    CERTIFICATE = "certificate.json"
    REVOCATIONS = "revocations.json"
    ENROLMENT = "enrolment.json"
    USAGE = "usage.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The seat's own. key: None before the first request and after the seat was given back.
    request: the one that waits for its certificate, b"" for none. receipt: of the last return.
    reports, previous, reported: how many usage reports were made, the hash of the last one, and
    how many records of the log they covered."""

    prints: bytes
    key: SignerKey | None = None
    request: bytes = b""
    receipt: bytes = b""
    reports: int = 0
    previous: str = ""
    reported: int = 0

    @property
    def seat(self) -> str:
        """What the seat is named by, "" without a key."""
        return key_hash(self.key.public("")) if self.key is not None else ""

    def answered(self) -> Secrets:
        """Once the certificate is here."""
        return replace(self, request=b"", receipt=b"")


@dataclass(frozen=True, slots=True)
class Installed:
    """What is installed and verified."""

    licence: Licence | None = None
    certificate: Certificate | None = None
    revocations: RevocationList | None = None
    enrolment: Enrolment | None = None

    @property
    def seen(self) -> Seen:
        """How far the authority's register was seen to have come."""
        found = Seen()
        for one in (self.certificate, self.revocations):
            if one is not None:
                found = found.newer(one.register)
        return found


class SeatFolder:
    """The folder of one installation. key: 32 bytes that seal its secrets; vault: what they are
    bound to. trusted: the vendor's keys, None for those of this program."""

    def __init__(
        self, folder: Path, key: bytes, vault: str, trusted: tuple[TrustedKey, ...] | None = None
    ) -> None:
        self._folder = folder
        self._key = key
        self._context = Context("seat", vault)
        self._trusted = trusted

    def sweep(self) -> None:
        """Takes away what a crash left. Only under the data folder's lock."""
        if self._folder.exists():
            remove_leftovers(self._folder)

    def read(self, file: File) -> bytes | None:
        """None where there is no such file. Raises StorageFailed and its kin."""
        try:
            with (self._folder / file.value).open("rb") as opened:
                return opened.read(LARGE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error, f"{file.value} was not read") from error

    def write(self, file: File, content: bytes) -> None:
        """Durable on return. Raises StorageFull, StorageReadOnly."""
        self._make()
        write_atomic(self._folder / file.value, content)

    def remove(self, file: File) -> None:
        try:
            (self._folder / file.value).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, f"{file.value} was not removed") from error

    def secrets(self) -> Secrets:
        """Fresh ones where there are none yet (not written). Raises SeatDamaged."""
        try:
            content = read_sealed(self._folder / SEALED, self._key, self._context, limit=_LIMIT)
            return _secrets(Fields(read_json(content)))
        except SealedMissing:
            return Secrets(random_bytes(32))
        except (Tampered, Malformed, TooLarge, ValueError) as error:
            raise SeatDamaged("The seat's own secrets are damaged or another vault's.") from error

    def save(self, secrets: Secrets) -> None:
        """Durable on return; the old content is gone with the old file."""
        self._make()
        write_sealed(
            self._folder / SEALED, self._key, canonical_json(_secrets_body(secrets)), self._context
        )

    def licence(self) -> Licence | None:
        """Raises DocumentForged, DocumentMalformed."""
        content = self.read(File.LICENCE)
        return None if content is None else open_licence(content, self._trusted)

    def installed(self) -> Installed:
        """All that is there, verified under the licence. Raises a LicensingError for the first
        thing that does not hold."""
        licence = self.licence()
        if licence is None:
            return Installed()
        found = Installed(licence)
        certificate, listed = self.read(File.CERTIFICATE), self.read(File.REVOCATIONS)
        token = self.read(File.ENROLMENT)
        if listed is not None:
            found = replace(found, revocations=open_revocations(listed, licence))
        if certificate is not None:
            found = replace(found, certificate=open_certificate(certificate, licence))
        if token is not None and certificate is None:  # a certificate took its place
            found = replace(found, enrolment=open_enrolment(token, licence))
        return found

    def _make(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the licence's folder was not made") from error


def _secrets_body(secrets: Secrets) -> dict[str, Json]:
    key = secrets.key
    return {
        "ed25519": base64_text(key.ed25519.seed) if key else "",
        "ml-dsa-65": base64_text(key.ml_dsa_65.seed) if key else "",
        "previous": secrets.previous,
        "prints": base64_text(secrets.prints),
        "receipt": base64_text(secrets.receipt),
        "reported": secrets.reported,
        "reports": secrets.reports,
        "request": base64_text(secrets.request),
    }


def _secrets(content: Fields) -> Secrets:
    content.only(
        "ed25519", "ml-dsa-65", "previous", "prints", "receipt", "reported", "reports", "request"
    )
    seeds = content.blob("ed25519", 32), content.blob("ml-dsa-65", 32)
    return Secrets(
        prints=content.blob("prints", 32),
        key=SignerKey.from_seeds(*seeds) if any(seeds) else None,
        request=content.blob("request", 65_536),
        receipt=content.blob("receipt", 65_536),
        reports=content.integer("reports"),
        previous=hex_in(content, "previous", HASH_SIZE, empty=True),
        reported=content.integer("reported"),
    )
