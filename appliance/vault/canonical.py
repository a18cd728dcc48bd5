"""Canonical JSON (RFC 8785), and reading untrusted JSON field by field.

Rules kept here: one value has one encoding; no floating point, no duplicate names, no unknown
fields, nothing longer than its field allows; member names are ASCII (so that sorting by code
point is sorting by UTF-16 unit, RFC 8785 section 3.2.3).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

_INTEGER_LIMIT = 2**53 - 1  # RFC 8785 section 3.2.2.3: what every reader holds exactly
_DEPTH = 16


class Malformed(Exception):
    """Untrusted JSON is not what it must be. Callers turn it into their own error."""


def canonical_json(value: Mapping[str, Json]) -> bytes:
    """The one encoding. Raises Malformed for what has none (big integers, lone surrogates)."""
    _require_encodable(dict(value), 0)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Malformed("text is not Unicode") from None


def read_json(untrusted: bytes) -> dict[str, Json]:
    """An object. Raises Malformed; also for anything that is not in canonical form."""
    try:
        value: Json = json.loads(
            untrusted, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float
        )
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(value, dict) or canonical_json(value) != untrusted:
        raise Malformed("not canonical")
    return value


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def base64_bytes(untrusted: str) -> bytes:
    try:
        data = base64.b64decode(untrusted, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("not base64") from None
    if base64_text(data) != untrusted:
        raise Malformed("not canonical base64")
    return data


@dataclass(frozen=True, slots=True)
class Fields:
    """An untrusted object whose members are asked for one by one, each with its bounds."""

    untrusted: Mapping[str, Json]

    def only(self, *names: str) -> Fields:
        if set(self.untrusted) != set(names):
            raise Malformed("missing or unknown fields")
        return self

    def text(self, name: str, limit: int = 200) -> str:
        value = self.untrusted.get(name)
        if not isinstance(value, str) or len(value) > limit:
            raise Malformed(name)
        return value

    def integer(self, name: str, low: int = 0, high: int = _INTEGER_LIMIT) -> int:
        value = self.untrusted.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Malformed(name)
        return value

    def flag(self, name: str) -> bool:
        value = self.untrusted.get(name)
        if not isinstance(value, bool):
            raise Malformed(name)
        return value

    def blob(self, name: str, limit: int = 16_384) -> bytes:
        return base64_bytes(self.text(name, limit * 4 // 3 + 4))

    def fields(self, name: str) -> Fields:
        return Fields(_as_object(self.untrusted.get(name)))

    def rows(self, name: str, limit: int) -> tuple[Fields, ...]:
        return tuple(Fields(_as_object(row)) for row in self._list(name, limit))

    def texts(self, name: str, limit: int) -> tuple[str, ...]:
        values = self._list(name, limit)
        found = tuple(value for value in values if isinstance(value, str))
        if len(found) != len(values):
            raise Malformed(name)
        return found

    def _list(self, name: str, limit: int) -> list[Json]:
        value = self.untrusted.get(name)
        if not isinstance(value, list) or len(value) > limit:
            raise Malformed(name)
        return value


def _as_object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("duplicate names")
    return value


def _no_float(_: str) -> Json:
    raise Malformed("floating point")


def _require_encodable(value: Json, depth: int) -> None:
    if depth > _DEPTH:
        raise Malformed("too deep")
    if isinstance(value, dict):
        for name, member in value.items():
            if not name.isascii():
                raise Malformed("a name is not ASCII")
            _require_encodable(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _require_encodable(member, depth + 1)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) > _INTEGER_LIMIT):
        raise Malformed("a number has no exact form")
