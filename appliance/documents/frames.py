"""Length-framed MessagePack between this program and a reader process.

Rules kept here: a frame is a 4-byte big-endian length and that many bytes of MessagePack; the
length is checked before anything is read or allocated, the value before it is handed on. Only
nil, booleans, integers, floats, strings, bytes and lists come through: no maps, no extension
types, no nesting deeper than `DEPTH`. Never pickle.

Source: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeAlias

import msgpack

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | None"

HEADER = struct.Struct(">I")
DEPTH = 4
LONGEST_LIST = 40_000
"""Lists are allocated as announced, before their items are seen."""


class FrameInvalid(Exception):
    """What came is not a frame of this protocol. The reader process is not to be trusted."""


def pack(value: Value) -> bytes:
    """One frame."""
    body: bytes = msgpack.packb(value, use_bin_type=True)
    return HEADER.pack(len(body)) + body


def unpack(untrusted: bytes) -> Value:
    """The value of a frame's body. Raises FrameInvalid."""
    size = len(untrusted)
    try:
        value = msgpack.unpackb(
            untrusted,
            raw=False,
            strict_map_key=True,
            use_list=True,
            max_str_len=size,
            max_bin_len=size,
            max_array_len=LONGEST_LIST,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, RecursionError, msgpack.UnpackException) as error:
        raise FrameInvalid("not MessagePack") from error
    _require_plain(value, DEPTH)
    return value  # type: ignore[no-any-return]  # proved by the line above


def length_of(untrusted_header: bytes, limit: int) -> int:
    """The length a header announces. Raises FrameInvalid when it is above `limit`."""
    (length,) = HEADER.unpack(untrusted_header)
    if length > limit:
        raise FrameInvalid(f"a frame of {length} bytes, {limit} allowed")
    return int(length)


def read_frame(read: Callable[[int], bytes], limit: int) -> Value:
    """Reads one frame through `read`, which returns exactly as many bytes as asked for or raises.

    Raises FrameInvalid, and whatever `read` raises.
    """
    length = length_of(read(HEADER.size), limit)
    return unpack(read(length))


def _require_plain(value: object, depth: int) -> None:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return
    if not isinstance(value, list) or depth == 0:
        raise FrameInvalid("a type or depth this protocol does not have")
    for item in value:
        _require_plain(item, depth - 1)
