"""A remembered turn as canonical JSON, and back.

Rules kept here: keys are sorted and nothing is optional, so the same turn always has the same
bytes; what is read back is bounded, and every member is checked for its type and its range before
a value is made of it; unknown members are refused; what the first version wrote, which knew less,
is read as well. Format: docs/formats/store.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final, TypeVar

from appliance.memory.errors import RecordUnreadable
from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    Ground,
    Outcome,
    PageSpan,
    Passage,
    Turn,
)

LONGEST: Final = 64 << 20
"""Characters of an encoded turn."""

MOST: Final = 10_000
"""Items of any list in it."""

_LATER: Final = frozenset({"collections", "grounds", "replaces"})
"""What the first version did not write."""

_Item = TypeVar("_Item")


def encode_turn(turn: Turn) -> str:
    """Canonical JSON: sorted keys, no white space, times in UTC."""
    value = {
        "answer": None if turn.answer is None else _answer(turn.answer),
        "asked": turn.asked.astimezone(UTC).isoformat(),
        "collections": list(turn.collections),
        "grounds": [asdict(ground) for ground in turn.grounds],
        "note": turn.note,
        "outcome": turn.outcome.value,
        "question": turn.question,
        "record": turn.record,
        "replaces": turn.replaces,
    }
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def decode_turn(untrusted: object) -> Turn:
    """The turn. Raises RecordUnreadable for anything `encode_turn` did not write."""
    if not isinstance(untrusted, str) or len(untrusted) > LONGEST:
        raise _unreadable()
    try:
        loaded: object = json.loads(untrusted)
        if isinstance(loaded, dict) and _LATER.isdisjoint(loaded):
            loaded = {**loaded, "collections": [], "grounds": [], "replaces": -1}
        fields = _Fields(
            loaded, "answer asked collections grounds note outcome question record replaces"
        )
        answer = fields.raw("answer")
        return Turn(
            fields.text("question"),
            _moment(fields.text("asked")),
            Outcome(fields.text("outcome")),
            None if answer is None else _to_answer(answer),
            fields.text("note"),
            fields.number("record", least=-1),
            fields.number("replaces", least=-1),
            fields.items("collections", _to_text),
            fields.items("grounds", _to_ground),
        )
    except (ValueError, RecursionError):
        raise _unreadable() from None


def _answer(answer: Answer) -> dict[str, object]:
    return {
        "citations": [_citation(citation) for citation in answer.citations],
        "evidence": answer.evidence,
        "mode": answer.mode.value,
        "model": answer.model,
        "seconds": answer.seconds,
        "sentences": [
            {
                "citations": list(sentence.citations),
                "supported": sentence.supported,
                "text": sentence.text,
            }
            for sentence in answer.sentences
        ],
        "threshold": answer.threshold,
    }


def _citation(citation: Citation) -> dict[str, object]:
    passage = citation.passage
    return {
        "end": citation.end,
        "number": citation.number,
        "passage": {
            "collection": passage.collection,
            "document": passage.document,
            "headings": list(passage.headings),
            "key": passage.key,
            "paged": passage.paged,
            "sentences": [list(pair) for pair in passage.sentences],
            "spans": [[span.at, span.page, span.start, span.length] for span in passage.spans],
            "text": passage.text,
            "title": passage.title,
        },
        "start": citation.start,
    }


def _to_answer(untrusted: object) -> Answer:
    fields = _Fields(untrusted, "citations evidence mode model seconds sentences threshold")
    return Answer(
        fields.items("sentences", _to_sentence),
        fields.items("citations", _to_citation),
        AnswerMode(fields.text("mode")),
        fields.text("model"),
        fields.real("evidence"),
        fields.real("threshold"),
        fields.real("seconds"),
    )


def _to_ground(untrusted: object) -> Ground:
    fields = _Fields(
        untrusted,
        "cited collection document key place relevance similarity title vector_rank word_rank",
    )
    return Ground(
        fields.text("collection"),
        fields.text("document"),
        fields.number("key"),
        fields.text("title"),
        fields.text("place"),
        fields.real("similarity"),
        fields.number("vector_rank"),
        fields.number("word_rank"),
        fields.real("relevance"),
        fields.items("cited", _to_number),
    )


def _to_sentence(untrusted: object) -> AnswerSentence:
    fields = _Fields(untrusted, "citations supported text")
    return AnswerSentence(
        fields.text("text"), fields.items("citations", _to_number), fields.flag("supported")
    )


def _to_citation(untrusted: object) -> Citation:
    fields = _Fields(untrusted, "end number passage start")
    passage = _to_passage(fields.raw("passage"))
    start, end = fields.number("start"), fields.number("end")
    if not start <= end <= len(passage.text):
        raise _unreadable()
    return Citation(fields.number("number"), passage, start, end)


def _to_passage(untrusted: object) -> Passage:
    fields = _Fields(untrusted, "collection document headings key paged sentences spans text title")
    return Passage(
        fields.text("collection"),
        fields.text("document"),
        fields.number("key"),
        fields.text("title"),
        fields.text("text"),
        tuple((pair[0], pair[1]) for pair in fields.items("sentences", _numbers(2))),
        fields.items("headings", _to_text),
        tuple(PageSpan(*span) for span in fields.items("spans", _numbers(4))),
        fields.flag("paged"),
    )


class _Fields:
    """An object of exactly the members named. Every method raises RecordUnreadable."""

    def __init__(self, untrusted: object, names: str) -> None:
        if not isinstance(untrusted, dict) or set(untrusted) != set(names.split()):
            raise _unreadable()
        self._members: dict[str, object] = untrusted

    def raw(self, name: str) -> object:
        return self._members[name]

    def text(self, name: str) -> str:
        return _to_text(self._members[name])

    def number(self, name: str, least: int = 0) -> int:
        return _to_number(self._members[name], least)

    def real(self, name: str) -> float:
        found = self._members[name]
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float)
            or not math.isfinite(found)
        ):
            raise _unreadable()
        return float(found)

    def flag(self, name: str) -> bool:
        found = self._members[name]
        if not isinstance(found, bool):
            raise _unreadable()
        return found

    def items(self, name: str, made: Callable[[object], _Item]) -> tuple[_Item, ...]:
        return tuple(made(item) for item in _to_list(self._members[name]))


def _to_list(untrusted: object) -> list[object]:
    if not isinstance(untrusted, list) or len(untrusted) > MOST:
        raise _unreadable()
    return untrusted


def _to_text(untrusted: object) -> str:
    if not isinstance(untrusted, str):
        raise _unreadable()
    return untrusted


def _to_number(untrusted: object, least: int = 0) -> int:
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or untrusted < least:
        raise _unreadable()
    return untrusted


def _numbers(count: int) -> Callable[[object], tuple[int, ...]]:
    def made(untrusted: object) -> tuple[int, ...]:
        row = tuple(_to_number(item) for item in _to_list(untrusted))
        if len(row) != count:
            raise _unreadable()
        return row

    return made


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise _unreadable()
    return moment.astimezone(UTC)


def _unreadable() -> RecordUnreadable:
    return RecordUnreadable("A remembered answer is not in the form it was saved in.")
