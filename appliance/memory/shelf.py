"""A collection's indexes in memory: vectors, words, and which passages are there.

Rules kept here: passages sit in slots by ascending key; what is removed is marked and never found
again; exact search and the graph give the same order, so which of them answered is not visible;
the graph follows in the background and is used only as far as it got, the rest is searched
exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.memory.graph import Graph, GraphBusy
from appliance.memory.growing import Growing
from appliance.memory.postings import Flags, Floats, Postings, Run, Statistics
from appliance.values import VECTOR_SIZE, Vectors

Slots: TypeAlias = npt.NDArray[np.int64]

EXACT_LIMIT: Final = 20_000
"""Up to this many passages exact search is fast enough (about 2 ms) and needs no graph."""

_STEP: Final = 256


@dataclass(frozen=True, slots=True)
class Segment:
    """Passages first, first+1 … of one document, as stored."""

    first: int
    document: str
    vectors: Vectors
    words: Run


class Shelf:
    """The indexes of one collection. Safe to call from several threads."""

    def __init__(self, exact_limit: int = EXACT_LIMIT) -> None:
        self._lock = threading.RLock()
        self._exact_limit = exact_limit
        self._keys: Growing[np.int64] = Growing(np.int64)
        self._owners: Growing[np.int32] = Growing(np.int32)
        self._alive: Growing[np.bool_] = Growing(np.bool_)
        self._vectors: Growing[np.float32] = Growing(np.float32, VECTOR_SIZE)
        self._words = Postings()
        self._documents: dict[str, int] = {}
        self.graph: Graph | None = None

    @property
    def passages(self) -> int:
        """How many passages can be found."""
        return int(np.count_nonzero(self._alive.rows))

    @property
    def alive_keys(self) -> Slots:
        return self._keys.rows[self._alive.rows]

    def load(self, segments: Sequence[Segment]) -> None:
        """All segments at once, by ascending first key, into an empty shelf."""
        with self._lock:
            slot, runs = 0, []
            for segment in segments:
                runs.append(_moved(segment.words, slot))
                slot += len(segment.words.lengths)
                self._take(segment)
            self._words.load(runs)

    def add(self, segments: Sequence[Segment]) -> None:
        """A new document's segments."""
        with self._lock:
            for segment in segments:
                self._words.add(_moved(segment.words, len(self._keys)))
                self._take(segment)

    def exchange(self, segments: Sequence[Segment], gone: str) -> None:
        """A new document's segments; at the same moment the document `gone`, where one is named, is
        no longer found."""
        with self._lock:
            self.add(segments)
            self.remove(gone)

    def _take(self, segment: Segment) -> None:
        count = len(segment.words.lengths)
        owner = self._documents.setdefault(segment.document, len(self._documents))
        self._keys.extend(np.arange(segment.first, segment.first + count, dtype=np.int64))
        self._owners.extend(np.full(count, owner, np.int32))
        self._alive.extend(np.ones(count, np.bool_))
        self._vectors.extend(segment.vectors)

    def remove(self, document: str) -> None:
        with self._lock:
            owner = self._documents.get(document)
            if owner is None:
                return
            gone = (self._owners.rows == owner) & self._alive.rows
            self._alive.rows[gone] = False
            if self.graph is not None:
                self.graph.forget(self._keys.rows[gone])

    # --- searching -----------------------------------------------------------------------

    def allowed(self, documents: Sequence[str] | None) -> Flags:
        """One flag a slot: there, and of one of the documents (None: of any)."""
        with self._lock:
            alive = self._alive.rows.copy()
            if documents is None:
                return alive
            owners = [self._documents[name] for name in documents if name in self._documents]
            return alive & np.isin(self._owners.rows, np.array(owners, np.int32))

    def nearest(self, vector: Vectors, limit: int, allowed: Flags, *, filtered: bool) -> Found:
        """The `limit` allowed slots of greatest cosine, best first. vector has shape (1, d)."""
        with self._lock:
            count = len(allowed)
            vectors, keys = self._vectors.rows[:count], self._keys.rows[:count]
            graph = self.graph
        if graph is None or filtered or graph.covered < 0:
            return _exact(vectors, vector, allowed, limit)
        try:
            found, similarities = graph.nearest(vector, limit)
        except GraphBusy:
            return _exact(vectors, vector, allowed, limit)
        slots = np.searchsorted(keys, found)
        there = slots < count
        there[there] = allowed[slots[there]]
        beyond = int(np.searchsorted(keys, graph.covered, side="right"))
        rest = _exact(vectors[beyond:], vector, allowed[beyond:], limit)
        return _best(
            np.concatenate((slots[there], rest.slots + beyond)),
            np.concatenate((similarities[there], rest.similarities)),
            limit,
        )

    def statistics(self, terms: Sequence[int], allowed: Flags) -> Statistics:
        with self._lock:
            return self._words.statistics(terms, self._padded(allowed))

    def worded(
        self,
        terms: Sequence[int],
        times: Sequence[int],
        whole: Statistics,
        allowed: Flags,
        limit: int,
    ) -> Found:
        """The `limit` allowed slots of greatest BM25, best first, those of score 0 left out."""
        with self._lock:
            scores = self._words.score(terms, times, whole)[: len(allowed)]
        scores = np.where(allowed, scores, np.float32(0))
        candidates = np.flatnonzero(scores > 0)
        return _best(candidates, scores[candidates], limit)

    def _padded(self, allowed: Flags) -> Flags:
        """Flags for slots that came after `allowed` was taken: not allowed."""
        missing = len(self._keys) - len(allowed)
        return np.concatenate((allowed, np.zeros(missing, np.bool_))) if missing else allowed

    def keys_of(self, slots: Slots) -> Slots:
        with self._lock:
            return self._keys.rows[slots]

    def similarities(self, slots: Slots, vector: Vectors) -> Floats:
        with self._lock:
            cosines: Floats = self._vectors.rows[slots] @ vector[0]
        return cosines

    # --- the graph -----------------------------------------------------------------------

    @property
    def graph_due(self) -> bool:
        """Whether the graph is missing though the collection is large, worn, or lags behind."""
        if self.graph is None:
            return self.passages > self._exact_limit
        newest = int(self._keys.rows[-1]) if len(self._keys) else -1
        return self.graph.worn or self.graph.covered < newest

    def grow_graph(self) -> bool:
        """Takes one step of the graph's way. Returns whether there is more to do."""
        with self._lock:
            if self.graph is None or self.graph.worn:
                self.graph = Graph()
            graph = self.graph
            keys, alive = self._keys.rows, self._alive.rows
            start = int(np.searchsorted(keys, graph.covered, side="right"))
            step = slice(start, min(start + _STEP, len(keys)))
            wanted = np.flatnonzero(alive[step]) + start
            if start == len(keys):
                return False
            picked, vectors = keys[wanted], self._vectors.rows[wanted]
        graph.extend(picked, vectors, int(keys[step.stop - 1]))
        with self._lock:
            dead = picked[~self._alive.rows[wanted]]
            if len(dead):  # removed while they were being added
                graph.forget(dead)
        return step.stop < len(keys)


@dataclass(frozen=True, slots=True)
class Found:
    """slots and their similarity or score, best first."""

    slots: Slots
    similarities: Floats


def _exact(vectors: Vectors, vector: Vectors, allowed: Flags, limit: int) -> Found:
    candidates = np.flatnonzero(allowed)
    narrow = 4 * len(candidates) < len(allowed)
    scores = vectors[candidates] @ vector[0] if narrow else (vectors @ vector[0])[candidates]
    return _best(candidates, scores, limit)


def _best(slots: Slots, scores: Floats, limit: int) -> Found:
    """By falling score, equal ones by rising slot."""
    if len(scores) > 4 * limit:
        floor = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        kept = np.flatnonzero(scores >= floor)
        slots, scores = slots[kept], scores[kept]
    order = np.lexsort((slots, -scores))[:limit]
    return Found(slots[order], scores[order])


def _moved(run: Run, first: int) -> Run:
    return Run(first, run.terms, run.bounds, run.passages, run.counts, run.lengths)
