"""People at the door and at the desk: failed log-ins, confirmation, idleness, broken glass."""

from __future__ import annotations

from appliance.people.attempts import Attempts, Failures
from appliance.people.confirming import CONFIRMED_SECONDS, Confirmation
from appliance.people.errors import (
    ConfirmFirst,
    LockedOut,
    NotPrepared,
    ReasonMissing,
    RemarkMissing,
    TryLater,
)
from appliance.people.glass import Glass, Glasses, require_minutes, require_reason, require_remark
from appliance.people.idle import Idleness
from appliance.people.lockout import LIMIT, require_may_try

__all__ = [
    "CONFIRMED_SECONDS",
    "LIMIT",
    "Attempts",
    "ConfirmFirst",
    "Confirmation",
    "Failures",
    "Glass",
    "Glasses",
    "Idleness",
    "LockedOut",
    "NotPrepared",
    "ReasonMissing",
    "RemarkMissing",
    "TryLater",
    "require_may_try",
    "require_minutes",
    "require_reason",
    "require_remark",
]
