"""Canonical JSON (RFC 8785, JSON Canonicalization Scheme) for the values a leaf may hold.

Rules kept here: one value has one spelling; members are ordered by UTF-16 code units (3.2.3);
strings escape only what RFC 8785 3.2.2.2 demands; floats do not exist (their spelling is the hard
part of the standard, and a record needs none); integers stay within I-JSON (RFC 7493, 2.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

from appliance.audit.errors import RecordRefused

Json: TypeAlias = "str | int | bool | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"

LARGEST_INTEGER = 2**53 - 1

_DEPTH = 16


def canonical(value: Json) -> bytes:
    """The one UTF-8 spelling of `value`. Raises RecordRefused for floats, integers beyond 2^53-1,
    lone surrogates, member names that are not text, and nesting deeper than 16."""
    ordered = _ordered(value, _DEPTH)
    text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RecordRefused("A record holds text that is not Unicode.") from None


def _ordered(value: object, depth: int) -> object:
    if not depth:
        raise RecordRefused("A record is nested too deeply.")
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise RecordRefused("A record holds an integer beyond 2^53-1.")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise RecordRefused("A record has a member whose name is not text.")
        names = sorted(value, key=_utf16)
        return {name: _ordered(value[name], depth - 1) for name in names}
    raise RecordRefused(f"A record cannot hold a {type(value).__name__}.")


def _utf16(name: str) -> bytes:
    """Big-endian UTF-16 sorts as its code units do (RFC 8785, 3.2.3)."""
    return name.encode("utf-16-be", "surrogatepass")


def _no_float(_text: str) -> NoReturn:
    raise ValueError("floats are not part of a record")


_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)


def decoded(untrusted: bytes) -> object:
    """The value of JSON text. Raises ValueError for anything else, floats included. Whether the
    text was canonical is for the caller to see, by spelling the value again."""
    try:
        value: object = _DECODER.decode(untrusted.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value
