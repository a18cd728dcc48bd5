"""A request to read and its answer arrive as they were meant, or are refused."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.encoder.frames import unpack_request
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import Refusal, pack_refusal
from appliance.engine.reading.frames import (
    MAX_CHARACTERS,
    MAX_PASSAGES,
    MAX_SENTENCES,
    ReadRequest,
    pack_read,
    pack_readings,
    unpack_readings,
)
from appliance.values import Reading, ToRead

PASSAGE = ToRead("Ward > Doses", "One. Two, and more.", ((0, 4), (5, 19)), 0.5)
REQUEST = ReadRequest("Which?", (PASSAGE, replace(PASSAGE, sentences=())), 1)
WHOLE = Reading(1.0, True, 2.0, -1.0, (0.5, -0.5), (5, 8), 3.0)
GLANCED = Reading(-1.0, False, -1.0, 0.0, (), (0, 0), 0.0)


@st.composite
def passages(draw: st.DrawFn) -> ToRead:
    text = draw(st.text(max_size=80))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    sentences = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    prior = draw(st.floats(allow_nan=False, allow_infinity=False))
    return ToRead(draw(st.text(max_size=20)), text, sentences, prior)


@given(st.text(max_size=50), st.lists(passages(), min_size=1, max_size=6), st.integers(0, 64))
def test_a_request_survives_the_way(question: str, read: list[ToRead], keep: int) -> None:
    request = ReadRequest(question, tuple(read), keep)
    assert unpack_request(pack_read(request)) == request


def test_what_is_not_unicode_keeps_its_length() -> None:
    broken = ReadRequest("\ud800?", (replace(PASSAGE, text="a \ud800 b.", sentences=((4, 6),)),), 1)
    there = unpack_request(pack_read(broken))
    assert isinstance(there, ReadRequest)
    assert (there.question, there.passages[0].text) == ("??", "a ? b.")


LONG = "x" * (MAX_CHARACTERS + 1)
UNUSABLE = [
    replace(REQUEST, passages=()),
    replace(REQUEST, passages=(PASSAGE,) * (MAX_PASSAGES + 1)),
    replace(REQUEST, keep=-1),
    replace(REQUEST, keep=MAX_PASSAGES + 1),
    replace(REQUEST, question=LONG),
    *(
        replace(REQUEST, passages=(passage,))
        for passage in (
            replace(PASSAGE, text=LONG),
            replace(PASSAGE, place=LONG),
            replace(PASSAGE, prior=float("nan")),
            replace(PASSAGE, prior=float("inf")),
            replace(PASSAGE, sentences=((0, 20),)),
            replace(PASSAGE, sentences=((-1, 4),)),
            replace(PASSAGE, sentences=((4, 4),)),
            replace(PASSAGE, sentences=((5, 9), (0, 4))),
            replace(PASSAGE, sentences=((0, 6), (5, 9))),
            replace(
                PASSAGE,
                text="x" * 1000,
                sentences=tuple((n, n + 1) for n in range(MAX_SENTENCES + 1)),
            ),
        )
    ),
]


def packed(request: ReadRequest) -> bytes:
    """As a desk would that checks nothing."""
    entries = [
        [
            p.place.encode(),
            p.text.encode(),
            b"".join(struct.pack("<ii", *pair) for pair in p.sentences),
            p.prior,
        ]
        for p in request.passages
    ]
    return bytes(msgpack.packb(["read", request.question.encode(), entries, request.keep]))


@pytest.mark.parametrize("unusable", UNUSABLE, ids=range(len(UNUSABLE)))
def test_a_request_beyond_its_bounds_is_refused_on_both_sides(unusable: ReadRequest) -> None:
    assert unpack_request(packed(REQUEST)) == REQUEST
    with pytest.raises(FrameInvalid):
        pack_read(unusable)
    with pytest.raises(FrameInvalid):
        unpack_request(packed(unusable))


@pytest.mark.parametrize(
    "message",
    [
        ["read"],
        ["read", b"q", [], 1],
        ["read", "q", [[b"", b"", b"", 0.0]], 1],
        ["read", b"q", [[b"", b"", b"", 0.0]], True],
        ["read", b"q", [[b"", b"", b"", 0]], 1],
        ["read", b"q", [[b"", b"", b"1234567", 0.0]], 1],
        ["read", b"q", [[b"", b"", b""]], 1],
        ["read", b"q", b"passages", 1],
        ["write", b"q", [], 1],
        [[]],
        [],
    ],
)
def test_a_request_of_another_form_is_refused(message: object) -> None:
    with pytest.raises(FrameInvalid):
        unpack_request(msgpack.packb(message))


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(untrusted: bytes) -> None:
    request = msgpack.packb(["read", b"q", [[b"", untrusted, untrusted[:24], 0.0]], 1])
    for whole in (untrusted, request):
        try:
            unpack_request(whole)
        except FrameInvalid:
            continue


# --- the answer ---------------------------------------------------------------------------------


def test_readings_survive_the_way() -> None:
    answer = (WHOLE, GLANCED)
    assert unpack_readings(pack_readings(answer), REQUEST) == answer
    nowhere = replace(WHOLE, sentences=(), span=(0, 0))
    assert unpack_readings(pack_readings((GLANCED, nowhere)), REQUEST) == (GLANCED, nowhere)


def test_a_refusal_survives_the_way() -> None:
    refusal = Refusal("code", "A sentence.", "A step.")
    assert unpack_readings(pack_refusal(refusal), REQUEST) == refusal


HOSTILE = [
    (),
    (WHOLE,),
    (WHOLE, GLANCED, GLANCED),
    (GLANCED, GLANCED),  # read fewer than asked
    (WHOLE, replace(WHOLE, sentences=(), span=(0, 0))),  # and more
    *(
        (replace(WHOLE, **change), GLANCED)
        for change in (
            {"exit": float("nan")},
            {"relevance": float("inf")},
            {"null": float("-inf")},
            {"span_score": float("nan")},
            {"sentences": (0.5, float("nan"))},
            {"sentences": (0.5,)},
            {"sentences": (0.5, 0.5, 0.5)},
            {"span": (5, 20)},
            {"span": (3, 8)},
            {"span": (8, 5)},
            {"span": (7, 7)},
            {"span": (-3, 2)},
            {"span": (1 << 40, 1 << 41)},
            {"span": (0.0, 4.0)},
            {"relevance": 2},
            {"exit": "1.0"},
        )
    ),
    (WHOLE, replace(GLANCED, exit=float("nan"))),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hosts_answer_that_cannot_be_is_refused(answer: tuple[Any, ...]) -> None:
    with pytest.raises(FrameInvalid):
        unpack_readings(pack_readings(answer), REQUEST)


@given(st.binary(max_size=120))
def test_any_bytes_for_an_answer_are_refused(untrusted: bytes) -> None:
    try:
        assert isinstance(unpack_readings(untrusted, REQUEST), Refusal)
    except FrameInvalid:
        return
