"""What provisioning needs of licences and seats.

Rules kept here: what a licence file is, and whether it holds, is for licensing to say; files are
found, bounded and verified before anything is changed, and handed over once. What only the log can
tell (that a file is older than one that was in use) is said when it is handed over.
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
from appliance.licensing.licence import Licence, open_licence
from appliance.licensing.revocations import open_revocations
from appliance.licensing.signed import LARGE, Kind, kind_of
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import Plan

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


def seat_mistakes(plan: Plan) -> Iterator[Mistake]:
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
    if plan.seat is not None and not os.access(plan.seat.request.path.parent, os.W_OK):
        yield Mistake(
            plan.seat.request.line,
            "The folder of this file is not there, or cannot be written.",
            "Make it, writable for this user.",
        )


def read_licence(path: Path) -> bytes:
    """Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        return file.read(LARGE + 1)
