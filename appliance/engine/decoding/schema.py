"""A JSON schema from outside, bounded and checked before anything is compiled from it.

Rules kept here: a schema is accepted only if the grammar made of it enforces every keyword (JSON
Schema 2020-12): what xgrammar would read over (`not`, `uniqueItems`, `format` …) is refused by
name instead of promised. Sizes and counts are bounded, since counts become rules of a grammar.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from appliance.engine.decoding.errors import SchemaUnusable

MOST_BYTES = 16 * 1024
MOST_PLACES = 1000
DEEPEST = 32
HIGHEST_COUNT = 1024
LONGEST_PATTERN = 256

_NOTES = frozenset({"$schema", "$comment", "title", "description", "default", "examples"})
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength"})
_RANGES = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_LISTS = frozenset({"anyOf", "prefixItems"})
_TABLES = frozenset({"properties", "$defs", "definitions"})
_PARTS = frozenset({"items", "additionalProperties"})
# What says all there is to say at its place; xgrammar does not look at what stands beside it.
_WHOLE = ("$ref", "const", "enum", "anyOf")
_OF_KIND = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems"}),
    "string": frozenset({"pattern", "minLength", "maxLength"}),
    "number": _RANGES,
    "integer": _RANGES,
    "boolean": frozenset[str](),
    "null": frozenset[str](),
}
_NAMES = frozenset({"type", *_WHOLE, *_TABLES, *_NOTES}).union(*_OF_KIND.values())
_CLASSES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float),
    "integer": (int,), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def require_schema(untrusted_schema: str) -> None:
    """Raises SchemaUnusable, with a sentence that says what to change."""
    if len(untrusted_schema.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise SchemaUnusable(f"The schema is longer than {MOST_BYTES // 1024} KiB.")
    try:
        untrusted = json.loads(untrusted_schema)
    except (ValueError, RecursionError) as error:
        raise SchemaUnusable("The schema is not JSON.") from error
    if not isinstance(untrusted, dict):
        raise SchemaUnusable("The schema is not a JSON object.")
    for count, (place, depth) in enumerate(_places(untrusted, 0), start=1):
        if count > MOST_PLACES:
            raise SchemaUnusable(f"The schema has more than {MOST_PLACES} parts.")
        if depth > DEEPEST:
            raise SchemaUnusable(f"The schema is nested more than {DEEPEST} deep.")
        _require_place(place)


def _places(untrusted: object, depth: int) -> Iterator[tuple[dict[str, object], int]]:
    """The schema and every schema inside it."""
    if isinstance(untrusted, bool):
        return
    if not isinstance(untrusted, dict):
        raise SchemaUnusable("The schema has something else where a schema belongs.")
    yield untrusted, depth
    for keyword, value in untrusted.items():
        inner: list[object] = []
        if keyword in _LISTS:
            inner = value if isinstance(value, list) and value else [None]
        elif keyword in _TABLES:
            inner = [*value.values()] if isinstance(value, dict) else [None]
        elif keyword in _PARTS:
            inner = [value]
        for part in inner:
            yield from _places(part, depth + 1)


def _require_place(place: dict[str, object]) -> None:
    for keyword, value in place.items():
        if keyword not in _NAMES:
            raise SchemaUnusable(f"The schema uses {keyword[:40]!r}, which cannot be promised.")
        if keyword in _COUNTS and not _is_count(value):
            raise SchemaUnusable(f"The schema's {keyword} is no number up to {HIGHEST_COUNT}.")
        if keyword in _RANGES and not _is_number(value):
            raise SchemaUnusable(f"The schema's {keyword} is no number that can be used.")
    kinds = _kinds(place)
    rules = place.keys() - _NOTES - {"$defs", "definitions"}
    whole = next((keyword for keyword in _WHOLE if keyword in place), None)
    if whole is not None:
        _require_whole(place, whole, rules, kinds)
        return
    idle = rules - {"type"} - frozenset[str]().union(*(_OF_KIND[kind] for kind in kinds))
    if idle:
        raise SchemaUnusable(f"The schema has {min(idle)!r} without the type it belongs to.")
    _require_object(place)
    if "pattern" in place:
        _require_pattern(place)


def _kinds(place: dict[str, object]) -> list[str]:
    """The types a place allows; none if it does not say."""
    named = place.get("type", [])
    kinds = named if isinstance(named, list) else [named]
    if not all(isinstance(kind, str) and kind in _OF_KIND for kind in kinds):
        raise SchemaUnusable("The schema has a type that JSON does not have.")
    return [str(kind) for kind in kinds]


def _require_whole(place: dict[str, object], whole: str, rules: set[str], kinds: list[str]) -> None:
    """A type beside `const` and `enum` is allowed, if it says nothing new."""
    beside = rules - {whole, "type"}
    if beside or (kinds and whole in {"$ref", "anyOf"}):
        raise SchemaUnusable(f"The schema has {whole!r} and other rules at one place.")
    if whole == "$ref":
        reference = place["$ref"]
        if not isinstance(reference, str) or not reference.startswith(
            ("#/$defs/", "#/definitions/")
        ):
            raise SchemaUnusable("The schema refers to something that is not in its $defs.")
    values = place[whole] if whole == "enum" else [place[whole]]
    if whole in {"const", "enum"}:
        if not isinstance(values, list) or not values:
            raise SchemaUnusable("The schema has an enum without values.")
        if kinds and not all(_is_one_of(value, kinds) for value in values):
            raise SchemaUnusable(f"The schema's {whole} has a value of another type.")


def _is_one_of(value: object, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _CLASSES[kind]) for kind in kinds)


def _require_object(place: dict[str, object]) -> None:
    properties, required = place.get("properties", {}), place.get("required", [])
    if not isinstance(required, list) or not isinstance(properties, dict):
        raise SchemaUnusable("The schema's properties are no table, or what it requires no list.")
    if not all(isinstance(name, str) and name in properties for name in required):
        raise SchemaUnusable("The schema requires a property that it does not describe.")
    # Another spelling of a property's name (\u0061 for a) would be an additional one.
    if properties and place.get("additionalProperties", False) is not False:
        raise SchemaUnusable("The schema has properties and additional ones at one place.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST_COUNT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


def _require_pattern(place: dict[str, object]) -> None:
    """A pattern is matched as a whole, which is stricter than the standard's search. Counted
    repetition is refused: nested, a few characters of it ask for millions of rules."""
    pattern = place["pattern"]
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN or "{" in pattern:
        raise SchemaUnusable(
            f"A pattern of the schema is longer than {LONGEST_PATTERN} characters or counts"
            " repetitions with braces."
        )
    if _COUNTS & place.keys():
        raise SchemaUnusable("The schema has a pattern and a length at one place.")
