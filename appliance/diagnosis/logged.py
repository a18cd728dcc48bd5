"""What a log says of the installation's health: how often what happened, and the newest errors.

Rules kept here: of a record only its action, outcome, code and day are taken, words of the
program's own that are checked to be such; never an id, a person, an object, a payload or a detail.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from appliance.audit.leaf import ACTION
from appliance.values import LogRecord

RECORDS = 5_000  # the newest ones that are looked at
ERRORS = 50
_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_OUTCOME = re.compile(r"[a-z][a-z_-]{0,23}")
_BAD = frozenset(("failed", "refused"))


def happened(records: Iterable[LogRecord], size: int) -> dict[str, object]:
    """size: of the whole log; records: its newest ones."""
    known = tuple(records)
    actions = Counter(_word(record.action, ACTION) for record in known)
    outcomes = Counter(_word(record.outcome, _OUTCOME) for record in known if record.outcome)
    days = sorted({f"{record.time:%Y-%m-%d}" for record in known})
    return {
        "records": size,
        "looked_at": len(known),
        "actions": dict(sorted(actions.items())),
        "outcomes": dict(sorted(outcomes.items())),
        "first_day": days[0] if days else "",
        "last_day": days[-1] if days else "",
    }


def errors(records: Iterable[LogRecord]) -> list[dict[str, object]]:
    """The newest that went wrong, newest first."""
    found: list[dict[str, object]] = []
    for record in sorted(records, key=lambda one: one.seq, reverse=True):
        code = dict(record.fields).get("code", "")
        if not code and record.outcome not in _BAD:
            continue
        found.append(
            {
                "record": record.seq,
                "day": f"{record.time:%Y-%m-%d}",
                "action": _word(record.action, ACTION),
                "outcome": _word(record.outcome, _OUTCOME) if record.outcome else "",
                "code": _word(code, _CODE) if code else "",
            }
        )
        if len(found) == ERRORS:
            break
    return found


def _word(untrusted: str, form: re.Pattern[str]) -> str:
    return untrusted if form.fullmatch(untrusted) else "other"
