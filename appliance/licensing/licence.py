"""The vendor's licence: who may use the product, on how many seats, for how long, and for what.

Rules kept here: only the vendor's key signs it; it certifies the one key of the institution's seat
authority; its serial only rises; a plan and the members that do not fit it are refused together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.licensing import trust
from appliance.licensing.errors import OtherLicence
from appliance.licensing.signed import NAMES, Kind, key_body, key_in, opened, read, signed
from appliance.licensing.times import hex_in, spelled, time_in, time_or_never
from appliance.vault.canonical import Fields, Json, Malformed
from appliance.vault.signers import SignerKey, TrustedKey

NAME_LIMIT = 200
"""Characters of an institution's name."""
MOST_SEATS = 100_000
MOST_TOKENS = 10**12
MOST_GRACE = 90  # days
MOST_LEASE = 400  # days
_FEATURE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MOST_FEATURES = 64

WRITTEN = "written"
"""The feature that lets answers be written by a language model; without it they are quoted."""
API = "api"
FEATURES = (WRITTEN, API, "kiosk", "fleet")
"""Those this version knows. Others may stand in a licence; they mean nothing to it."""


class Plan(StrEnum):
    """What is paid for (docs/licensing.md has the table)."""

    SEAT = "seat"
    SUBSCRIPTION = "subscription"
    METERED = "metered"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Licence:
    """end: None for a licence without an end (plan `seat` alone). tokens: what all seats together
    may have written in a calendar month (UTC), 0 for no bound. overage: whether more than that is
    written and reported, or quoted instead. lease_days: the longest a certificate may run."""

    id: str
    serial: int
    institution: str
    plan: Plan
    issued: datetime
    start: datetime
    end: datetime | None
    grace_days: int
    seats: int
    tokens: int
    overage: bool
    lease_days: int
    features: tuple[str, ...]
    authority: TrustedKey

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.grace_days)

    @property
    def metered(self) -> bool:
        """Whether what is written is counted."""
        return self.plan in {Plan.METERED, Plan.MIXED}


def licence_bytes(licence: Licence, key: SignerKey) -> bytes:
    """Signed by the vendor. Raises DocumentMalformed for members that make no sense together."""
    content = signed(Kind.LICENCE, _body(licence), key)
    open_licence(content, (key.public("vendor"),))
    return content


def open_licence(untrusted: bytes, trusted: tuple[TrustedKey, ...] | None = None) -> Licence:
    """The licence, if the vendor signed it. trusted: the vendor's keys, those of this program if
    None. Raises DocumentForged, DocumentMalformed."""
    keys = trust.TRUSTED if trusted is None else trusted
    return read(Kind.LICENCE, opened(Kind.LICENCE, untrusted, keys).body, _licence)


def require_of(licence: Licence, stated: str, kind: Kind) -> None:
    """Raises OtherLicence unless a document says that it belongs to this licence."""
    if stated != licence.id:
        raise OtherLicence(f"This {NAMES[kind]} belongs to another licence.")


def _body(licence: Licence) -> dict[str, Json]:
    return {
        "authority": key_body(licence.authority),
        "end": spelled(licence.end),
        "features": list(licence.features),
        "grace_days": licence.grace_days,
        "id": licence.id,
        "institution": licence.institution,
        "issued": spelled(licence.issued),
        "lease_days": licence.lease_days,
        "overage": licence.overage,
        "plan": licence.plan.value,
        "seats": licence.seats,
        "serial": licence.serial,
        "start": spelled(licence.start),
        "tokens": licence.tokens,
    }


def _licence(untrusted: Fields) -> Licence:
    untrusted.only(
        "authority", "end", "features", "format", "grace_days", "id", "institution", "issued",
        "lease_days", "overage", "plan", "seats", "serial", "start", "tokens", "version",
    )  # fmt: skip
    institution = untrusted.text("institution", NAME_LIMIT)
    features = untrusted.texts("features", _MOST_FEATURES)
    overage = untrusted.untrusted["overage"]
    if not institution.strip() or not institution.isprintable() or not isinstance(overage, bool):
        raise Malformed("institution or overage")
    if list(features) != sorted(set(features)) or not all(map(_FEATURE.fullmatch, features)):
        raise Malformed("features")
    try:
        plan = Plan(untrusted.text("plan"))
    except ValueError:
        raise Malformed("plan") from None
    licence = Licence(
        id=hex_in(untrusted, "id"),
        serial=untrusted.integer("serial", 1),
        institution=institution,
        plan=plan,
        issued=time_in(untrusted, "issued"),
        start=time_in(untrusted, "start"),
        end=time_or_never(untrusted, "end"),
        grace_days=untrusted.integer("grace_days", 0, MOST_GRACE),
        seats=untrusted.integer("seats", 1, MOST_SEATS),
        tokens=untrusted.integer("tokens", 0, MOST_TOKENS),
        overage=overage,
        lease_days=untrusted.integer("lease_days", 1, MOST_LEASE),
        features=features,
        authority=key_in(untrusted, "authority", institution),
    )
    _require_fitting(licence)
    return licence


def _require_fitting(licence: Licence) -> None:
    """Raises Malformed where the plan and the other members do not fit."""
    if licence.end is None and licence.plan is not Plan.SEAT:
        raise Malformed("this plan needs an end")
    if licence.end is not None and licence.end <= licence.start:
        raise Malformed("it ends before it starts")
    if licence.tokens and not licence.metered:
        raise Malformed("this plan has no token quota")
    if licence.plan is Plan.MIXED and not licence.tokens:
        raise Malformed("this plan needs a token quota")
    if licence.overage and not licence.tokens:
        raise Malformed("more than no quota means nothing")
