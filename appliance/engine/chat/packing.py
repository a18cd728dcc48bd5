"""The chat host's messages as msgpack, and back, checked.

Rules kept here: what arrives is untrusted: numbers are finite and in range, texts and lists have a
longest length, and a message of a kind that is not known is an error. What is sent is checked the
same way, so that one's own mistake is not blamed on the other side. A message is a list whose
first entry names its kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgpack

from appliance.engine.chat.messages import (
    CHUNK,
    MAX_EVIDENCE,
    MAX_ID,
    MAX_MARKS,
    MAX_MESSAGES,
    MAX_PROMPT,
    MAX_SCHEMA,
    MAX_STOPS,
    MAX_TEXT,
    MAX_TEXTS,
    MAX_TOKENS,
    ROLES,
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
    Working,
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
from appliance.engine.framing import (
    Refusal,
    is_refusal,
    ready_of,
    ready_words,
    refusal_of,
    unpack,
)

# --- from the desk ------------------------------------------------------------------------------


def pack_order(order: Order) -> bytes:
    """Raises FrameInvalid for what the other side would not take."""
    match order:
        case Submit(request):
            said = ["submit", request.id, _turns(request.messages), _chosen(request.sampling)]
        case Cancel(number):
            said = ["cancel", number]
        case Count(number, texts):
            said = ["count", number, [_unicode(text) for text in texts]]
        case Prefix(number, messages):
            said = ["prefix", number, _turns(messages)]
        case Pin(number):
            said = ["pin", number]
        case Export(number):
            said = ["export", number]
        case Chunk():
            said = _chunk(order)
    return _packed(said, unpack_order)


def unpack_order(untrusted: bytes) -> Order:
    """Raises FrameInvalid."""
    kind, rest = _kind(unpack(untrusted, longest_list=MAX_TEXTS))
    order: Order
    match kind, rest:
        case "submit", [number, turns, chosen]:
            order = Submit(Request(_id(number), _messages(turns), _sampling(chosen)))
        case "cancel", [number]:
            order = Cancel(_id(number))
        case "count", [number, list() as texts]:
            order = Count(_id(number), tuple(_text(text, MAX_TEXT) for text in texts))
        case "prefix", [number, turns]:
            order = Prefix(_id(number), _messages(turns))
        case "pin", [number]:
            order = Pin(_id(number))
        case "export", [number]:
            order = Export(_id(number))
        case "chunk", [number, last, content]:
            order = _chunk_of(number, last, content)
        case _:
            raise FrameInvalid("A message to the engine is not in order.")
    return order


def _turns(messages: Sequence[Message]) -> list[list[str]]:
    return [[message.role, _unicode(message.text)] for message in messages]


def _unicode(text: str) -> str:
    """What is not Unicode (half a surrogate pair) becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _messages(untrusted: object) -> tuple[Message, ...]:
    if not isinstance(untrusted, list) or not 1 <= len(untrusted) <= MAX_MESSAGES:
        raise FrameInvalid("A request has no messages, or too many.")
    messages, size = [], 0
    for turn in untrusted:
        if not isinstance(turn, list) or len(turn) != 2 or turn[0] not in ROLES:
            raise FrameInvalid("A request holds something that is not a message.")
        messages.append(Message(str(turn[0]), _text(turn[1], MAX_PROMPT)))
        size += len(messages[-1].text.encode())
    if size > MAX_PROMPT:
        raise FrameInvalid("A request is too long.")
    return tuple(messages)


def _chosen(sampling: Sampling) -> list[object]:
    return [
        float(sampling.temperature),
        float(sampling.top_p),
        sampling.top_k,
        float(sampling.repetition_penalty),
        sampling.seed,
        sampling.max_tokens,
        list(sampling.stops),
        sampling.schema,
        _evidence_said(sampling.evidence),
    ]


def _evidence_said(evidence: Evidence | None) -> list[object] | None:
    if evidence is None:
        return None
    return [[_unicode(text) for text in evidence.texts], evidence.marks]


def _evidence(untrusted: object) -> Evidence | None:
    match untrusted:
        case None:
            return None
        case [list() as texts, marks] if len(texts) <= MAX_EVIDENCE:
            read = tuple(_text(text, MAX_TEXT) for text in texts)
            return Evidence(read, _whole(marks, 0, MAX_MARKS))
    raise FrameInvalid("A request's evidence is not in order.")


def _sampling(untrusted: object) -> Sampling:
    if not isinstance(untrusted, list) or len(untrusted) != 9:
        raise FrameInvalid("A request does not say how tokens are chosen.")
    temperature, top_p, top_k, penalty, seed, most, *rest = untrusted
    stops, schema, evidence = rest
    if not isinstance(stops, list) or len(stops) > MAX_STOPS:
        raise FrameInvalid("A request has too many strings to stop at.")
    return Sampling(
        temperature=_real(temperature, 0.0, 100.0),
        top_p=_real(top_p, 0.0, 1.0),
        top_k=_whole(top_k, 0, MAX_TOKENS),
        repetition_penalty=_real(penalty, 0.01, 100.0),
        seed=_whole(seed, 0, MAX_ID),
        max_tokens=_whole(most, 1, MAX_TOKENS),
        stops=tuple(_text(stop, 4096) for stop in stops),
        schema=_text(schema, MAX_SCHEMA),
        evidence=_evidence(evidence),
    )


# --- from the host ------------------------------------------------------------------------------


