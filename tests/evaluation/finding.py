"""Rankings of a data set's entries: by words, by vectors, fused, reranked.

Rules kept here: all come out of the product's `find`; an entry stands where its best passage does.
The fused order is the product's for as deep as it goes by itself (100 a ranking); what comes behind
that, for recall further down, is asked for with a greater limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Final

from appliance.assistant import PASSAGE_LIMIT
from appliance.memory.search import CANDIDATES
from appliance.protocols import Encoder
from appliance.values import Scored
from tests.evaluation import metrics
from tests.evaluation.adapter import RERANKED, Reader
from tests.evaluation.material import Case
from tests.evaluation.shelving import ThrowawayLibrary

DEPTH: Final = 100
"""How deep rankings are judged: recall@100, and MRR."""
PASSAGES: Final = 500
"""How many passages are asked for, so that 100 entries of several passages each are among them."""


class Part(StrEnum):
    """What brings passages up."""

    WORDS = "words"
    VECTORS = "vectors"
    FUSED = "fused"
    RERANKED = "reranked"


@dataclass(frozen=True, slots=True)
class Ranked:
    """Means over the queries asked."""

    queries: int
    ndcg10: float
    recall5: float
    recall10: float
    recall100: float
    mrr: float


class Rankings:
    """Gathers figures a query at a time; holds numbers only."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._rows: dict[Part, list[tuple[float, ...]]] = {part: [] for part in parts}

    def add(self, part: Part, ranked: Sequence[str], case: Case) -> None:
        grades = dict(case.grades)
        self._rows[part].append((
            metrics.ndcg(ranked, grades, 10),
            metrics.recall(ranked, grades, 5),
            metrics.recall(ranked, grades, 10),
            metrics.recall(ranked, grades, DEPTH),
            metrics.reciprocal_rank(ranked, grades, DEPTH),
        ))  # fmt: skip

    def figures(self) -> dict[Part, Ranked]:
        return {
            part: Ranked(len(rows), *(metrics.mean(column) for column in zip(*rows, strict=True)))
            for part, rows in self._rows.items()
            if rows
        }


@dataclass(frozen=True, slots=True)
class Ranker:
    """Ranks entries for a question. times: milliseconds of what the product does for an ask are
    added to it."""

    library: ThrowawayLibrary
    encoder: Encoder
    reader: Reader | None
    times: dict[str, list[float]]

    def rank(self, question: str, parts: Sequence[Part]) -> dict[Part, list[str]]:
        """The entries of each part that this version has, best first."""
        started = perf_counter()
        vector = self.encoder.encode([question])
        self._took("encode question", started)
        started = perf_counter()
        self.library.find(question, vector, PASSAGE_LIMIT)
        self._took("find", started)
        hits = self.library.find(question, vector, CANDIDATES)
        deep = self.library.find(question, vector, PASSAGES)
        orders: dict[Part, Iterable[Scored]] = {
            Part.WORDS: by_words(deep),
            Part.VECTORS: by_vectors(deep),
            Part.FUSED: (*hits, *deep),
        }
        if self.reader is not None and Part.RERANKED in parts:
            started = perf_counter()
            first = self.reader.rerank(question, hits[:RERANKED])
            self._took("rerank", started)
            orders[Part.RERANKED] = (*first, *hits, *deep)
        return {
            part: list(dict.fromkeys(self.library.name_of(hit.passage) for hit in order))
            for part, order in orders.items()
            if part in parts
        }

    def _took(self, what: str, started: float) -> None:
        self.times.setdefault(what, []).append(1000 * (perf_counter() - started))


def by_words(hits: Sequence[Scored]) -> list[Scored]:
    return sorted((hit for hit in hits if hit.word_rank), key=lambda hit: hit.word_rank)


def by_vectors(hits: Sequence[Scored]) -> list[Scored]:
    return sorted((hit for hit in hits if hit.vector_rank), key=lambda hit: hit.vector_rank)
