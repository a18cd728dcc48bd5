"""A seat's request: "certify this key for this machine".

Rules kept here: it is signed by the seat's own key, so only the holder can use what comes back; it
has an id of its own and is answered once; it says what the seat has seen of the authority, so that
an authority that was restored from a backup learns of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.licensing.errors import LabelUnfit
from appliance.licensing.fingerprint import Fingerprint, fingerprint_body, fingerprint_in
from appliance.licensing.signed import Kind, key_body, key_hash, key_in, read, self_signed, signed
from appliance.licensing.times import HASH_SIZE, hex_in, spelled, time_in
from appliance.vault.canonical import Fields, Json, Malformed
from appliance.vault.signers import SignerKey, TrustedKey

LABEL_LIMIT = 80
AUTHORITY_SIZE = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a seat has seen the authority's register: `count` entries, of which `head` (hex) is
    the chained hash. Nothing: 0 and ""."""

    count: int = 0
    head: str = ""

    def newer(self, other: Seen) -> Seen:
        return other if other.count > self.count else self


@dataclass(frozen=True, slots=True)
class SeatRequest:
    """label: what IT calls the machine. authority: the id of the authority that `seen` and `renews`
    speak of, "" for none. renews: the id of the certificate that shall go on, "" for a first one.
    enrolment: the id of the token that was used here, and enrolment_proof what only its holder can
    compute. created: by this machine's clock; nothing is decided by it."""

    id: str
    label: str
    licence: str
    key: TrustedKey
    machine: Fingerprint
    created: datetime
    authority: str = ""
    seen: Seen = Seen()
    renews: str = ""
    enrolment: str = ""
    enrolment_proof: str = ""

    @property
    def seat(self) -> str:
        """What the seat is named by: SHA-256 (hex) over its public keys."""
        return key_hash(self.key)


def request_bytes(request: SeatRequest, key: SignerKey) -> bytes:
    body: dict[str, Json] = {
        "authority": request.authority,
        "created": spelled(request.created),
        "enrolment": request.enrolment,
        "enrolment_proof": request.enrolment_proof,
        "id": request.id,
        "key": key_body(request.key),
        "label": request.label,
        "licence": request.licence,
        "machine": fingerprint_body(request.machine),
        "renews": request.renews,
        "seen": seen_body(request.seen),
    }
    return signed(Kind.REQUEST, body, key)


def open_request(untrusted: bytes) -> SeatRequest:
    """Raises DocumentForged, DocumentMalformed."""
    return read(Kind.REQUEST, self_signed(Kind.REQUEST, untrusted).body, _request)


def require_label(untrusted: str) -> str:
    """What a machine may be called: one printable line. Raises Malformed."""
    if len(untrusted) > LABEL_LIMIT or not (untrusted.isprintable() or not untrusted):
        raise Malformed("label")
    return untrusted


def require_fitting_label(label: str) -> None:
    """The same of what a person typed. Raises LabelUnfit."""
    try:
        require_label(label)
    except Malformed as error:
        raise LabelUnfit("The label is too long, or not to be printed.") from error


def seen_body(seen: Seen) -> dict[str, Json]:
    return {"count": seen.count, "head": seen.head}


def seen_in(untrusted: Fields, name: str) -> Seen:
    """Raises Malformed."""
    members = untrusted.fields(name).only("count", "head")
    seen = Seen(members.integer("count"), hex_in(members, "head", HASH_SIZE, empty=True))
    if bool(seen.count) != bool(seen.head):
        raise Malformed(name)
    return seen


def _request(untrusted: Fields) -> SeatRequest:
    untrusted.only(
        "authority", "created", "enrolment", "enrolment_proof", "format", "id", "key", "label",
        "licence", "machine", "renews", "seen", "version",
    )  # fmt: skip
    return SeatRequest(
        id=hex_in(untrusted, "id"),
        label=require_label(untrusted.text("label", LABEL_LIMIT)),
        licence=hex_in(untrusted, "licence", empty=True),
        key=key_in(untrusted, "key"),
        machine=fingerprint_in(untrusted, "machine"),
        created=time_in(untrusted, "created"),
        authority=hex_in(untrusted, "authority", AUTHORITY_SIZE, empty=True),
        seen=seen_in(untrusted, "seen"),
        renews=hex_in(untrusted, "renews", empty=True),
        enrolment=hex_in(untrusted, "enrolment", empty=True),
        enrolment_proof=hex_in(untrusted, "enrolment_proof", HASH_SIZE, empty=True),
    )
