"""An enrolment token: seats for a silent installation, with a count and an end.

Rules kept here: the authority signs it; an installation uses a token once and only until its end,
and works with it for some days; within them it must get its certificate, and the authority gives
out no more of those than the token's count. A token is worth its seats: keep it as one keeps keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.licensing.licence import MOST_SEATS, Licence, require_of
from appliance.licensing.signed import Kind, opened, read, signed
from appliance.licensing.times import HASH_SIZE, hex_in, later, spelled, time_in
from appliance.vault.canonical import Fields, Json
from appliance.vault.primitives import mac
from appliance.vault.signers import SignerKey

MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Enrolment:
    """count: how many seats. until: when an installation may last begin with it. days: how long
    one works before it has its certificate. secret: 64 hexadecimal digits; who has the file has
    it, and who only saw a request made with it has not."""

    id: str
    licence: str
    count: int
    issued: datetime
    until: datetime
    days: int
    secret: str

    def proof(self, request: str, seat: str) -> str:
        """What shows the authority that the maker of this request, for this seat's key, had the
        token (hex)."""
        bound = f"cloister/enrolment/v1\x00{request}\x00{seat}".encode()
        return mac(bytes.fromhex(self.secret), bound).hex()

    def provisional_end(self, begun: datetime) -> datetime:
        return later(begun, timedelta(days=self.days))


def enrolment_bytes(enrolment: Enrolment, key: SignerKey) -> bytes:
    body: dict[str, Json] = {
        "count": enrolment.count,
        "days": enrolment.days,
        "id": enrolment.id,
        "issued": spelled(enrolment.issued),
        "licence": enrolment.licence,
        "secret": enrolment.secret,
        "until": spelled(enrolment.until),
    }
    return signed(Kind.ENROLMENT, body, key)


def open_enrolment(untrusted: bytes, licence: Licence) -> Enrolment:
    """Raises DocumentForged, DocumentMalformed, OtherLicence."""
    body = opened(Kind.ENROLMENT, untrusted, (licence.authority,)).body
    token = read(Kind.ENROLMENT, body, _enrolment)
    require_of(licence, token.licence, Kind.ENROLMENT)
    return token


def _enrolment(untrusted: Fields) -> Enrolment:
    untrusted.only("count", "days", "format", "id", "issued", "licence", "secret", "until",
                   "version")  # fmt: skip
    return Enrolment(
        id=hex_in(untrusted, "id"),
        licence=hex_in(untrusted, "licence"),
        count=untrusted.integer("count", 1, MOST_SEATS),
        issued=time_in(untrusted, "issued"),
        until=time_in(untrusted, "until"),
        days=untrusted.integer("days", 1, MOST_DAYS),
        secret=hex_in(untrusted, "secret", HASH_SIZE),
    )
