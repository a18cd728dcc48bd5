"""The revocation list: which certificates no longer count, and who holds which seat.

Rules kept here: the authority signs it under a number that only rises, and a seat that has seen
number N uses no list below N; a certificate that is listed as revoked is revoked for good; so is
one whose seat number the list gives to another seat, or to none: two machines that were
given one seat (by a copy of the authority, or one restored from a backup) are found by the first
list that reaches them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from appliance.licensing.certificate import Certificate
from appliance.licensing.licence import MOST_SEATS, Licence, require_of
from appliance.licensing.request import Seen, seen_body, seen_in
from appliance.licensing.signed import Kind, opened, read, signed
from appliance.licensing.times import ID_SIZE, hex_in, spelled, time_in
from appliance.vault.canonical import Fields, Json, Malformed, canonical_json
from appliance.vault.signers import SignerKey

MOST_REVOKED = 100_000


class Reason(StrEnum):
    REVOKED = "revoked"
    RETURNED = "returned"
    REPLACED = "replaced"
    """A newer certificate of the same seat took its place; lists do not name those."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate, or an enrolment token, by its id."""

    id: str
    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class RevocationList:
    """holders: (seat number, the first 32 digits of the name of the seat that holds it). register:
    how far the authority's register had come."""

    licence: str
    number: int
    issued: datetime
    revoked: tuple[Revoked, ...]
    holders: tuple[tuple[int, str], ...]
    register: Seen

    def verdict(self, certificate: Certificate) -> Reason | None:
        """Why a certificate no longer counts, None if it does."""
        for entry in self.revoked:
            if entry.id == certificate.id:
                return entry.reason
        holder = dict(self.holders).get(certificate.number)
        known = certificate.register.count <= self.register.count
        return Reason.REVOKED if known and holder != holder_name(certificate.seat) else None

    @property
    def mark(self) -> int:
        """52 bits of a hash over what it says: by it a log tells two lists of one number apart."""
        return int(hashlib.sha256(canonical_json(_body(self))).hexdigest()[:13], 16)

    def revokes_token(self, token: str) -> bool:
        return any(entry.id == token for entry in self.revoked)


def holder_name(seat: str) -> str:
    """How a list names a seat: enough of its hash to tell any two apart."""
    return seat[:ID_SIZE]


def revocations_bytes(listed: RevocationList, key: SignerKey) -> bytes:
    return signed(Kind.REVOCATIONS, _body(listed), key)


def _body(listed: RevocationList) -> dict[str, Json]:
    return {
        "holders": [[number, seat] for number, seat in listed.holders],
        "issued": spelled(listed.issued),
        "licence": listed.licence,
        "number": listed.number,
        "register": seen_body(listed.register),
        "revoked": [
            {"at": spelled(entry.at), "id": entry.id, "reason": entry.reason.value}
            for entry in listed.revoked
        ],
    }


def open_revocations(untrusted: bytes, licence: Licence) -> RevocationList:
    """Raises DocumentForged, DocumentMalformed, OtherLicence."""
    body = opened(Kind.REVOCATIONS, untrusted, (licence.authority,)).body
    listed = read(Kind.REVOCATIONS, body, _revocations)
    require_of(licence, listed.licence, Kind.REVOCATIONS)
    return listed


def _revocations(untrusted: Fields) -> RevocationList:
    untrusted.only("format", "holders", "issued", "licence", "number", "register", "revoked",
                   "version")  # fmt: skip
    return RevocationList(
        licence=hex_in(untrusted, "licence"),
        number=untrusted.integer("number", 1),
        issued=time_in(untrusted, "issued"),
        revoked=tuple(_revoked(row) for row in untrusted.rows("revoked", MOST_REVOKED)),
        holders=_holders(untrusted),
        register=seen_in(untrusted, "register"),
    )


def _revoked(untrusted: Fields) -> Revoked:
    untrusted.only("at", "id", "reason")
    try:
        reason = Reason(untrusted.text("reason", 20))
    except ValueError:
        raise Malformed("reason") from None
    return Revoked(hex_in(untrusted, "id"), reason, time_in(untrusted, "at"))


def _holders(untrusted: Fields) -> tuple[tuple[int, str], ...]:
    rows = untrusted.untrusted["holders"]
    if not isinstance(rows, list) or len(rows) > MOST_SEATS:
        raise Malformed("holders")
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise Malformed("holders")
        pair = Fields({"number": row[0], "seat": row[1]})
        found.append((pair.integer("number", 1, MOST_SEATS), hex_in(pair, "seat")))
    numbers = [number for number, _ in found]
    if numbers != sorted(set(numbers)):
        raise Malformed("holders")
    return tuple(found)
