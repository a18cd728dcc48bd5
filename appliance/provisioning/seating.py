"""What provisioning needs of licences and seats.

Rules kept here: what a licence file is, and whether it holds, is for licensing to say; files are
found, bounded and verified before anything is changed, and handed over once. What only the log can
tell (that a file is older than one that was in use) is said when it is handed over. A request is
written over nothing but an earlier one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from appliance.errors import CloisterError
from appliance.licensing.certificate import open_certificate
from appliance.licensing.enrolment import open_enrolment
from appliance.licensing.errors import EnrolmentUsed, LicensingError
from appliance.licensing.licence import Licence, open_licence
from appliance.licensing.revocations import open_revocations
from appliance.licensing.seat_folder import File
from appliance.licensing.signed import LARGE, Kind, kind_of
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import Plan, SeatAsked

if TYPE_CHECKING:
    from appliance.desk import Desk

_OPENERS: dict[Kind, Callable[[bytes, Licence], object]] = {
    Kind.CERTIFICATE: open_certificate,
    Kind.ENROLMENT: open_enrolment,
    Kind.REVOCATIONS: open_revocations,
}


class Seating(Protocol):
    """The seat of an open desk. Both raise CloisterError, having changed nothing."""

    def take(self, untrusted: bytes) -> object:
        """Takes in a licence, a certificate, a revocation list or an enrolment token."""

    def request(self, label: str) -> bytes:
        """A request to bring to the institution's seat authority."""


SeatOf = Callable[["Desk"], Seating]


def seat_of(desk: Desk) -> Seating:
    """Raises NotAllowed."""
    return desk.managed_seat()


def taken(seat: Seating, desk: Desk, content: bytes) -> None:
    """Hands a file over. One that can be used once and is in use here already is passed over: a run
    ended before it noted that, or the institution laid the same out for all its machines. Raises
    what `take` raises."""
    try:
        seat.take(content)
    except LicensingError as error:
        seated = isinstance(error, EnrolmentUsed) and desk.seat.view().answers
        if not seated and not _in_use(desk.place.licence / File.CERTIFICATE.value, content):
            raise


def _in_use(path: Path, content: bytes) -> bool:
    try:
        return read_licence(path) == content.strip()
    except OSError:
        return False


def seat_mistakes(plan: Plan, data: Path) -> Iterator[Mistake]:
    """A certificate, a list or a token is verified against the licence that stands before it; where
    the file names none, against the one that is installed, when it is handed over."""
    licence: Licence | None = None
    for named in plan.licence:
        try:
            content = read_licence(named.path)
            kind = kind_of(content)
            if kind is Kind.LICENCE:
                licence = open_licence(content.strip())
            elif kind not in _OPENERS:
                said = "The file named here is not for a seat."
                yield Mistake(named.line, said, "Bring it to the seat authority's machine.")
            elif licence is not None:
                _OPENERS[kind](content.strip(), licence)
        except CloisterError as error:
            yield Mistake(named.line, error.sentence, error.next_step)
        except OSError as error:
            said = f"The file named here cannot be read: {error.strerror}."
            yield Mistake(named.line, said, "Copy it anew from where your licence came from.")
    if plan.seat is None:
        return
    request = plan.seat.request
    if not os.access(request.path.parent, os.W_OK):
        yield Mistake(
            request.line,
            "The folder of this file is not there, or cannot be written.",
            "Make it, writable for this user.",
        )
    if request.path.resolve().is_relative_to(data.resolve()):
        said = "This file is in the data folder, where nothing else is kept."
        yield Mistake(request.line, said, "Name another place, such as the stick.")


def request_mistakes(seat: SeatAsked) -> Iterator[Mistake]:
    """Of one that is to be written."""
    try:
        known = kind_of(read_licence(seat.request.path)) is Kind.REQUEST
    except FileNotFoundError:
        return
    except (CloisterError, OSError):
        known = False
    if not known:
        said = "Something else is there, and would be lost."
        yield Mistake(seat.request.line, said, "Name a file that does not exist.")


def read_licence(path: Path) -> bytes:
    """Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        return file.read(LARGE + 1)
