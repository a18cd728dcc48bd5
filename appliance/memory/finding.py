"""What the open collections answer a question from.

Rules kept here: an index says where to look, the store says what is answered from; where a passage
went while it was found, what took its place is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from appliance.memory.collection import OpenCollection
from appliance.memory.search import Hit, search
from appliance.memory.terms import Terms
from appliance.values import Scored, Vectors

_AGAIN: Final = 2
"""How often it is searched again."""


def find(
    opened: Mapping[str, OpenCollection],
    terms: Terms,
    question: str,
    vector: Vectors,
    *,
    limit: int,
    documents: Sequence[str] | None = None,
) -> tuple[Scored, ...]:
    """The best passages, best first. vector has shape (1, VECTOR_SIZE)."""
    for again in range(_AGAIN, -1, -1):
        shelves = {name: one.shelf() for name, one in opened.items()}
        hits = search(shelves, terms, question, vector, limit=limit, documents=documents)
        found = _read(opened, hits)
        if len(found) == len(hits) or not again:
            break
        for one in opened.values():
            one.settled()
    return found


def _read(opened: Mapping[str, OpenCollection], hits: Sequence[Hit]) -> tuple[Scored, ...]:
    """What was found, as far as it is answered from now."""
    passages = {
        (name, key): passage
        for name, one in opened.items()
        for key, passage in one.answering(
            [hit.key for hit in hits if hit.collection == name]
        ).items()
    }
    return tuple(
        Scored(
            passages[hit.collection, hit.key],
            hit.score,
            hit.similarity,
            hit.vector_rank,
            hit.word_rank,
        )
        for hit in hits
        if (hit.collection, hit.key) in passages
    )
