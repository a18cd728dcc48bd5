"""JSON as two readers cannot see two things in it.

Rules kept here: a name comes once in an object (RFC 8259, section 4, leaves open what a second one
means); NaN and Infinity are no JSON; nesting is bounded, so that what was read can be written again
whatever is on the stack. The bytes are bounded by whoever read them.
"""

from __future__ import annotations

import json
from typing import NoReturn

DEEPEST = 64


def parsed(untrusted: bytes) -> object:
    """Raises ValueError for anything else."""
    try:
        found: object = json.loads(
            untrusted.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError("nested too deep")
    return found


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(members)
    if len(table) != len(members):
        raise ValueError("a name comes twice")
    return table


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
