"""What the desk and the chat host say to each other, as values.

Rules kept here: both directions are bounded, for each side is untrusted to the other (packing.py
checks what arrives). What does not fit a frame, the exported cache of a system prompt, travels in
chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from appliance.engine.decoding.request import Finished, Message, Piece, Rejected, Request
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import Ready, Refusal

MAX_ID = (1 << 53) - 1
MAX_MESSAGES = 512
MAX_PROMPT = 8 << 20
"""Bytes of all the messages of one request together; more than any context holds."""
MAX_TEXTS = 4096
MAX_TEXT = 1 << 20
"""Bytes of one text to be counted, and of one piece of an answer."""
MAX_SCHEMA = 1 << 20
MAX_STOPS = 64
MAX_EVIDENCE = 64
"""Texts of evidence of one request; each is bounded as a text is."""
MAX_MARKS = 99
MAX_TOKENS = 1 << 24
CHUNK = 4 << 20
MAX_PREFIX = 1 << 30
"""Bytes of an exported prefix: 1,500 tokens take 34 MB at 1.1B parameters, 200 MB at 8B."""

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Submit:
    request: Request


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends the request `id`; one that is over already is left alone."""

    id: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many tokens has each of these texts?"""

    id: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """What many requests will begin with; answered by Known. The next three speak of it."""

    id: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Pin:
    """Computes the prefix and keeps it in the cache; answered by Pinned."""

    id: int


@dataclass(frozen=True, slots=True)
class Export:
    """Answered by Chunks of the prefix's cache."""

    id: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of an exported prefix, in order. To the host it is adopted, and pinned, with the
    last one; answered by Pinned."""

    id: int
    last: bool
    content: bytes


Order: TypeAlias = Submit | Cancel | Count | Prefix | Pin | Export | Chunk


@dataclass(frozen=True, slots=True)
class ChatReady:
    """The host's first message. device: "cpu" or "gpu". fingerprint: hex; prefixes are
    adopted under the same one alone."""

    guards: Ready
    model: str
    context: int
    vocabulary: int
    device: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Working:
    """A step was done that said nothing else: the host does not hang."""


@dataclass(frozen=True, slots=True)
class Counts:
    id: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """digest: SHA-256 of the prefix's tokens, in hex."""

    id: int
    digest: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Pinned:
    id: int


Report: TypeAlias = (
    Piece | Finished | Rejected | Working | Counts | Known | Pinned | Chunk | Refusal
)
"""A Refusal after the first message means that the host ends."""


def chunks(number: int, content: bytes) -> Iterator[Chunk]:
    """`content` in Chunks of at most CHUNK bytes, one at least."""
    for start in range(0, len(content) or 1, CHUNK):
        yield Chunk(number, start + CHUNK >= len(content), content[start : start + CHUNK])


class Whole:
    """Chunks put together again. Raises FrameInvalid beyond MAX_PREFIX bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, chunk: Chunk) -> bytes | None:
        """All of it with the last chunk, else None."""
        self._size += len(chunk.content)
        if self._size > MAX_PREFIX:
            raise FrameInvalid("A prefix is too long.")
        self._pieces.append(chunk.content)
        return b"".join(self._pieces) if chunk.last else None
