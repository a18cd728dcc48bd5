"""Replies in the form that OpenAI's clients read, from the product's own values.

Rules kept here: pure. What OpenAI's form has no place for (citations, the number of the record in
the log, whether anything was found) stands under `cloister`. Tokens are not counted by anybody
here, so `usage` counts words as a rough measure and says so.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from appliance.api.calls import CHAT_MODEL, EMBEDDING_MODEL, ChatCall
from appliance.values import Answer, Answered, Collection, Scored, Vectors

NOT_FOUND = "Not in your documents."
UNSUPPORTED = " (not supported by your documents)"


@dataclass(frozen=True, slots=True)
class Completion:
    """One chat completion under way. id: the ask's, unique. made: when it was asked."""

    id: str
    made: datetime
    call: ChatCall

    def whole(self, answered: Answered) -> dict[str, object]:
        return {
            **self._head("chat.completion"),
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": content(answered.answer, self.call),
                        "refusal": None,
                    },
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": usage(self.call, answered.answer),
            "cloister": about(answered, self.call),
        }

    def piece(self, text: str, *, first: bool) -> dict[str, object]:
        """A chunk of the content."""
        delta = {"role": "assistant", "content": text} if first else {"content": text}
        return self._chunk(delta, None)

    def last(self, answered: Answered) -> Iterator[dict[str, object]]:
        """The chunks that end a stream."""
        yield {**self._chunk({}, "stop"), "cloister": about(answered, self.call)}
        if self.call.with_usage:
            used = usage(self.call, answered.answer)
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": used}

    def _chunk(self, delta: dict[str, str], reason: str | None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "id": f"chatcmpl-{self.id}",
            "object": kind,
            "created": int(self.made.timestamp()),
            "model": CHAT_MODEL,
        }


def content(answer: Answer, call: ChatCall) -> str:
    """The text of the message: the form that was asked for, or the sentences with their marks."""
    if call.schema and answer.data:
        return answer.data
    if not answer.found:
        return NOT_FOUND
    return " ".join(
        marked(one.text, one.citations) + ("" if one.supported else UNSUPPORTED)
        for one in answer.sentences
    )


def marked(text: str, citations: Sequence[int]) -> str:
    """A sentence and the marks of its citations."""
    marks = "".join(f"[{number}]" for number in citations)
    return f"{text.strip()} {marks}".rstrip()


def about(answered: Answered, call: ChatCall) -> dict[str, object]:
    answer = answered.answer
    return {
        "found": answer.found,
        "mode": answer.mode.value,
        "answered_by": answer.model,
        "record": answered.record,
        "citations": [
            {
                "number": citation.number,
                "title": citation.passage.title,
                "place": citation.place,
                "quote": citation.quote,
                "document": citation.passage.document,
                "collection": citation.passage.collection,
            }
            for citation in answer.citations
        ],
        "chosen": list(answer.chosen),
        "warning": answered.warning or None,
        "ignored": list(call.ignored),
    }


def usage(call: ChatCall, answer: Answer) -> dict[str, int]:
    """Words, not tokens: nothing is paid by them here."""
    asked = sum(len(text.split()) for text in (*call.before, call.question))
    said = len(content(answer, call).split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def embeddings(vectors: Vectors, *, as_base64: bool, words: int) -> dict[str, object]:
    """base64: of the little-endian float32 numbers, as OpenAI's client asks for them."""
    rows = np.asarray(vectors, dtype="<f4")
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.tobytes()).decode("ascii")
            if as_base64
            else [float(number) for number in row],
        }
        for index, row in enumerate(rows)
    ]
    used = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "model": EMBEDDING_MODEL, "data": data, "usage": used}


def models(made: datetime) -> list[dict[str, object]]:
    created = int(made.timestamp())
    return [
        {"id": name, "object": "model", "created": created, "owned_by": "cloister"}
        for name in (CHAT_MODEL, EMBEDDING_MODEL)
    ]


def search(found: Sequence[Scored], record: int) -> dict[str, object]:
    rows = [
        {
            "title": scored.passage.title,
            "headings": list(scored.passage.headings),
            "page": scored.passage.page if scored.passage.paged else None,
            "text": scored.passage.text,
            "collection": scored.passage.collection,
            "document": scored.passage.document,
            "similarity": round(scored.similarity, 4),
            "relevance": round(scored.relevance, 4) if scored.reading is not None else None,
        }
        for scored in found
    ]
    return {"object": "list", "data": rows, "cloister": {"record": record}}


def collections(known: Sequence[Collection]) -> dict[str, object]:
    rows = [
        {
            "id": one.id,
            "object": "collection",
            "title": one.title,
            "documents": one.documents,
            "problem": one.problem or None,
        }
        for one in known
    ]
    return {"object": "list", "data": rows}
