"""What the desk and the encoder's host say to each other: texts there, unit vectors back.

Rules kept here: whatever arrives is untrusted and its shape is checked here. A request says its
kind first: "vectors", or what engine/reading/frames.py packs. Vectors travel as raw little-endian
float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgpack
import numpy as np

from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import Refusal, is_refusal, refusal_of, unpack
from appliance.engine.reading.frames import READ, ReadRequest, unpack_read
from appliance.values import VECTOR_SIZE, Vectors

VECTORS = "vectors"
MAX_TEXTS = 1024
MAX_CHARACTERS = 16_384
"""Of one text. 256 tokens of running text are some 1,200 characters; more is never looked at."""


def pack_texts(texts: Sequence[str]) -> bytes:
    """A request. Texts are cut at MAX_CHARACTERS; what is not Unicode becomes a question mark."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise FrameInvalid(f"A request has 1 to {MAX_TEXTS} texts.")
    cut = [text[:MAX_CHARACTERS].encode("utf-8", "replace") for text in texts]
    return bytes(msgpack.packb([VECTORS, cut]))


def unpack_request(untrusted: bytes) -> list[str] | ReadRequest:
    """The texts of a request for vectors, or one to read. Raises FrameInvalid."""
    content = unpack(untrusted, longest_list=MAX_TEXTS)
    if not isinstance(content, list) or not content or content[0] not in (VECTORS, READ):
        raise FrameInvalid("A request is of no known kind.")
    if content[0] == READ:
        return unpack_read(content)
    if len(content) != 2:
        raise FrameInvalid("A request is not a list of texts.")
    return _texts(content[1])


def _texts(content: object) -> list[str]:
    if not isinstance(content, list) or not 1 <= len(content) <= MAX_TEXTS:
        raise FrameInvalid("A request is not a list of texts.")
    texts = []
    for piece in content:
        if not isinstance(piece, bytes) or len(piece) > 4 * MAX_CHARACTERS:
            raise FrameInvalid("A request holds something that is not a text.")
        texts.append(piece.decode("utf-8", "replace"))
    return texts


def pack_vectors(vectors: Vectors) -> bytes:
    return bytes(msgpack.packb([VECTORS, np.ascontiguousarray(vectors, "<f4").tobytes()]))


def unpack_vectors(untrusted: bytes, count: int) -> Vectors | Refusal:
    """The answer to a request of `count` texts: finite unit vectors. Raises FrameInvalid."""
    content = unpack(untrusted, longest_list=MAX_TEXTS)
    if is_refusal(content):
        return refusal_of(content)
    if not isinstance(content, list) or len(content) != 2 or content[0] != VECTORS:
        raise FrameInvalid("The engine's answer is not in order.")
    if not isinstance(content[1], bytes) or len(content[1]) != count * VECTOR_SIZE * 4:
        raise FrameInvalid("The engine's answer has not the size asked for.")
    vectors = np.frombuffer(content[1], "<f4").astype(np.float32).reshape(count, VECTOR_SIZE)
    if not np.allclose((vectors * vectors).sum(axis=1), 1.0, atol=1e-3):  # False for NaN too
        raise FrameInvalid("The engine's answer holds vectors that are not of unit length.")
    return vectors