def pack_chat_ready(ready: ChatReady) -> bytes:
    said = ["ready", *ready_words(ready.guards), ready.model, ready.context, ready.vocabulary]
    return bytes(msgpack.packb([*said, ready.device, ready.fingerprint]))


def unpack_chat_ready(untrusted: bytes) -> ChatReady | Refusal:
    """The host's first message. Raises FrameInvalid."""
    content = unpack(untrusted)
    if is_refusal(content):
        return refusal_of(content)
    kind, rest = _kind(content)
    if kind != "ready" or len(rest) != 10:
        raise FrameInvalid("The engine's first message is not in order.")
    model, context, vocabulary, device, fingerprint = rest[5:]
    return ChatReady(
        ready_of(rest[:5]),
        _text(model, 400),
        _whole(context, 1, MAX_TOKENS),
        _whole(vocabulary, 1, MAX_TOKENS),
        _text(device, 400),
        _hex(fingerprint),
    )


def pack_report(report: Report) -> bytes:
    """Raises FrameInvalid for what the other side would not take."""
    match report:
        case Piece(number, text):
            said: list[object] = ["piece", number, text]
        case Finished(number, ending, prompt, cached, new):
            said = ["finished", number, ending.value, prompt, cached, new]
        case Rejected(number, code, sentence, hint):
            said = ["rejected", number, code[:100], sentence[:1000], hint[:1000]]
        case Working():
            said = ["working"]
        case Counts(number, counts):
            said = ["counts", number, list(counts)]
        case Known(number, digest, tokens):
            said = ["known", number, digest, tokens]
        case Pinned(number):
            said = ["pinned", number]
        case Chunk():
            said = _chunk(report)
        case Refusal(code, sentence, hint):
            said = ["refusal", code, sentence[:1000], hint[:1000]]
    return _packed(said, unpack_report)


def unpack_report(untrusted: bytes) -> Report:
    """What the host says after its first message. Raises FrameInvalid."""
    content = unpack(untrusted, longest_list=MAX_TEXTS)
    if is_refusal(content):
        return refusal_of(content)
    kind, rest = _kind(content)
    report: Report
    match kind, rest:
        case "piece", [number, text]:
            report = Piece(_id(number), _text(text, MAX_TEXT))
        case "finished", [number, ending, prompt, cached, new]:
            report = _finished(number, ending, prompt, cached, new)
        case "rejected", [number, code, sentence, hint]:
            words = [_text(word, 1000) for word in (code, sentence, hint)]
            report = Rejected(_id(number), *words)
        case "working", []:
            report = Working()
        case "counts", [number, list() as counts]:
            report = Counts(_id(number), tuple(_whole(n, 0, MAX_TOKENS) for n in counts))
        case "known", [number, digest, tokens]:
            report = Known(_id(number), _hex(digest), _whole(tokens, 0, MAX_TOKENS))
        case "pinned", [number]:
            report = Pinned(_id(number))
        case "chunk", [number, last, content]:
            report = _chunk_of(number, last, content)
        case _:
            raise FrameInvalid("A message of the engine is not in order.")
    return report


def _finished(number: object, ending: object, *counts: object) -> Finished:
    if not isinstance(ending, str) or ending not in {known.value for known in Ending}:
        raise FrameInvalid("A message of the engine is not in order.")
    prompt, cached, new = (_whole(count, 0, MAX_TOKENS) for count in counts)
    if cached > prompt:
        raise FrameInvalid("A message of the engine is not in order.")
    return Finished(_id(number), Ending(ending), prompt, cached, new)


# --- both ---------------------------------------------------------------------------------------


def _chunk(chunk: Chunk) -> list[object]:
    return ["chunk", chunk.id, chunk.last, chunk.content]


def _chunk_of(number: object, last: object, content: object) -> Chunk:
    if not isinstance(last, bool) or not isinstance(content, bytes) or len(content) > CHUNK:
        raise FrameInvalid("A chunk is not in order.")
    return Chunk(_id(number), last, content)


def _packed(said: Sequence[object], check: Callable[[bytes], object]) -> bytes:
    try:
        packed = bytes(msgpack.packb(said))
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameInvalid("A message cannot be sent.") from error
    check(packed)
    return packed


def _kind(content: object) -> tuple[str, list[object]]:
    if not isinstance(content, list) or not content or not isinstance(content[0], str):
        raise FrameInvalid("A message of the engine is not in order.")
    return content[0], content[1:]


def _id(untrusted: object) -> int:
    return _whole(untrusted, 0, MAX_ID)


def _whole(untrusted: object, least: int, most: int) -> int:
    if type(untrusted) is not int or not least <= untrusted <= most:
        raise FrameInvalid("A number of a message is out of range.")
    return untrusted


def _real(untrusted: object, least: float, most: float) -> float:
    if type(untrusted) is not float or not math.isfinite(untrusted):
        raise FrameInvalid("A number of a message is out of range.")
    if not least <= untrusted <= most:
        raise FrameInvalid("A number of a message is out of range.")
    return untrusted


def _text(untrusted: object, most: int) -> str:
    if not isinstance(untrusted, str) or len(untrusted) > most:
        raise FrameInvalid("A text of a message is too long, or none.")
    return untrusted


def _hex(untrusted: object) -> str:
    text = _text(untrusted, 128)
    if not text or not set(text) <= set("0123456789abcdef"):
        raise FrameInvalid("A message of the engine is not in order.")
    return text
