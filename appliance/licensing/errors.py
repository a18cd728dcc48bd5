"""What can go wrong with licences and seats, said so that a person knows the next step.

Rules kept here: every sentence speaks of files, numbers and dates, never of a machine's serial
numbers; nothing here ever stops reading, exporting, auditing or backing up.
"""

from __future__ import annotations

from appliance.errors import CloisterError


class LicensingError(CloisterError):
    code = "licensing"
    hint = "Run `cloister licence show`, and ask your IT department."


class DocumentMalformed(LicensingError):
    """It is not what it says it is: cut short, edited, of another kind or another version."""

    code = "licence_malformed"
    hint = "Copy the file anew from where it came from; do not edit it."


class DocumentForged(LicensingError):
    """A signature does not hold, or the signer is nobody who may sign this."""

    code = "licence_forged"
    hint = "Do not use it. Get it again from your vendor or your institution's seat authority."


class LicenceOlder(LicensingError):
    """A newer one was in use here before."""

    code = "licence_older"
    hint = "Install the newest file; an older one does not take its place."


class LicenceEarly(LicensingError):
    """It would take the place of one that is in force, and is not in force itself yet."""

    code = "licence_early"
    hint = "Install it from that day on; what is installed here goes on until then."


class ListsDisagree(LicensingError):
    """Two revocation lists that one authority cannot both have signed."""

    code = "lists_disagree"
    hint = (
        "The list that was in use stays. Tell your seat authority: it was restored from a backup, "
        "or goes on in two places."
    )


class LicenceMissing(LicensingError):
    code = "licence_missing"
    hint = "Install your institution's licence first: `cloister licence install FILE`."


class OtherLicence(LicensingError):
    code = "other_licence"
    hint = "Choose the file that was made for the licence installed here."


class SeatNotAsked(LicensingError):
    """A certificate answers no request of this seat."""

    code = "seat_not_asked"
    hint = "Make a request with `cloister seat request`, have that one approved, and activate it."


class SeatElsewhere(LicensingError):
    """The certificate is another seat's or another machine's."""

    code = "seat_elsewhere"
    hint = (
        "Make a request on this machine with `cloister seat request` and have it approved; with "
        "`--new`, if it is a copy that shall have a seat of its own."
    )


class SeatBeyondLicence(LicensingError):
    code = "seat_beyond_licence"
    hint = (
        "Make a `cloister seat request --new` and have it approved for a seat within the licence, "
        "or ask your vendor for more seats."
    )


class SeatRevoked(LicensingError):
    code = "seat_revoked"
    hint = "Ask your seat authority; if it shall go on, make a `cloister seat request --new`."


class SeatReturned(LicensingError):
    code = "seat_returned"
    hint = "Make a new request with `cloister seat request` to use this installation again."


class SeatRestored(LicensingError):
    code = "seat_restored"
    hint = "Make a request with `cloister seat request`, have it approved, and activate it."


class SeatMissing(LicensingError):
    code = "seat_missing"
    hint = "Make a request with `cloister seat request` and have it approved."


class LabelUnfit(LicensingError):
    code = "label_unfit"
    hint = "Give one printable line of at most 80 characters."


class OneSeatOnly(LicensingError):
    """What fits one request was said of several."""

    code = "one_seat_only"
    hint = "Approve that request by itself."


class EnrolmentUnfit(LicensingError):
    code = "enrolment_unfit"
    hint = "A token has at least one seat, an end that is still to come, and 1 to 60 days."


class EnrolmentUsed(LicensingError):
    code = "enrolment_used"
    hint = "Make a request with `cloister seat request` and have it approved."


class EnrolmentEnded(LicensingError):
    code = "enrolment_ended"
    hint = "Ask your seat authority for a new enrolment token: `cloister authority enrol`."


class SeatsUsedUp(LicensingError):
    code = "seats_used_up"
    hint = "Take a seat back (`cloister seat return`), revoke one, or ask your vendor for more."


class QuotaUsedUp(LicensingError):
    code = "quota_used_up"
    hint = "Give less to this seat with --tokens, or ask your vendor for a larger quota."


class CloneSuspected(LicensingError):
    """Somebody renews with a certificate that is not the newest of that seat."""

    code = "clone_suspected"
    hint = (
        "Find out which machine is the right one. Revoke the seat with `cloister authority "
        "revoke`, then have the right machine ask anew."
    )


class TooLittleOfItself(LicensingError):
    """A machine that says so little of itself that its clone could not be told from it."""

    code = "machine_indistinct"
    hint = "If you accept that for this machine, approve it with --accept-indistinct."


class AuthorityRestored(LicensingError):
    """The authority's register is older than what it has signed."""

    code = "authority_restored"
    hint = (
        "Do not sign with it. Make a new authority with `cloister authority init`, have your "
        "vendor certify it in the licence, and have the seats ask anew."
    )


class RegisterRefused(LicensingError):
    """What would be written could not be read back, so it was not written."""

    code = "register_refused"
    hint = "Nothing was changed. Tell your vendor what was typed."


class AuthorityElsewhere(LicensingError):
    code = "authority_elsewhere"
    hint = (
        "Use the machine it was made on. If that is gone, make a new authority here with "
        "`cloister authority init` and have your vendor certify it in the licence."
    )


class AuthorityUncertified(LicensingError):
    code = "authority_uncertified"
    hint = (
        "Send its key file to your vendor; then give it the licence you get: `cloister authority "
        "licence FILE`."
    )


class AuthorityExists(LicensingError):
    code = "authority_exists"
    hint = "Name a new folder with --authority."


class NoAuthority(LicensingError):
    code = "no_authority"
    hint = "Make one with `cloister authority init`, or name its folder with --authority."


class SeatUnknown(LicensingError):
    code = "seat_unknown"
    hint = "See the seats with `cloister authority report`."


class ClockBehind(LicensingError):
    """The clock stands before something that was signed already."""

    code = "clock_behind"
    hint = "Set the clock of this machine right (date, time and time zone), then try again."


class TermOver(LicensingError):
    code = "term_over"
    hint = "Ask your vendor for a licence that goes on."


class ScanIncomplete(LicensingError):
    code = "scan_incomplete"
    hint = "Scan every code of the sheet, each once, in any order."


class ReportsDisagree(LicensingError):
    """Usage reports that cannot both be true, or one that is missing in between."""

    code = "reports_disagree"
    hint = (
        "Get the reports again from that seat (`cloister seat report --again`). If one is lost for "
        "good, have the seat given back and asked for anew; else look for a copy of the machine."
    )
