"""Obligations: what an allowing policy demands, as Cedar annotations, merged to the strictest.

Rules kept here: every annotation that may be written is in CATALOGUE with the values it takes; the
merge is commutative, associative and idempotent, and no policy can loosen what another demands;
what nobody states is the default of `values.Obligations`, which is strict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from appliance.values import AnswerMode, Obligations

_Value = TypeVar("_Value")

# from the laxest to the strictest
_MODES = ("generate", "quote")
_LOGS = ("none", "question", "full")
_CITES = ("marked", "required")
_ANSWERS = ("free", "evidence")
_FLAGS = ("false", "true")
_LONGEST_RETENTION = 36_500  # days
_LONGEST_TEXT = 300
SHORTEST_LOCK, LONGEST_LOCK = 1, 15  # minutes


class Unknown(ValueError):
    """An annotation or its value is not in the catalogue."""


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise Unknown(f"must be one of {', '.join(words)}")
        return text

    return check


def _days(text: str) -> str:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LONGEST_RETENTION):
        raise Unknown(f"must be a number of days from 1 to {_LONGEST_RETENTION}")
    if text != str(int(text)):
        raise Unknown("must be written without leading zeros")
    return text


def _minutes(text: str) -> str:
    if text not in {str(minutes) for minutes in range(SHORTEST_LOCK, LONGEST_LOCK + 1)}:
        raise Unknown(f"must be a number of minutes from {SHORTEST_LOCK} to {LONGEST_LOCK}")
    return text


def _words(text: str) -> str:
    if not 0 < len(text.strip()) <= _LONGEST_TEXT or not text.isprintable():
        raise Unknown(f"must be 1 to {_LONGEST_TEXT} printable characters")
    return text


# What may stand on a permit that lets a person ask …
OBLIGATIONS: Mapping[str, Callable[[str], str]] = {
    "mode": _one_of(*_MODES),
    "log": _one_of(*_LOGS),
    "cite": _one_of(*_CITES),
    "answer": _one_of(*_ANSWERS),
    "redact": _one_of(*_FLAGS),
    "reason": _one_of("required"),
    "retention_days": _days,
}
# … on one that lets them stay logged in while nobody touches the window …
STAYING: Mapping[str, Callable[[str], str]] = {"lock_minutes": _minutes}
# … and on a forbid, to tell the person.
EXPLANATIONS: Mapping[str, Callable[[str], str]] = {"sentence": _words, "hint": _words}


@dataclass(frozen=True, slots=True)
class Demands:
    """What some policies state; None where they say nothing. Merged with `strictest`."""

    mode: str | None = None
    log: str | None = None
    cite: str | None = None
    answer: str | None = None
    redact: str | None = None
    reason: str | None = None
    retention_days: int | None = None


def demands(annotations: Mapping[str, str]) -> Demands:
    """What one policy's annotations demand. Raises Unknown for a value outside the catalogue."""
    stated = {name: check(annotations[name]) for name, check in OBLIGATIONS.items()
              if name in annotations}  # fmt: skip
    days = stated.get("retention_days")
    return Demands(
        mode=stated.get("mode"),
        log=stated.get("log"),
        cite=stated.get("cite"),
        answer=stated.get("answer"),
        redact=stated.get("redact"),
        reason=stated.get("reason"),
        retention_days=None if days is None else int(days),
    )


def strictest(one: Demands, other: Demands) -> Demands:
    """Both at once: quote before generate, more logged before less, cited before marked, bound to
    the evidence before free, redacted and reasoned if either says so, kept for the shorter time."""
    return Demands(
        mode=_stricter(one.mode, other.mode, _MODES.index),
        log=_stricter(one.log, other.log, _LOGS.index),
        cite=_stricter(one.cite, other.cite, _CITES.index),
        answer=_stricter(one.answer, other.answer, _ANSWERS.index),
        redact=_stricter(one.redact, other.redact, _FLAGS.index),
        reason=one.reason or other.reason,
        retention_days=_stricter(one.retention_days, other.retention_days, lambda days: -days),
    )


def _stricter(
    one: _Value | None, other: _Value | None, strictness: Callable[[_Value], int]
) -> _Value | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=strictness)


def lock_minutes(policies: Iterable[Mapping[str, str]]) -> int:
    """The fewest that any of the policies states; the shortest time there is where none does.
    Raises Unknown."""
    name = "lock_minutes"
    stated = [int(STAYING[name](policy[name])) for policy in policies if name in policy]
    return min(stated, default=SHORTEST_LOCK)


def merged(policies: Iterable[Mapping[str, str]]) -> Obligations:
    """The obligations of all determining policies together. Raises Unknown."""
    total = Demands()
    for policy in policies:
        total = strictest(total, demands(policy))
    default = Obligations()
    return Obligations(
        mode=AnswerMode(total.mode) if total.mode is not None else default.mode,
        log=total.log if total.log is not None else default.log,
        cite=total.cite if total.cite is not None else default.cite,
        answer=total.answer if total.answer is not None else default.answer,
        redact=total.redact == "true",
        reason_required=total.reason == "required",
        retention_days=total.retention_days or default.retention_days,
    )
