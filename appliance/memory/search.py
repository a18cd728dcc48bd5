"""Finding passages: vectors and words over several shelves, fused.

Rules kept here: words are weighed over all the collections asked at once, so that scores of a
small collection and a large one compare; a passage's place depends on ranks alone; the same
question on the same passages gives the same answer, whichever index did the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from appliance.memory.fusion import fuse
from appliance.memory.postings import Flags, Statistics
from appliance.memory.shelf import Found, Shelf
from appliance.memory.terms import Terms
from appliance.values import Vectors

CANDIDATES: Final = 100
"""How deep each index is asked before fusing."""

QUERY_TERMS: Final = 256
"""The terms of a question that count; past this its most frequent ones."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage by collection and key. similarity is the cosine; ranks count from 1, 0: not
    found by that index."""

    collection: str
    key: int
    score: float
    similarity: float
    vector_rank: int
    word_rank: int


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    shelf: Shelf
    allowed: Flags


def search(
    shelves: Mapping[str, Shelf],
    terms: Terms,
    question: str,
    vector: Vectors,
    *,
    limit: int,
    documents: Sequence[str] | None = None,
) -> list[Hit]:
    """The best passages of the shelves, best first. vector has shape (1, VECTOR_SIZE).

    `documents`, where given, are the only ones searched.
    """
    depth = max(CANDIDATES, limit)
    asked = [_Asked(name, shelf, shelf.allowed(documents)) for name, shelf in shelves.items()]
    near = [
        (one, one.shelf.nearest(vector, depth, one.allowed, filtered=documents is not None))
        for one in asked
    ]
    vector_order = _ordered(near, depth)
    word_order = _ordered(_worded(asked, terms, question, depth), depth)
    vector_ranks = {place: rank for rank, place in enumerate(vector_order, start=1)}
    word_ranks = {place: rank for rank, place in enumerate(word_order, start=1)}
    fused = fuse((vector_order, word_order))[:limit]
    return _hits(asked, fused, vector, vector_ranks, word_ranks)


def _worded(
    asked: Sequence[_Asked], terms: Terms, question: str, depth: int
) -> list[tuple[_Asked, Found]]:
    wanted = terms.count(question).most_common(QUERY_TERMS)
    if not wanted:
        return []
    hashes, times = [term for term, _ in wanted], [count for _, count in wanted]
    whole = Statistics(0, 0, np.zeros(len(hashes), np.int64))
    for one in asked:
        whole = whole.plus(one.shelf.statistics(hashes, one.allowed))
    return [(one, one.shelf.worded(hashes, times, whole, one.allowed, depth)) for one in asked]


def _ordered(found: Sequence[tuple[_Asked, Found]], depth: int) -> list[tuple[str, int]]:
    """Places (collection, slot) by falling score, ties by collection and slot."""
    scored = [
        (-float(score), one.name, int(slot))
        for one, result in found
        for slot, score in zip(result.slots, result.similarities, strict=True)
    ]
    return [(name, slot) for _, name, slot in sorted(scored)[:depth]]


def _hits(
    asked: Sequence[_Asked],
    fused: Sequence[tuple[tuple[str, int], float]],
    vector: Vectors,
    vector_ranks: Mapping[tuple[str, int], int],
    word_ranks: Mapping[tuple[str, int], int],
) -> list[Hit]:
    known: dict[tuple[str, int], tuple[int, float]] = {}
    for one in asked:
        slots = np.array([slot for (name, slot), _ in fused if name == one.name], np.int64)
        keys = one.shelf.keys_of(slots)
        cosines = one.shelf.similarities(slots, vector)
        for slot, key, cosine in zip(slots, keys, cosines, strict=True):
            known[one.name, int(slot)] = int(key), float(cosine)
    return [
        Hit(
            place[0],
            known[place][0],
            score,
            known[place][1],
            vector_ranks.get(place, 0),
            word_ranks.get(place, 0),
        )
        for place, score in fused
    ]
