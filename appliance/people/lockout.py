"""How long a person waits after failures, and when passphrases are no longer tried.

Rules kept here: a pure function of the failures in a row, the newest one's time and now; a clock
that was set back makes nobody wait longer than the rule's own time; what is locked out for good is
the passphrase of an account that an administrator can release, never an administrator's own: theirs
is tried again after an hour, so that the last administrator always has a way in beside the recovery
code, which is never made to wait (160 random bits cannot be guessed).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from appliance.people.errors import LockedOut, TryLater

FREE = 3
"""Failures in a row before the first wait: a person mistypes."""

LIMIT = 10
"""Failures in a row after which passphrases are not tried any more."""

FIRST_WAIT = timedelta(seconds=5)
ADMINISTRATORS_WAIT = timedelta(hours=1)


def wait_after(failures: int) -> timedelta:
    """5 s after the third failure in a row, doubling to 5 min 20 s after the ninth."""
    if failures < FREE:
        return timedelta()
    return FIRST_WAIT * (1 << (min(failures, LIMIT - 1) - FREE))


def require_may_try(
    failures: int, newest: datetime | None, now: datetime, *, administrator: bool
) -> None:
    """Raises TryLater or LockedOut."""
    if newest is None or failures < FREE:
        return
    since = max(now - newest, timedelta())
    if failures >= LIMIT and not administrator:
        raise LockedOut(f"There were {failures} failed log-ins in a row to this account.")
    wait = ADMINISTRATORS_WAIT if failures >= LIMIT else wait_after(failures)
    if since < wait:
        seconds = max(1, round((wait - since).total_seconds()))
        raise TryLater(
            f"There were {failures} failed log-ins in a row: the next one is possible in "
            f"{_spoken(seconds)}."
        )


def _spoken(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
