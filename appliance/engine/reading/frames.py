"""What the desk and the host say to each other when passages are read.

Rules kept here: whatever arrives is untrusted, on both sides, and its shape, sizes, ranges and
numbers are checked here. Sentence ranges travel as raw little-endian int32, their evidence as raw
float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgpack
import numpy as np

from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import Refusal, is_refusal, refusal_of, unpack
from appliance.values import Reading, ToRead

READ = "read"
MAX_PASSAGES = 64
MAX_CHARACTERS = 16_384
"""Of a question, a place, a text. 384 tokens of running text are some 1,800."""
MAX_SENTENCES = 400


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Read the question against the passages; `keep` of them through all layers."""

    question: str
    passages: tuple[ToRead, ...]
    keep: int


def pack_read(request: ReadRequest) -> bytes:
    """A request. What is not Unicode becomes a question mark. Raises FrameInvalid where the
    passages are not as ToRead says or pass a bound of this file."""
    _require(request)
    entries = [
        [
            passage.place.encode("utf-8", "replace"),
            passage.text.encode("utf-8", "replace"),
            np.array(passage.sentences, "<i4").tobytes(),
            float(passage.prior),
        ]
        for passage in request.passages
    ]
    question = request.question.encode("utf-8", "replace")
    return bytes(msgpack.packb([READ, question, entries, request.keep]))


def unpack_read(untrusted: object) -> ReadRequest:
    """A request's unpacked list. Raises FrameInvalid."""
    if not isinstance(untrusted, list) or len(untrusted) != 4 or untrusted[0] != READ:
        raise FrameInvalid("A request to read is not in order.")
    _, question, passages, keep = untrusted
    if not isinstance(passages, list) or type(keep) is not int:
        raise FrameInvalid("A request to read is not in order.")
    request = ReadRequest(_text(question), tuple(_passage(entry) for entry in passages), keep)
    _require(request)
    return request


def pack_readings(readings: Sequence[Reading]) -> bytes:
    return bytes(msgpack.packb(["readings", [_packed(reading) for reading in readings]]))


def unpack_readings(untrusted: bytes, request: ReadRequest) -> tuple[Reading, ...] | Refusal:
    """The answer to a request: a Reading a passage, `keep` of them whole. Raises FrameInvalid."""
    content = unpack(untrusted)
    if is_refusal(content):
        return refusal_of(content)
    if not isinstance(content, list) or len(content) != 2 or content[0] != "readings":
        raise FrameInvalid("The engine's answer is not in order.")
    entries = content[1]
    if not isinstance(entries, list) or len(entries) != len(request.passages):
        raise FrameInvalid("The engine's answer has not the size asked for.")
    pairs = zip(entries, request.passages, strict=True)
    readings = tuple(_reading(entry, passage) for entry, passage in pairs)
    if sum(reading.whole for reading in readings) != min(request.keep, len(readings)):
        raise FrameInvalid("The engine has not read as many passages as it was asked to.")
    return readings


# --- a request ----------------------------------------------------------------------------------


def _require(untrusted: ReadRequest) -> None:
    if not 1 <= len(untrusted.passages) <= MAX_PASSAGES:
        raise FrameInvalid(f"A request to read has 1 to {MAX_PASSAGES} passages.")
    if not 0 <= untrusted.keep <= MAX_PASSAGES:
        raise FrameInvalid("A request to read keeps a number of passages that cannot be.")
    texts = [part for p in untrusted.passages for part in (p.place, p.text)]
    if any(len(text) > MAX_CHARACTERS for text in (untrusted.question, *texts)):
        raise FrameInvalid("A request to read holds a text that is too long.")
    for passage in untrusted.passages:
        if not math.isfinite(passage.prior):
            raise FrameInvalid("A request to read holds a number that is not finite.")
        _require_sentences(passage.sentences, len(passage.text))


def _require_sentences(untrusted: Sequence[tuple[int, int]], length: int) -> None:
    if len(untrusted) > MAX_SENTENCES:
        raise FrameInvalid(f"A passage to read has at most {MAX_SENTENCES} sentences.")
    before = 0
    for start, end in untrusted:
        if not before <= start < end <= length:
            raise FrameInvalid("A sentence to read is not inside its text, or not in order.")
        before = end


def _text(untrusted: object) -> str:
    if not isinstance(untrusted, bytes) or len(untrusted) > 4 * MAX_CHARACTERS:
        raise FrameInvalid("A request to read holds something that is not a text.")
    return untrusted.decode("utf-8", "replace")


def _passage(untrusted: object) -> ToRead:
    if not isinstance(untrusted, list) or len(untrusted) != 4:
        raise FrameInvalid("A passage to read is not in order.")
    place, text, sentences, prior = untrusted
    if not isinstance(sentences, bytes) or len(sentences) % 8 or type(prior) is not float:
        raise FrameInvalid("A passage to read is not in order.")
    if len(sentences) > 8 * MAX_SENTENCES:
        raise FrameInvalid(f"A passage to read has at most {MAX_SENTENCES} sentences.")
    ranges = np.frombuffer(sentences, "<i4").reshape(-1, 2).tolist()
    return ToRead(_text(place), _text(text), tuple((start, end) for start, end in ranges), prior)


# --- an answer ----------------------------------------------------------------------------------


def _packed(reading: Reading) -> list[object]:
    if not reading.whole:
        return [reading.exit]
    evidence = np.array(reading.sentences, "<f4").tobytes()
    numbers = [reading.exit, reading.relevance, reading.null, reading.span_score]
    return [*numbers, evidence, *reading.span]


def _reading(untrusted: object, passage: ToRead) -> Reading:
    if not isinstance(untrusted, list) or len(untrusted) not in (1, 7):
        raise FrameInvalid("The engine's answer is not in order.")
    numbers = [_number(value) for value in untrusted[:4]]
    if len(untrusted) == 1:
        return Reading(numbers[0], False, numbers[0], 0.0, (), (0, 0), 0.0)
    first, relevance, null, score = numbers
    untrusted_evidence, start, end = untrusted[4:]
    count = len(passage.sentences)
    if not isinstance(untrusted_evidence, bytes) or len(untrusted_evidence) != 4 * count:
        raise FrameInvalid("The engine's answer has not as many sentences as the passage.")
    evidence = tuple(map(_number, np.frombuffer(untrusted_evidence, "<f4").tolist()))
    if type(start) is not int or type(end) is not int:
        raise FrameInvalid("The engine's answer is not in order.")
    inside = any(s <= start < end <= e for s, e in passage.sentences)
    if not inside and (start, end) != (0, 0):
        raise FrameInvalid("The engine's answer points outside the passage's sentences.")
    return Reading(first, True, relevance, null, evidence, (start, end), score)


def _number(untrusted: object) -> float:
    if type(untrusted) is not float or not math.isfinite(untrusted):
        raise FrameInvalid("The engine's answer holds a number that is not finite.")
    return untrusted
