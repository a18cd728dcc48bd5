"""Frames between the desk and an engine host: four bytes of length, then msgpack.

Rules kept here: whatever arrives is untrusted: its length is bounded before it is read, its shape
is checked by who unpacks it, and nothing in it is ever executed or unpickled. A frame either
arrives whole before the deadline or an error is raised. What the encoder's host and the chat host
say alike, that they are ready behind their guards or cannot be, is packed and checked here.
"""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass

import msgpack

from appliance.airgap.sandbox import Sandbox
from appliance.engine.errors import FrameInvalid

MAX_FRAME = 64 << 20
MAX_LIST = 1024
FOREVER = float("inf")


class Closed(FrameInvalid):
    """The other side has closed the pipe."""


class TimedOut(FrameInvalid):
    """The other side has not answered in time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A host's first message: what guards are on, and that the model answers."""

    platform: str
    guards: tuple[str, ...]
    missing: tuple[str, ...]
    landlock: int
    level: str

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.platform, self.guards, self.missing, self.landlock)


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


class Arrivals:
    """Frames of a descriptor as they arrive, for a reader that has other work meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._held = bytearray()

    def read(self, *, wait: bool) -> list[bytes]:
        """The frames that are whole by now; with `wait`, one at least. Raises Closed at the end of
        the stream, and FrameInvalid for a frame that is too long."""
        frames = self._whole()
        while self._poll.poll(None if wait and not frames else 0):
            try:
                piece = os.read(self._descriptor, 1 << 20)
            except OSError as error:
                raise Closed("The engine's pipe is closed.") from error
            if not piece:
                raise Closed("The engine's pipe is closed.")
            self._held += piece
            frames += self._whole()
            if frames:
                break  # the work that waits comes before what may still arrive
        return frames

    def _whole(self) -> list[bytes]:
        frames, start = [], 0
        while len(self._held) - start >= 4:
            untrusted_length = int.from_bytes(self._held[start : start + 4], "little")
            if untrusted_length > MAX_FRAME:
                raise FrameInvalid("A message to the engine is too long.")
            end = start + 4 + untrusted_length
            if len(self._held) < end:
                break
            frames.append(bytes(self._held[start + 4 : end]))
            start = end
        del self._held[:start]
        return frames


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
    if deadline == FOREVER:
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
    remaining = deadline - time.monotonic()
    if remaining <= 0 or not poll.poll(remaining * 1000):
        raise TimedOut("The engine has not answered in time.")


# --- what every host says -----------------------------------------------------------------------


def pack_refusal(refusal: Refusal) -> bytes:
    return bytes(msgpack.packb(["refusal", refusal.code, refusal.sentence, refusal.hint]))


def pack_ready(ready: Ready) -> bytes:
    return bytes(msgpack.packb(["ready", *ready_words(ready)]))


def ready_words(ready: Ready) -> list[object]:
    return [ready.platform, ready.guards, ready.missing, ready.landlock, ready.level]


def unpack_ready(untrusted: bytes) -> Ready | Refusal:
    """The first message of a host that says nothing but what Ready holds. Raises FrameInvalid."""
    content = unpack(untrusted)
    if is_refusal(content):
        return refusal_of(content)
    if not isinstance(content, list) or len(content) != 6 or content[0] != "ready":
        raise FrameInvalid("The engine's first message is not in order.")
    return ready_of(content[1:])


def ready_of(untrusted: list[object]) -> Ready:
    """Raises FrameInvalid unless these are the five words of a Ready."""
    where, guards, missing, landlock, level = untrusted
    lists = [value for value in (guards, missing) if isinstance(value, list) and len(value) < 100]
    words = [where, level, *(word for value in lists for word in value)]
    if len(lists) != 2 or type(landlock) is not int:
        raise FrameInvalid("The engine's first message is not in order.")
    named = [word for word in words if isinstance(word, str) and len(word) < 100]
    if len(named) != len(words):
        raise FrameInvalid("The engine's first message is not in order.")
    put_on = tuple(named[2 : 2 + len(lists[0])])
    return Ready(named[0], put_on, tuple(named[2 + len(put_on) :]), landlock, named[1])


def is_refusal(content: object) -> bool:
    return isinstance(content, list) and content[:1] == ["refusal"]


def refusal_of(content: object) -> Refusal:
    """Raises FrameInvalid unless this is a refusal's list."""
    words = content[1:] if isinstance(content, list) else []
    if len(words) != 3 or not all(isinstance(word, str) for word in words):
        raise FrameInvalid("The engine's refusal is not in order.")
    return Refusal(*(word[:1000] for word in words))


def unpack(untrusted: bytes, *, longest_list: int = MAX_LIST) -> object:
    """Plain values: no maps, no extensions, lists of bounded length. Raises FrameInvalid."""
    try:
        content: object = msgpack.unpackb(
            untrusted,
            raw=False,
            strict_map_key=True,
            max_array_len=longest_list,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise FrameInvalid("A message of the engine is not in order.") from error
    return content
