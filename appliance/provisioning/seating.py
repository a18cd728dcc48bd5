"""What provisioning needs of licences and seats.

Rules kept here: what a licence file is, and whether it holds, is for licensing to say; here files
are found, bounded, and handed over once.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import FileNamed, Plan

if TYPE_CHECKING:
    from appliance.desk import Desk

LARGEST = 1 << 20  # bytes of a file


class Seating(Protocol):
    """The seat of an open desk. Both raise CloisterError, having changed nothing."""

    def take(self, untrusted: bytes) -> object:
        """Takes in a licence, a certificate, a revocation list or an enrolment token."""

    def request(self, label: str) -> bytes:
        """A request to bring to the institution's seat authority."""


SeatOf = Callable[["Desk"], Seating]


def seat_mistakes(plan: Plan, *, licensed: bool) -> Iterator[Mistake]:
    """licensed: whether this program knows licences at all."""
    lines = [named.line for named in plan.licence]
    if plan.seat is not None:
        lines.append(plan.seat.line)
    if not licensed:
        for line in lines:
            yield Mistake(
                line,
                "This program asks for no licence.",
                "Take this out, or bring in a version of the program that does.",
            )
        return
    for named in plan.licence:
        yield from _unusable(named)
    if plan.seat is not None and not os.access(plan.seat.request.path.parent, os.W_OK):
        yield Mistake(
            plan.seat.request.line,
            "The folder of this file is not there, or cannot be written.",
            "Make it, writable for this user.",
        )


def read_licence(path: Path) -> bytes:
    """Raises OSError."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _unusable(named: FileNamed) -> Iterator[Mistake]:
    try:
        about = named.path.stat()
        if stat.S_ISREG(about.st_mode) and 0 < about.st_size <= LARGEST:
            read_licence(named.path)
            return
        said = "The file named here is empty, larger than 1 MiB, or no file."
    except OSError as error:
        said = f"The file named here cannot be read: {error.strerror}."
    yield Mistake(named.line, said, "Copy it anew from where your licence came from.")
