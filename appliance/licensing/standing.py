"""What a seat may do now: seven states, decided purely from what is installed and the time.

Rules kept here: only new answers ever depend on a state; reading, importing, exporting, auditing,
backing up and managing are allowed in every one (promise 7: a licence never takes data hostage);
the same evidence and the same time always give the same state; what cannot be read or does not hold
is never taken for a licence. The table is docs/licensing.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.errors import CloisterError
from appliance.licensing.certificate import Certificate
from appliance.licensing.clock import Reading, reading
from appliance.licensing.enrolment import Enrolment
from appliance.licensing.errors import (
    EnrolmentEnded,
    LicenceMissing,
    SeatElsewhere,
    SeatMissing,
    SeatReturned,
    SeatRevoked,
    TermOver,
)
from appliance.licensing.fingerprint import NEEDED
from appliance.licensing.licence import FEATURES, Licence
from appliance.licensing.revocations import RevocationList
from appliance.licensing.times import later

EVALUATION_DAYS = 60
"""How long a program that can be licensed answers without, from its log's first record on."""

WARNING_DAYS = 30
"""So long before the end it is said that it comes."""


class State(StrEnum):
    EVALUATION = "evaluation"
    ACTIVE = "active"
    GRACE = "grace"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNLICENSED = "unlicensed"
    CLOCK_SUSPECT = "clock-suspect"


class Deed(StrEnum):
    """What a person does with the product, as far as licensing could care."""

    ANSWER = "answer"
    READ = "read"
    IMPORT = "import"
    EXPORT = "export"
    AUDIT = "audit"
    BACK_UP = "back-up"
    MANAGE = "manage"


ALWAYS = frozenset(Deed) - {Deed.ANSWER}
"""What no state ever takes away."""

