"""A seat that is kept in memory: it asks, is activated, is given back, and says how it stands."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from appliance.licensing.errors import DocumentMalformed, SeatMissing
from appliance.licensing.signed import Kind
from appliance.values import SeatView

ENDS = datetime(2027, 6, 30, tzinfo=UTC)
ACTIVE = SeatView(
    "active", "active", True, institution="Northgate General Hospital", plan="mixed", seats=250,
    serial=3, features=("written", "api"), ends=ENDS, seat=17, label="Ward 9, nurses’ station",
    lease=datetime(2027, 1, 31, tzinfo=UTC), tokens=2_000_000, tokens_used=148_220, revocations=4,
)  # fmt: skip
EVALUATION = SeatView(
    "evaluation", "built_for_evaluation", True,
    "This program was built without a vendor's key: it is for evaluation, not for work with "
    "patients or clients.",
    "Install a release of your vendor to license it.",
)  # fmt: skip
GRACE = replace(
    ACTIVE, state="grace", code="subscription_ended", until=datetime(2026, 12, 20, tzinfo=UTC),
    sentence="The licence ended on 2026-11-20; new answers until 2026-12-20.",
    next_step="Ask your vendor for a licence that goes on.",
)  # fmt: skip
EXPIRED = replace(
    GRACE, state="expired", code="term_over", answers=False,
    sentence="The licence ended on 2026-09-20, and its days of grace are over.",
)  # fmt: skip
REVOKED = replace(
    ACTIVE, state="revoked", code="seat_revoked", answers=False,
    sentence="This seat was revoked (revocation list 4).",
    next_step="Ask your seat authority; if it shall go on, make a `cloister seat request --new`.",
)  # fmt: skip
CLOCK = replace(
    ACTIVE, state="clock-suspect", code="clock_suspect", answers=False,
    sentence="The clock of this machine stands before a time that was already signed here "
    "(2026-11-23 08:00 UTC).",
    next_step="Set date, time and time zone right.",
)  # fmt: skip
RETURNED = replace(
    ACTIVE, state="unlicensed", code="seat_returned", answers=False, seat=0, label="", lease=None,
    sentence="This seat was given back.",
    next_step="Make a new request with `cloister seat request` to use this installation again.",
)  # fmt: skip


_SIGNATURE = b"".join(hashlib.sha512(bytes([n])).digest() for n in range(60))
"""As long, and as little to be packed, as what a real request is signed with."""


class MemorySeat:
    def __init__(self) -> None:
        self.view = ACTIVE
        self.made = 0
        self._receipt = b""

    def stands(self) -> SeatView:
        return self.view

    def request(self, label: str = "", *, fresh: bool = False) -> bytes:
        self.made += fresh or not self.view.requested
        self.view = replace(self.view, requested=True)
        return f'{{"label":"{label}","number":{self.made}}}'.encode() + _SIGNATURE

    def take(self, untrusted: bytes) -> Kind:
        if not untrusted.startswith(b"certificate"):
            raise DocumentMalformed("This file is none of Cloister's licensing.")
        self.view = replace(ACTIVE, requested=False)
        return Kind.CERTIFICATE

    def give_back(self) -> bytes:
        if not self.view.seat and not self._receipt:
            raise SeatMissing("There is no seat here to give back.")
        self._receipt, self.view = b"receipt", RETURNED
        return self._receipt
