"""The word index: an inverted index in memory, scored by BM25.

Rules kept here: scores are those of BM25 with Lucene's idf, exactly, over the passages that are
there now; adding costs what is added (runs are merged as they double), removing costs a mark;
what is stored are runs, in the encrypted store, each self-contained.

Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.memory.errors import StoreDamaged
from appliance.memory.growing import Growing

Floats: TypeAlias = npt.NDArray[np.float32]
Slots: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

K1: Final = 1.2
B: Final = 0.75

_HEAD: Final = struct.Struct("<4sIII")
_MAGIC: Final = b"CLT1"


@dataclass(frozen=True, slots=True)
class Run:
    """Postings of passages first, first+1 … sorted by term.

    terms: distinct hashes, ascending. bounds: where each term's postings begin, and the end.
    passages: positions from `first`. counts: how often. lengths: each passage's length in terms.
    """

    first: int
    terms: npt.NDArray[np.uint64]
    bounds: npt.NDArray[np.int64]
    passages: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.uint32]

    def find(self, term: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
        wanted = np.uint64(term)
        at = int(np.searchsorted(self.terms, wanted))
        if at == len(self.terms) or self.terms[at] != wanted:
            return self.passages[:0], self.counts[:0]
        span = slice(int(self.bounds[at]), int(self.bounds[at + 1]))
        return self.passages[span], self.counts[span]


def run_of(first: int, counted: Sequence[Counter[int]]) -> Run:
    """The run of passages whose terms were counted."""
    sizes = [len(counter) for counter in counted]
    terms = np.fromiter((t for c in counted for t in c), np.uint64, sum(sizes))
    times = np.fromiter((min(n, 65535) for c in counted for n in c.values()), np.uint16, sum(sizes))
    passages = np.repeat(np.arange(len(counted), dtype=np.uint32), sizes)
    lengths = np.array([sum(counter.values()) for counter in counted], np.uint32)
    return _sorted(first, terms, passages, times, lengths)


def _sorted(
    first: int,
    terms: npt.NDArray[np.uint64],
    passages: npt.NDArray[np.uint32],
    times: npt.NDArray[np.uint16],
    lengths: npt.NDArray[np.uint32],
) -> Run:
    order = np.argsort(terms, kind="stable")
    terms = terms[order]
    starts = np.flatnonzero(np.r_[True, terms[1:] != terms[:-1]]) if len(terms) else order[:0]
    bounds = np.append(starts, len(terms)).astype(np.int64)
    return Run(first, terms[starts], bounds, passages[order], times[order], lengths)


def merged(runs: Sequence[Run]) -> Run:
    """One run of several that follow one another; the passages between them may have gaps."""
    first = runs[0].first
    last = runs[-1]
    lengths = np.zeros(last.first + len(last.lengths) - first, np.uint32)
    for run in runs:
        lengths[run.first - first : run.first - first + len(run.lengths)] = run.lengths
    return _sorted(
        first,
        np.concatenate([np.repeat(run.terms, np.diff(run.bounds)) for run in runs]),
        np.concatenate([run.passages + np.uint32(run.first - first) for run in runs]),
        np.concatenate([run.counts for run in runs]),
        lengths,
    )


def encode_run(run: Run) -> bytes:
    """As stored; `first` is stored beside it (docs/formats/store.md)."""
    head = _HEAD.pack(_MAGIC, len(run.terms), len(run.passages), len(run.lengths))
    parts = (
        run.terms.astype("<u8"),
        run.bounds.astype("<u4"),
        run.passages.astype("<u4"),
        run.counts.astype("<u2"),
        run.lengths.astype("<u4"),
    )
    return head + b"".join(part.tobytes() for part in parts)


def decode_run(first: int, untrusted: bytes) -> Run:
    """Raises StoreDamaged unless the bytes are a run's."""
    damaged = StoreDamaged("A store's word index does not have its form.")
    if len(untrusted) < _HEAD.size:
        raise damaged
    magic, terms, postings, passages = _HEAD.unpack_from(untrusted)
    sizes = (8 * terms, 4 * (terms + 1), 4 * postings, 2 * postings, 4 * passages)
    if magic != _MAGIC or _HEAD.size + sum(sizes) != len(untrusted):
        raise damaged
    at = [_HEAD.size]
    for size in sizes:
        at.append(at[-1] + size)
    run = Run(
        first,
        np.frombuffer(untrusted, "<u8", terms, at[0]),
        np.frombuffer(untrusted, "<u4", terms + 1, at[1]).astype(np.int64),
        np.frombuffer(untrusted, "<u4", postings, at[2]),
        np.frombuffer(untrusted, "<u2", postings, at[3]),
        np.frombuffer(untrusted, "<u4", passages, at[4]),
    )
    _require_sound(run, damaged)
    return run


