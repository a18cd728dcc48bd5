"""Whether a request may have a certificate, and which seat: every reason to say no.

Rules kept here: pure; each check raises with what to do about it; what the register has seen
decides before what a request says of itself.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.licensing.authority.register import Issued, Register
from appliance.licensing.certificate import open_certificate
from appliance.licensing.enrolment import MOST_DAYS, Enrolment
from appliance.licensing.errors import (
    AuthorityRestored,
    CloneSuspected,
    EnrolmentEnded,
    EnrolmentUnfit,
    EnrolmentUsed,
    OneSeatOnly,
    QuotaUsedUp,
    SeatElsewhere,
    SeatRevoked,
    SeatsUsedUp,
    SeatUnknown,
    TooLittleOfItself,
)
from appliance.licensing.fingerprint import NEEDED, likeness
from appliance.licensing.licence import MOST_SEATS, Licence, require_of
from appliance.licensing.request import SeatRequest, require_fitting_label
from appliance.licensing.signed import Kind
from appliance.licensing.times import later


@dataclass(frozen=True, slots=True)
class Terms:
    """What IT says with an approval. lease_days: 0 for the licence's. tokens: the seat's share of
    the month's quota, None for an equal one. replaces: the number of a seat whose machine is lost;
    that one is revoked. label: "" for what the request says."""

    lease_days: int = 0
    tokens: int | None = None
    replaces: int = 0
    label: str = ""
    accept_indistinct: bool = False
    accept_moved: bool = False


def require_terms(terms: Terms, requests: int) -> None:
    """Raises LabelUnfit, OneSeatOnly."""
    require_fitting_label(terms.label)
    if terms.replaces and requests > 1:
        raise OneSeatOnly(f"Seat {terms.replaces} can go to one machine, not to {requests}.")


def require_offer(count: int, until: datetime, days: int, at: datetime) -> None:
    """Raises EnrolmentUnfit for a token that no seat would take."""
    if not 0 < count <= MOST_SEATS or not 0 < days <= MOST_DAYS or until <= at:
        raise EnrolmentUnfit(f"A token of {count} seats, {days} days, until {until:%Y-%m-%d}?")


def require_same_request(before: Issued, request: SeatRequest, register: Register) -> None:
    """A request that was answered: it gets the same answer, unless that seat has ended since."""
    if before.seat != request.seat:
        raise CloneSuspected("This request was answered before, to another key.")
    if before.certificate in register.ended:
        raise SeatRevoked(f"Seat {before.number} was given for this request, and has ended.")


def require_approvable(
    request: SeatRequest, licence: Licence, register: Register, terms: Terms, at: datetime
) -> Issued | None:
    """The seat that is renewed, None for a new one. Raises a LicensingError."""
    if request.licence:
        require_of(licence, request.licence, Kind.REQUEST)
    ours = request.authority == register.authority
    if ours:
        register.require_seen(request.seen)
    if not request.machine.distinct and not terms.accept_indistinct:
        raise TooLittleOfItself(
            f"The machine “{request.label}” says too little of itself to tell it from a copy."
        )
    existing = register.seats.get(request.seat)
    if existing is not None:
        if request.renews != existing.certificate:
            raise CloneSuspected(
                f"Seat {existing.number} (“{existing.label}”) was renewed already; this request "
                "comes from a copy, or from an old image of that machine."
            )
        return existing
    if request.seat in register.over:  # else its receipt, sent again, would free the new seat
        raise _over()
    if request.renews and ours:
        _require_unended(request, register)
    if request.enrolment:
        _require_enrolled(request, register, at)
    return None


def require_machine(
    untrusted_certificate: bytes, licence: Licence, request: SeatRequest, terms: Terms
) -> None:
    """Raises SeatBeyondLicence, and SeatElsewhere where a renewal comes from another machine and IT
    does not say that it may. Both fingerprints are under the seat's own key, so they compare."""
    certified = open_certificate(untrusted_certificate, licence).machine
    alike = likeness(certified, request.machine)
    if alike < NEEDED and not terms.accept_moved:
        raise SeatElsewhere(
            f"The request comes from another machine than the seat was given to ({alike} % of "
            "that is found).",
            hint="If that is meant (new hardware), approve it with --accept-moved.",
        )


