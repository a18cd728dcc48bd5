"""The time a licence is judged by: never earlier than the newest signed time that was seen.

Rules kept here: what is judged is the later of the clock and the floor, so putting the clock back
gains nothing; a clock that stands more than a day before the floor is said to be wrong, and until
it is set right nothing new is answered; the floor comes from signed times alone: the licence's, the
certificate's, the newest revocation list's, and the log's last record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.licensing.times import later

TOLERANCE = timedelta(days=1)
"""A time zone that was set wrong, a summer time: less than a day either way."""


@dataclass(frozen=True, slots=True)
class Reading:
    """time: what is judged by. suspect: the clock stands too far before the floor."""

    time: datetime
    floor: datetime
    suspect: bool


def reading(now: datetime, seen: Iterable[datetime]) -> Reading:
    """now: what the clock says. seen: the signed times, the more the better; may be empty."""
    floor = max(seen, default=now)
    return Reading(max(now, floor), floor, later(now, TOLERANCE) < floor)
