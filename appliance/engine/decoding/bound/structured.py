"""The words that a JSON schema itself puts into an answer: names of properties, fixed values.

Rules kept here: only strings; a number that a schema fixes must stand in the evidence like any
other. The schema was checked before (schema.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

_LITERALS = "true\nfalse\nnull"


def words_of(schema: str) -> tuple[str, ...]:
    """Texts that count as evidence beside the request's own."""
    return (_LITERALS, *dict.fromkeys(_words(json.loads(schema))))


def _words(place: object) -> Iterator[str]:
    if isinstance(place, list):
        for part in place:
            yield from _words(part)
    elif isinstance(place, dict):
        properties = place.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for value in (place.get("const"), *_listed(place.get("enum"))):
            if isinstance(value, str):
                yield value
        for part in place.values():
            yield from _words(part)


def _listed(values: object) -> list[object]:
    return values if isinstance(values, list) else []
