"""Frames: what goes in comes out; what no honest reader sends is refused."""

from __future__ import annotations

import io
import struct

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.frames import (
    DEPTH,
    HEADER,
    LONGEST_LIST,
    FrameInvalid,
    Value,
    pack,
    read_frame,
    unpack,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=10)


def depth(value: object) -> int:
    return 1 + max((depth(v) for v in value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Value) -> None:
    stream = io.BytesIO(pack(value))
    if depth(value) <= DEPTH:
        assert read_frame(stream.read, 1 << 20) == value
    else:
        with pytest.raises(FrameInvalid):
            read_frame(stream.read, 1 << 20)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_plain_value_or_refused(untrusted: bytes) -> None:
    try:
        value = unpack(untrusted)
    except FrameInvalid:
        return
    assert depth(value) <= DEPTH


@pytest.mark.parametrize(
    "body",
    [
        msgpack.packb({"a": 1}),
        msgpack.packb(msgpack.ExtType(5, b"x")),
        msgpack.packb(msgpack.Timestamp(1)),
        b"\x91" * 600 + b"\x90",  # nesting
        b"\xdd\xff\xff\xff\xff",  # a list of four thousand million
        b"\xdd" + struct.pack(">I", LONGEST_LIST + 1),
        b"\xc6\xff\xff\xff\xff",  # bytes, as many
        b"\xdb\x00\x00\x00\x02\xff\xfe",  # a string that is not UTF-8
        b"",
        b"\x01\x02",  # two values
        b"\xc1",
    ],
    ids=str,
)
def test_other_types_and_false_sizes_are_refused(body: bytes) -> None:
    with pytest.raises(FrameInvalid):
        unpack(body)


def test_a_length_above_the_limit_is_refused_before_it_is_read() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return HEADER.pack(1_000_000)

    with pytest.raises(FrameInvalid):
        read_frame(read, 999_999)
    assert asked == [HEADER.size]
