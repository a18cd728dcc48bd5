"""Messages of the chat host come out as they went in, and nothing else passes for one."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.chat import messages
from appliance.engine.chat.messages import (
    CHUNK,
    MAX_ID,
    Cancel,
    ChatReady,
    Chunk,
    Count,
    Counts,
    Export,
    Known,
    Order,
    Pin,
    Pinned,
    Prefix,
    Report,
    Submit,
    Whole,
    Working,
    chunks,
)
from appliance.engine.chat.packing import (
    pack_chat_ready,
    pack_order,
    pack_report,
    unpack_chat_ready,
    unpack_order,
    unpack_report,
)
from appliance.engine.decoding.request import (
    Ending,
    Evidence,
    Finished,
    Message,
    Piece,
    Rejected,
    Request,
    Sampling,
)
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import Ready, Refusal

ids = st.integers(0, MAX_ID)
texts = st.text(max_size=40)
counted = st.integers(0, 1 << 20)
hexes = st.text("0123456789abcdef", min_size=1, max_size=64)
turns = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts),
    min_size=1,
    max_size=5,
).map(tuple)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    top_k=st.integers(0, 1000),
    repetition_penalty=st.floats(0.5, 2),
    seed=st.integers(0, MAX_ID),
    max_tokens=st.integers(1, 4096),
    stops=st.lists(texts, max_size=3).map(tuple),
    schema=texts,
    evidence=st.none()
    | st.builds(Evidence, st.lists(texts, max_size=4).map(tuple), st.integers(0, 99)),
)
parts = st.builds(Chunk, ids, st.booleans(), st.binary(max_size=50))
orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(Submit, st.builds(Request, ids, turns, samplings)),
    st.builds(Cancel, ids),
    st.builds(Count, ids, st.lists(texts, max_size=4).map(tuple)),
    st.builds(Prefix, ids, turns),
    st.builds(Pin, ids),
    st.builds(Export, ids),
    parts,
)
finished = st.builds(
    lambda number, ending, cached, rest, new: Finished(number, ending, cached + rest, cached, new),
    ids,
    st.sampled_from(list(Ending)),
    counted,
    counted,
    counted,
)
reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(Piece, ids, texts),
    finished,
    st.builds(Rejected, ids, texts, texts, texts),
    st.just(Working()),
    st.builds(Counts, ids, st.lists(counted, max_size=4).map(tuple)),
    st.builds(Known, ids, hexes, counted),
    st.builds(Pinned, ids),
    st.builds(Refusal, texts, texts, texts),
    parts,
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.floats() | texts | ids,
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=12,
)
READY = ChatReady(
    Ready("linux-x86_64", ("files", "limits"), ("x",), 5, "x86-64-v3"),
    "smol@0123",
    2048,
    49152,
    "cpu",
    "ab12",
)


@given(orders)
def test_an_order_arrives_as_it_was_given(order: Order) -> None:
    assert unpack_order(pack_order(order)) == order


@given(reports)
def test_a_report_arrives_as_it_was_given(report: Report) -> None:
    assert unpack_report(pack_report(report)) == report


def test_the_first_message_arrives_as_it_was_given() -> None:
    assert unpack_chat_ready(pack_chat_ready(READY)) == READY


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_message_or_are_refused(untrusted: bytes) -> None:
    for read in (unpack_order, unpack_report, unpack_chat_ready):
        try:
            read(untrusted)
        except FrameInvalid:
            continue


@given(
    st.sampled_from(
        "submit cancel count prefix pin export chunk piece finished rejected working counts known "
        "pinned refusal ready".split()
    ),
    st.lists(plain, max_size=11),
)
def test_a_known_kind_with_anything_in_it_is_a_message_or_is_refused(
    kind: str, rest: list[Any]
) -> None:
    untrusted = msgpack.packb([kind, *rest])
    for read in (unpack_order, unpack_report, unpack_chat_ready):
        try:
            read(untrusted)
        except FrameInvalid:
            continue


@pytest.mark.parametrize(
    "said",
    [
        ["submit", 1, [], [0.0, 1.0, 0, 1.0, 0, 1, [], "", None]],
        ["submit", 1, [["tool", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, [], "", None]],
        ["submit", 1, [["user", "x"]], [float("nan"), 1.0, 0, 1.0, 0, 1, [], "", None]],
        ["submit", 1, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 0, [], "", None]],
        ["submit", True, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, [], "", None]],
        ["submit", 1, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, ["s"] * 65, "", None]],
        ["submit", 1, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, [], "", ["x"]]],
        ["submit", 1, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, [], "", [["x"], 100]]],
        ["submit", 1, [["user", "x"]], [0.0, 1.0, 0, 1.0, 0, 1, [], "", [["x"] * 65, 1]]],
        ["cancel", -1],
        ["chunk", 1, 1, b""],
        ["erase", 1],
    ],
)
def test_an_order_out_of_range_is_refused(said: list[Any]) -> None:
    with pytest.raises(FrameInvalid):
        unpack_order(msgpack.packb(said))


@pytest.mark.parametrize(
    "said",
    [
        ["finished", 1, "tired", 1, 1, 1],
        ["finished", 1, "stop", 1, 2, 1],
        ["finished", 1, "stop", 1, 1, 1 << 40],
        ["piece", 1, b"bytes"],
        ["known", 1, "../../etc", 3],
        ["known", 1, "", 3],
        ["counts", 1, [-1]],
    ],
)
def test_a_report_out_of_range_is_refused(said: list[Any]) -> None:
    with pytest.raises(FrameInvalid):
        unpack_report(msgpack.packb(said))


def test_half_a_character_is_sent_as_a_question_mark() -> None:
    order = unpack_order(pack_order(Count(1, ("a\ud800b",))))
    assert order == Count(1, ("a?b",))


def test_more_than_the_host_would_take_is_refused_before_it_is_sent() -> None:
    with pytest.raises(FrameInvalid, match="too long"):
        pack_order(Prefix(1, (Message("user", "x" * (messages.MAX_PROMPT + 1)),)))


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_chunks_make_the_whole_again(size: int) -> None:
    content, whole = bytes(size), Whole()
    pieces = list(chunks(3, content))
    assert [whole.add(chunk) for chunk in pieces][-1] == content
    assert [chunk.last for chunk in pieces] == [False] * (len(pieces) - 1) + [True]


def test_a_whole_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_PREFIX", 10)
    whole = Whole()
    whole.add(Chunk(1, False, bytes(10)))
    with pytest.raises(FrameInvalid):
        whole.add(Chunk(1, False, b"x"))