def number_for(existing: Issued | None, licence: Licence, register: Register, terms: Terms) -> int:
    """A seat that goes on keeps its number, which `require_machine` found within the licence.
    Raises SeatsUsedUp, SeatUnknown."""
    if existing is not None:
        return existing.number
    if terms.replaces:
        if terms.replaces not in register.holders or terms.replaces > licence.seats:
            raise SeatUnknown(f"Nobody holds seat {terms.replaces}.")
        return terms.replaces
    number = register.free_number(licence.seats)
    if not number:
        raise SeatsUsedUp(f"All {licence.seats} seats of the licence are held.")
    return number


def share_for(existing: Issued | None, licence: Licence, register: Register, terms: Terms) -> int:
    """The seat's tokens a month. Raises QuotaUsedUp."""
    if not licence.tokens:
        return 0
    kept = existing.tokens if existing is not None else 0
    replaced = register.holders.get(terms.replaces)
    freed = replaced.tokens if replaced is not None and existing is None else kept
    equal = licence.tokens // licence.seats
    left = licence.tokens - register.tokens_given() + freed
    if existing is not None:  # after a smaller licence, what was given shrinks to an equal share
        left = max(left, min(kept, equal))
    wanted = terms.tokens if terms.tokens is not None else kept or equal
    if existing is not None and terms.tokens is None:
        wanted = min(wanted, left)
    if wanted > left:
        raise QuotaUsedUp(f"{left:,} tokens a month are left to give; {wanted:,} were asked for.")
    return wanted


def named_seat(wanted: str, register: Register) -> Issued | None:
    """The seat of this number, certificate or label, in that order: a label is what somebody called
    a machine, be that the number of another. None for an enrolment token. Raises SeatUnknown."""
    holders = register.holders.values()
    for names in (
        lambda one: str(one.number),
        lambda one: one.certificate,
        lambda one: one.label,
    ):
        found = [one for one in holders if names(one) == wanted]
        if len(found) > 1:
            numbers = ", ".join(str(one.number) for one in found)
            raise SeatUnknown(f"Seats {numbers} are called “{wanted}”.", hint="Name the number.")
        if found:
            return found[0]
    if wanted not in register.offers:
        raise SeatUnknown(f"No seat is held under “{wanted}”.")
    return None


def require_free(register: Register, licence: Licence, count: int) -> None:
    """Raises SeatsUsedUp where so many seats are not free."""
    free = licence.seats - len(register.holders)
    if count > free:
        raise SeatsUsedUp(f"Seats of the licence that are free: {free}; asked for: {count}.")


def _require_unended(request: SeatRequest, register: Register) -> None:
    if request.renews in register.ended:
        raise _over()
    raise AuthorityRestored(
        "This request renews a seat that this authority gave and its register does not hold: the "
        "register was restored from a backup, or goes on somewhere else."
    )


def _over() -> SeatRevoked:
    return SeatRevoked(
        "The seat that shall be renewed was revoked or given back.",
        hint="Install the newest revocation list there, then make a `cloister seat request --new`.",
    )


def _require_enrolled(request: SeatRequest, register: Register, at: datetime) -> None:
    offer = register.offers.get(request.enrolment)
    if offer is None or offer.token in register.ended:
        raise EnrolmentEnded("The enrolment token is not one of this authority's, or was revoked.")
    token = Enrolment(offer.token, "", offer.count, offer.at, offer.until, 1, offer.secret)
    if not hmac.compare_digest(token.proof(request.id, request.seat), request.enrolment_proof):
        raise EnrolmentEnded("The request does not show that its maker had the enrolment token.")
    if at > later(offer.until, timedelta(days=MOST_DAYS)):
        raise EnrolmentEnded(f"The enrolment token ended on {offer.until:%Y-%m-%d}.")
    if register.used.get(offer.token, 0) >= offer.count:
        raise EnrolmentUsed(f"All {offer.count} seats of the enrolment token are given.")
