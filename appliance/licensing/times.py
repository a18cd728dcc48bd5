"""Times and ids as signed documents spell them.

Rules kept here: a time is RFC 3339 in UTC with whole seconds and a Z, and has one spelling; an id
is 32 hexadecimal digits.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from appliance.vault.canonical import Fields, Malformed

NEVER = ""
"""How the end of something without an end is spelled."""

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HEX = re.compile(r"[0-9a-f]+")
ID_SIZE = 32
HASH_SIZE = 64


def whole(moment: datetime) -> datetime:
    """The moment in UTC, cut to the second. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a clock must say its time zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def later(moment: datetime, delta: timedelta) -> datetime:
    """So much later, or the last moment there is: something "without an end" may say the year 9999.
    moment: with a time zone; delta: not negative."""
    last = datetime.max.replace(tzinfo=UTC)
    return moment + delta if moment < last - delta else last


def milliseconds(moment: datetime) -> int:
    """Since 1970, as the log keeps a time as a value."""
    return round(moment.timestamp() * 1000)


def spelled(moment: datetime | None) -> str:
    return NEVER if moment is None else whole(moment).strftime(_FORM)


def time_in(untrusted: Fields, name: str) -> datetime:
    """Raises Malformed."""
    text = untrusted.text(name, 20)
    if not _TIME.fullmatch(text):
        raise Malformed(name)
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(name) from None


def time_or_never(untrusted: Fields, name: str) -> datetime | None:
    return None if untrusted.text(name, 20) == NEVER else time_in(untrusted, name)


def hex_in(untrusted: Fields, name: str, size: int = ID_SIZE, *, empty: bool = False) -> str:
    """So many hexadecimal digits, or, with `empty`, none. Raises Malformed."""
    text = untrusted.text(name, size)
    if empty and not text:
        return text
    if len(text) != size or not _HEX.fullmatch(text):
        raise Malformed(name)
    return text