def _require_sound(run: Run, damaged: StoreDamaged) -> None:
    sound = (
        run.bounds[0] == 0
        and run.bounds[-1] == len(run.passages)
        and bool(np.all(np.diff(run.bounds) > 0))
        and bool(np.all(run.terms[1:] > run.terms[:-1]))
        and (not len(run.passages) or int(run.passages.max()) < len(run.lengths))
    )
    if not sound:
        raise damaged


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 needs of a body of passages; several add up to one body."""

    passages: int
    terms: int
    frequencies: npt.NDArray[np.int64]

    def plus(self, other: Statistics) -> Statistics:
        return Statistics(
            self.passages + other.passages,
            self.terms + other.terms,
            self.frequencies + other.frequencies,
        )


class Postings:
    """The word index of one collection over slots 0, 1 … One thread at a time."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._lengths: Growing[np.uint32] = Growing(np.uint32)

    def add(self, run: Run) -> None:
        """A run that begins where the last one ended."""
        self._runs.append(run)
        self._lengths.extend(run.lengths)
        while len(self._runs) > 1 and 2 * _size(self._runs[-1]) >= _size(self._runs[-2]):
            newest = self._runs.pop()
            self._runs[-1] = merged((self._runs[-1], newest))

    def load(self, runs: Sequence[Run]) -> None:
        """All runs at once, instead of what was there."""
        self._runs = [merged(runs)] if runs else []
        self._lengths = Growing(np.uint32)
        for run in self._runs:
            self._lengths.extend(run.lengths)

    def statistics(self, terms: Sequence[int], alive: Flags) -> Statistics:
        """alive has one flag a slot."""
        frequencies = [
            sum(
                int(np.count_nonzero(alive[passages.astype(np.int64) + run.first]))
                for run in self._runs
                for passages, _ in (run.find(term),)
            )
            for term in terms
        ]
        total = int(self._lengths.rows[alive].sum(dtype=np.int64))
        return Statistics(
            int(np.count_nonzero(alive)), total, np.array(frequencies, np.int64).reshape(-1)
        )

    def score(self, terms: Sequence[int], times: Sequence[int], whole: Statistics) -> Floats:
        """BM25 of every slot for a query's terms (each `times` over); 0 where none occurs."""
        scores = np.zeros(len(self._lengths), np.float32)
        if not whole.passages or not len(scores):
            return scores
        mean = max(whole.terms / whole.passages, 1.0)
        weights = idf(whole)
        for term, repeated, weight in zip(terms, times, weights, strict=True):
            for run in self._runs:
                passages, counts = run.find(term)
                if len(passages):
                    slots = passages.astype(np.int64) + run.first
                    length = self._lengths.rows[slots] * np.float32(B / mean) + np.float32(1 - B)
                    tf = counts.astype(np.float32)
                    scores[slots] += np.float32(repeated * weight) * tf / (tf + K1 * length)
        return scores


def idf(whole: Statistics) -> npt.NDArray[np.float64]:
    """ln(1 + (N - n + 0.5) / (n + 0.5)), Lucene's form, never negative."""
    present = whole.frequencies
    weights: npt.NDArray[np.float64] = np.log1p((whole.passages - present + 0.5) / (present + 0.5))
    return weights


def _size(run: Run) -> int:
    return len(run.passages) + len(run.lengths)
