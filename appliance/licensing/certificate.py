"""A seat's certificate: the authority's word that this key on this machine holds seat number N.

Rules kept here: only the key that the licence certifies signs it; it is bound to one request, one
seat key and one machine; its number lies within the licence's seats; the count of the authority's
register stands in it and only rises, so an older certificate never takes a newer one's place; it
ends (a lease), so a copy that nobody can reach ends too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.licensing.errors import SeatBeyondLicence
from appliance.licensing.fingerprint import Fingerprint, fingerprint_body, fingerprint_in
from appliance.licensing.licence import MOST_SEATS, MOST_TOKENS, Licence, require_of
from appliance.licensing.request import LABEL_LIMIT, Seen, require_label, seen_body, seen_in
from appliance.licensing.signed import Kind, opened, read, signed
from appliance.licensing.times import HASH_SIZE, hex_in, spelled, time_in
from appliance.vault.canonical import Fields, Json, Malformed
from appliance.vault.signers import SignerKey


@dataclass(frozen=True, slots=True)
class Certificate:
    """number: which of the licence's seats, from 1. seat: SHA-256 (hex) over the seat's public
    keys. until: the end of the lease. tokens: this seat's share of the month's quota, 0 for none of
    its own. register: how far the authority's register had come, this certificate included."""

    id: str
    licence: str
    number: int
    seat: str
    request: str
    label: str
    issued: datetime
    until: datetime
    tokens: int
    machine: Fingerprint
    register: Seen


def certificate_bytes(certificate: Certificate, key: SignerKey) -> bytes:
    body: dict[str, Json] = {
        "id": certificate.id,
        "issued": spelled(certificate.issued),
        "label": certificate.label,
        "licence": certificate.licence,
        "machine": fingerprint_body(certificate.machine),
        "number": certificate.number,
        "register": seen_body(certificate.register),
        "request": certificate.request,
        "seat": certificate.seat,
        "tokens": certificate.tokens,
        "until": spelled(certificate.until),
    }
    return signed(Kind.CERTIFICATE, body, key)


def open_certificate(untrusted: bytes, licence: Licence) -> Certificate:
    """The certificate, if the authority that this licence certifies signed it for it.

    Raises DocumentForged, DocumentMalformed, OtherLicence, SeatBeyondLicence."""
    body = opened(Kind.CERTIFICATE, untrusted, (licence.authority,)).body
    certificate = read(Kind.CERTIFICATE, body, _certificate)
    require_of(licence, certificate.licence, Kind.CERTIFICATE)
    if certificate.number > licence.seats:
        raise SeatBeyondLicence(
            f"This is seat {certificate.number}, and the licence has {licence.seats}."
        )
    return certificate


def _certificate(untrusted: Fields) -> Certificate:
    untrusted.only(
        "format", "id", "issued", "label", "licence", "machine", "number", "register", "request",
        "seat", "tokens", "until", "version",
    )  # fmt: skip
    certificate = Certificate(
        id=hex_in(untrusted, "id"),
        licence=hex_in(untrusted, "licence"),
        number=untrusted.integer("number", 1, MOST_SEATS),
        seat=hex_in(untrusted, "seat", HASH_SIZE),
        request=hex_in(untrusted, "request"),
        label=require_label(untrusted.text("label", LABEL_LIMIT)),
        issued=time_in(untrusted, "issued"),
        until=time_in(untrusted, "until"),
        tokens=untrusted.integer("tokens", 0, MOST_TOKENS),
        machine=fingerprint_in(untrusted, "machine"),
        register=seen_in(untrusted, "register"),
    )
    if certificate.until <= certificate.issued or not certificate.register.count:
        raise Malformed("until or register")
    return certificate
