"""Messages between the desk and the engine host: four bytes of length, then msgpack.

Rules kept here: whatever arrives is untrusted: its length is bounded before it is read, its shape
is checked here, and nothing in it is ever executed or unpickled. Vectors travel as raw
little-endian float32. A message either arrives whole before the deadline or an error is raised.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgpack
import numpy as np

from appliance.engine.errors import FrameInvalid
from appliance.values import VECTOR_SIZE, Vectors

MAX_FRAME = 64 << 20
MAX_TEXTS = 1024
MAX_CHARACTERS = 16_384
"""Of one text. 256 tokens of running text are some 1,200 characters; more is never looked at."""


class Closed(FrameInvalid):
    """The other side has closed the pipe."""


class TimedOut(FrameInvalid):
    """The other side has not answered in time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The host's first message: what guards are on, and that the model answers."""

    platform: str
    guards: tuple[str, ...]
    missing: tuple[str, ...]
    landlock: int
    level: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The host could not do what was asked, and why, in a sentence."""

    code: str
    sentence: str
    hint: str


def write_frame(descriptor: int, payload: bytes, deadline: float) -> None:
    """Writes a whole frame. deadline is in time.monotonic() seconds. Raises Closed or TimedOut."""
    if len(payload) > MAX_FRAME:
        raise FrameInvalid("A message to the engine is too long.")
    rest = memoryview(len(payload).to_bytes(4, "little") + payload)
    while rest:
        _wait(descriptor, deadline, writing=True)
        try:
            # A pipe that is ready takes PIPE_BUF bytes at least without blocking.
            rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]
        except OSError as error:
            raise Closed("The engine's pipe is closed.") from error


def read_frame(descriptor: int, deadline: float) -> bytes:
    """Reads a whole frame. Raises Closed at the end of the stream, TimedOut, or FrameInvalid."""
    untrusted_length = int.from_bytes(_read(descriptor, 4, deadline), "little")
    if untrusted_length > MAX_FRAME:
        raise FrameInvalid("A message from the engine is too long.")
    return _read(descriptor, untrusted_length, deadline)


def _read(descriptor: int, count: int, deadline: float) -> bytes:
    got = bytearray()
    while len(got) < count:
        _wait(descriptor, deadline, writing=False)
        try:
            piece = os.read(descriptor, min(count - len(got), 1 << 20))
        except OSError as error:
            raise Closed("The engine's pipe is closed.") from error
        if not piece:
            raise Closed("The engine's pipe is closed.")
        got += piece
    return bytes(got)


def _wait(descriptor: int, deadline: float, *, writing: bool) -> None:
    if deadline == float("inf"):
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
    remaining = deadline - time.monotonic()
    if remaining <= 0 or not poll.poll(remaining * 1000):
        raise TimedOut("The engine has not answered in time.")


# --- what the messages hold ---------------------------------------------------------------------


def pack_texts(texts: Sequence[str]) -> bytes:
    """A request. Texts are cut at MAX_CHARACTERS; what is not Unicode becomes a question mark."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise FrameInvalid(f"A request has 1 to {MAX_TEXTS} texts.")
    cut = [text[:MAX_CHARACTERS].encode("utf-8", "replace") for text in texts]
    return bytes(msgpack.packb(cut))


def unpack_texts(untrusted: bytes) -> list[str]:
    """The texts of a request. Raises FrameInvalid."""
    content = _unpack(untrusted)
    if not isinstance(content, list) or not 1 <= len(content) <= MAX_TEXTS:
        raise FrameInvalid("A request is not a list of texts.")
    texts = []
    for piece in content:
        if not isinstance(piece, bytes) or len(piece) > 4 * MAX_CHARACTERS:
            raise FrameInvalid("A request holds something that is not a text.")
        texts.append(piece.decode("utf-8", "replace"))
    return texts


def pack_vectors(vectors: Vectors) -> bytes:
    return bytes(msgpack.packb(["vectors", np.ascontiguousarray(vectors, "<f4").tobytes()]))


def pack_refusal(refusal: Refusal) -> bytes:
    return bytes(msgpack.packb(["refusal", refusal.code, refusal.sentence, refusal.hint]))


def pack_ready(ready: Ready) -> bytes:
    return bytes(
        msgpack.packb(
            ["ready", ready.platform, ready.guards, ready.missing, ready.landlock, ready.level]
        )
    )


def unpack_vectors(untrusted: bytes, count: int) -> Vectors | Refusal:
    """The answer to a request of `count` texts: finite unit vectors. Raises FrameInvalid."""
    content = _unpack(untrusted)
    if isinstance(content, list) and content[:1] == ["refusal"]:
        return _refusal(content)
    if not isinstance(content, list) or len(content) != 2 or content[0] != "vectors":
        raise FrameInvalid("The engine's answer is not in order.")
    if not isinstance(content[1], bytes) or len(content[1]) != count * VECTOR_SIZE * 4:
        raise FrameInvalid("The engine's answer has not the size asked for.")
    vectors = np.frombuffer(content[1], "<f4").astype(np.float32).reshape(count, VECTOR_SIZE)
    if not np.allclose((vectors * vectors).sum(axis=1), 1.0, atol=1e-3):  # False for NaN too
        raise FrameInvalid("The engine's answer holds vectors that are not of unit length.")
    return vectors


def unpack_ready(untrusted: bytes) -> Ready | Refusal:
    """The host's first message. Raises FrameInvalid."""
    content = _unpack(untrusted)
    if isinstance(content, list) and content[:1] == ["refusal"]:
        return _refusal(content)
    if not isinstance(content, list) or len(content) != 6 or content[0] != "ready":
        raise FrameInvalid("The engine's first message is not in order.")
    _, where, guards, missing, landlock, level = content
    words = [where, level, *guards, *missing] if _lists(guards, missing) else [None]
    if not all(isinstance(word, str) and len(word) < 100 for word in words):
        raise FrameInvalid("The engine's first message is not in order.")
    if type(landlock) is not int:
        raise FrameInvalid("The engine's first message is not in order.")
    return Ready(where, tuple(guards), tuple(missing), landlock, level)


def _lists(*values: object) -> bool:
    return all(isinstance(value, list) and len(value) < 100 for value in values)


def _refusal(content: list[object]) -> Refusal:
    words = [word[:1000] for word in content[1:] if isinstance(word, str)]
    if len(words) != 3:
        raise FrameInvalid("The engine's refusal is not in order.")
    return Refusal(*words)


def _unpack(untrusted: bytes) -> object:
    try:
        content: object = msgpack.unpackb(
            untrusted,
            raw=False,
            strict_map_key=True,
            max_array_len=MAX_TEXTS,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise FrameInvalid("A message of the engine is not in order.") from error
    return content
