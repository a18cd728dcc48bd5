"""Frames arrive whole or not at all, and nothing in them is believed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.encoder.frames import (
    MAX_CHARACTERS,
    MAX_TEXTS,
    pack_texts,
    pack_vectors,
    unpack_request,
    unpack_vectors,
)
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import (
    MAX_FRAME,
    Closed,
    Ready,
    Refusal,
    TimedOut,
    pack_ready,
    pack_refusal,
    read_frame,
    unpack_ready,
    write_frame,
)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test has closed it


def soon() -> float:
    return time.monotonic() + 5


def test_a_frame_larger_than_the_pipe_arrives_whole(pipe: tuple[int, int]) -> None:
    payload = os.urandom(3_000_000)
    writer = threading.Thread(target=write_frame, args=(pipe[1], payload, soon()))
    writer.start()
    assert read_frame(pipe[0], soon()) == payload
    writer.join()


def test_a_length_beyond_the_bound_is_refused_unread(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], (MAX_FRAME + 1).to_bytes(4, "little"))
    with pytest.raises(FrameInvalid, match="too long"):
        read_frame(pipe[0], soon())


def test_a_frame_cut_short_is_never_returned(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], (10).to_bytes(4, "little") + b"half")
    os.close(pipe[1])
    with pytest.raises(Closed):
        read_frame(pipe[0], soon())


def test_silence_ends_in_a_time_out(pipe: tuple[int, int]) -> None:
    with pytest.raises(TimedOut):
        read_frame(pipe[0], time.monotonic() + 0.05)


def test_a_reader_that_does_not_read_ends_in_a_time_out(pipe: tuple[int, int]) -> None:
    with pytest.raises(TimedOut):
        write_frame(pipe[1], bytes(1 << 20), time.monotonic() + 0.05)


def test_writing_to_a_closed_pipe_says_so(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(Closed):
        write_frame(pipe[1], b"x", soon())


@given(st.lists(st.text(max_size=50), min_size=1, max_size=20))
def test_texts_survive_the_way(texts: list[str]) -> None:
    expected = [t.encode("utf-8", "replace").decode() for t in texts]
    assert unpack_request(pack_texts(texts)) == expected


def test_a_long_text_is_cut_and_too_many_are_refused() -> None:
    cut = unpack_request(pack_texts(["é" * 50_000]))
    assert isinstance(cut, list)
    assert len(cut[0]) == MAX_CHARACTERS
    for count in (0, MAX_TEXTS + 1):
        with pytest.raises(FrameInvalid):
            pack_texts(["x"] * count)


@given(st.binary(max_size=200))
def test_any_bytes_for_a_request_are_read_or_refused(untrusted: bytes) -> None:
    try:
        texts = unpack_request(untrusted)
    except FrameInvalid:
        return
    assert isinstance(texts, list)
    assert texts
    assert all(isinstance(text, str) for text in texts)


@given(st.binary(max_size=200))
def test_any_bytes_for_an_answer_are_refused(untrusted: bytes) -> None:
    for unpack in (unpack_ready, lambda b: unpack_vectors(b, 1)):
        try:
            assert isinstance(unpack(untrusted), Refusal | Ready)
        except FrameInvalid:
            continue


def unit_rows(count: int) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(count, 384)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_vectors_survive_the_way() -> None:
    rows = unit_rows(3)
    there = unpack_vectors(pack_vectors(rows), 3)
    assert isinstance(there, np.ndarray)
    assert np.array_equal(there, rows)


@pytest.mark.parametrize("damage", [np.nan, np.inf, 0.0, 3.0])
def test_vectors_that_are_not_of_unit_length_are_refused(damage: float) -> None:
    rows = unit_rows(3)
    rows[1] = damage
    with pytest.raises(FrameInvalid, match="unit length"):
        unpack_vectors(pack_vectors(rows), 3)


def test_vectors_of_another_count_are_refused() -> None:
    with pytest.raises(FrameInvalid, match="size"):
        unpack_vectors(pack_vectors(unit_rows(3)), 2)


def test_first_message_and_refusal_survive_the_way() -> None:
    ready = Ready("linux-x86_64", ("files", "limits"), (), 4, "x86-64-v3")
    assert unpack_ready(pack_ready(ready)) == ready
    refusal = Refusal("code", "A sentence.", "A step.")
    assert unpack_ready(pack_refusal(refusal)) == refusal
    assert unpack_vectors(pack_refusal(refusal), 1) == refusal


@pytest.mark.parametrize(
    "message",
    [
        ["ready", "p", ["g"], [], "4", "l"],
        ["ready", "p", "guards", [], 4, "l"],
        ["ready", "p", [1], [], 4, "l"],
        ["ready", "p", [], []],
        ["refusal", 1, 2, 3],
        "ready",
    ],
)
def test_a_first_message_of_another_form_is_refused(message: object) -> None:
    with pytest.raises(FrameInvalid):
        unpack_ready(msgpack.packb(message))