ALLOWED = {
    State.EVALUATION: ALWAYS | {Deed.ANSWER},
    State.ACTIVE: ALWAYS | {Deed.ANSWER},
    State.GRACE: ALWAYS | {Deed.ANSWER},
    State.EXPIRED: ALWAYS,
    State.REVOKED: ALWAYS,
    State.UNLICENSED: ALWAYS,
    State.CLOCK_SUSPECT: ALWAYS,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a state is decided from.

    licensable: whether this program knows a vendor's key. begun: the time of the log's first
    record. seated: whether this installation ever had a certificate or used a token. likeness: per
    cent of the certified machine that is found. seen: signed times besides those of the documents
    here (the log's). problem: what is wrong with the files, if they are not to be believed."""

    licensable: bool
    begun: datetime
    seated: bool = False
    returned: bool = False
    licence: Licence | None = None
    certificate: Certificate | None = None
    revocations: RevocationList | None = None
    enrolment: Enrolment | None = None
    enrolled: datetime | None = None
    likeness: int = 100
    seen: tuple[datetime, ...] = ()
    problem: CloisterError | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, and why, in words. code: for the log. until: when the state ends by itself, None
    where it does not. sentence and next_step are empty where there is nothing to say."""

    state: State
    code: str
    sentence: str = ""
    next_step: str = ""
    until: datetime | None = None
    licence: Licence | None = None
    certificate: Certificate | None = None

    def allows(self, deed: Deed) -> bool:
        return deed in ALLOWED[self.state]

    def has(self, feature: str) -> bool:
        """Whether the licence names a feature; in an evaluation all are there to be tried."""
        if self.state is State.EVALUATION:
            return feature in FEATURES
        return self.licence is not None and feature in self.licence.features


def standing(evidence: Evidence, now: datetime) -> Standing:
    """The state at `now`, this machine's clock. Raises nothing."""
    if not evidence.licensable:
        return Standing(
            State.EVALUATION,
            "built_for_evaluation",
            "This program was built without a vendor's key: it is for evaluation, not for work "
            "with patients or clients.",
            "Install a release of your vendor to license it.",
        )
    clock = reading(now, _signed_times(evidence))
    if not evidence.seated and evidence.certificate is None and evidence.enrolment is None:
        return _evaluated(evidence, clock)
    for look in (_stopped, _misplaced, _termed):
        found = look(evidence, clock)
        if found is not None:
            return found
    return _refused(evidence, SeatMissing("This installation has no seat."))


def _signed_times(evidence: Evidence) -> list[datetime]:
    documents = (evidence.licence, evidence.certificate, evidence.revocations, evidence.enrolment)
    return [*evidence.seen, *(one.issued for one in documents if one is not None)]


def _evaluated(evidence: Evidence, clock: Reading) -> Standing:
    """Before the first seat: so many days to try it, whether or not a licence lies here already."""
    until = later(evidence.begun, timedelta(days=EVALUATION_DAYS))
    if clock.suspect:
        return _clock_suspect(evidence, clock)
    if clock.time <= until:
        said = f"This is an evaluation: new answers until {_day(until)}."
        hint = (
            "To go on after that, ask for a seat: `cloister seat request`."
            if evidence.licence
            else "To go on after that, install a licence (`cloister licence install FILE`) and "
            "ask for a seat: `cloister seat request`."
        )
        return Standing(State.EVALUATION, "evaluation", said, hint, until, evidence.licence)
    if evidence.problem is not None:
        return _refused(evidence, evidence.problem)
    over = _day(until)
    if evidence.licence is None:
        said = f"The evaluation ended on {over}, and this installation has no licence."
        return _refused(evidence, LicenceMissing(said))
    said = f"The evaluation ended on {over}, and this installation has no seat."
    return _refused(evidence, SeatMissing(said))


def _stopped(evidence: Evidence, clock: Reading) -> Standing | None:
    """What ends a seat whatever the clock says."""
    if evidence.returned:
        return _refused(evidence, SeatReturned("This seat was given back."))
    if evidence.problem is not None:
        return _refused(evidence, evidence.problem)
    if evidence.licence is None:
        return _refused(evidence, LicenceMissing("The licence of this installation is gone."))
    listed, certificate = evidence.revocations, evidence.certificate
    if listed is not None and certificate is not None:
        reason = listed.verdict(certificate)
        if reason is not None:
            error = SeatRevoked(
                f"Seat {certificate.number} was revoked here ({reason.value}, revocation list "
                f"{listed.number})."
            )
            return _refused(evidence, error, State.REVOKED)
    token = evidence.enrolment
    if certificate is None and token and listed is not None and listed.revokes_token(token.id):
        error = SeatRevoked(f"The enrolment was revoked (revocation list {listed.number}).")
        return _refused(evidence, error, State.REVOKED)
    return _clock_suspect(evidence, clock) if clock.suspect else None


def _misplaced(evidence: Evidence, clock: Reading) -> Standing | None:
    licence = evidence.licence
    if licence is not None and clock.time < licence.start:
        return _refused(evidence, LicenceMissing(f"The licence begins on {_day(licence.start)}."))
    if evidence.certificate is not None and evidence.likeness < NEEDED:
        error = SeatElsewhere(
            f"This seat belongs to another machine: {evidence.likeness} % of that is found here, "
            f"{NEEDED} % are needed."
        )
        return _refused(evidence, error)
    return None


def _termed(evidence: Evidence, clock: Reading) -> Standing | None:
    licence, certificate = evidence.licence, evidence.certificate
    if licence is None:
        return None
    if certificate is None:
        return _enrolled(evidence, licence, clock)
    ends = [certificate.until] if licence.end is None else [certificate.until, licence.end]
    end = min(ends)
    whose = "seat" if end == certificate.until else "licence"
    renew = "Make a request with `cloister seat request` and have it approved."
    if whose == "licence":
        renew = "Install the licence that follows it: `cloister licence install FILE`."
    if clock.time <= end:
        near = end - clock.time <= timedelta(days=WARNING_DAYS)
        said = (
            f"The seat ends on {_day(end)}."
            if whose == "seat"
            else f"The licence ends on {_day(end)}."
        )
        return _held(
            evidence, State.ACTIVE, "active", said if near else "", renew if near else "", end
        )
    over = later(end, licence.grace)
    if clock.time <= over:
        said = (
            f"The seat ended on {_day(end)}; new answers until {_day(over)}."
            if whose == "seat"
            else f"The licence ended on {_day(end)}; new answers until {_day(over)}."
        )
        return _held(evidence, State.GRACE, f"{whose}_ended", said, renew, over)
    said = (
        f"The seat ended on {_day(end)}, and its days of grace are over."
        if whose == "seat"
        else f"The licence ended on {_day(end)}, and its days of grace are over."
    )
    return _refused(evidence, TermOver(said, hint=renew), State.EXPIRED)


def _enrolled(evidence: Evidence, licence: Licence, clock: Reading) -> Standing | None:
    token, begun = evidence.enrolment, evidence.enrolled
    if token is None or begun is None:
        return None
    end = token.provisional_end(begun)
    if licence.end is not None:
        end = min(end, licence.end)
    if clock.time <= end:
        said = f"Enrolled until {_day(end)}; the seat's certificate is still to come."
        hint = "Make a request with `cloister seat request` and have it approved."
        return _held(evidence, State.ACTIVE, "enrolled", said, hint, end)
    error = EnrolmentEnded(f"The enrolment ended on {_day(end)} without a certificate.")
    hint = "Make a request with `cloister seat request` and have it approved."
    return _refused(evidence, EnrolmentEnded(error.sentence, hint=hint), State.EXPIRED)


def _clock_suspect(evidence: Evidence, clock: Reading) -> Standing:
    return Standing(
        State.CLOCK_SUSPECT,
        "clock_suspect",
        "The clock of this machine stands before a time that was already signed here "
        f"({clock.floor:%Y-%m-%d %H:%M} UTC).",
        "Set date, time and time zone right. If they are right, have the seat renewed: `cloister "
        "seat request`.",
        None,
        evidence.licence,
        evidence.certificate,
    )


def _refused(evidence: Evidence, error: CloisterError, state: State = State.UNLICENSED) -> Standing:
    return Standing(
        state,
        error.code,
        error.sentence,
        error.next_step,
        None,
        evidence.licence,
        evidence.certificate,
    )


def _held(  # noqa: PLR0917  in the order of Standing
    evidence: Evidence, state: State, code: str, sentence: str, hint: str, until: datetime
) -> Standing:
    return Standing(state, code, sentence, hint, until, evidence.licence, evidence.certificate)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
