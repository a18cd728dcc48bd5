"""Which earlier sequences are kept in the cache, so that what they share is not computed again.

Rules kept here: a sequence that has ended stays as a donor, prompt and answer, until its room is
needed; a new prompt takes the longest beginning it has in common with any donor or pinned prefix.
Donors go in order of their last use; a pinned prefix goes only by `unpin`. Sequences still being
written are not known here, so they cannot be evicted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from appliance.engine.decoding.model import CacheFull, Model

Run: TypeAlias = npt.NDArray[np.int32]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Known:
    """The first `length` tokens of `sequence` are those asked for."""

    sequence: int
    length: int


class Prefixes:
    """Owns the sequences given to it. `most`: donors kept at once."""

    def __init__(self, model: Model, *, most: int = 64) -> None:
        self._model = model
        self._most = most
        self._donors: dict[int, Run] = {}  # the least recently used first
        self._pinned: dict[int, Run] = {}

    def longest(self, tokens: Sequence[int]) -> Known | None:
        """The longest beginning of `tokens` that is kept, of one token at least. Its donor counts
        as used now."""
        wanted = _run(tokens)
        best: Known | None = None
        for sequence, kept in (*self._pinned.items(), *self._donors.items()):
            length = common_length(wanted, kept)
            if length > (best.length if best else 0):
                best = Known(sequence, length)
        if best and best.sequence in self._donors:
            self._donors[best.sequence] = self._donors.pop(best.sequence)
        return best

    def open(self, tokens: Sequence[int]) -> tuple[int, int]:
        """A new sequence with what is kept of these tokens, and how many that are. Donors go for
        it where they must. Raises CacheFull."""
        return self.making_room(lambda: self._open(tokens))

    def making_room(self, work: Callable[[], Made]) -> Made:
        """Does the work, with one donor less each time the cache is full. Raises CacheFull when
        none is left."""
        while True:
            try:
                return work()
            except CacheFull:
                if not self.evict():
                    raise

    def keep(self, sequence: int, tokens: Sequence[int]) -> None:
        """Takes an ended sequence that holds these tokens. Donors that are the beginning of it
        have nothing more to give and go; so does it, if it is the beginning of another."""
        run = _run(tokens)
        if not run.size or any(_begins(run, other) for other in self._all()):
            self._model.remove(sequence)
            return
        for shorter in [key for key, other in self._donors.items() if _begins(other, run)]:
            self._drop(shorter)
        self._donors[sequence] = run
        if len(self._donors) > self._most:
            self.evict()

    def pin(self, sequence: int, tokens: Sequence[int]) -> None:
        self._pinned[sequence] = _run(tokens)

    def unpin(self, sequence: int) -> None:
        """It becomes a donor like any other."""
        self.keep(sequence, self._pinned.pop(sequence).tolist())

    def pinned(self, tokens: Sequence[int]) -> int | None:
        """The pinned sequence of exactly these tokens."""
        wanted = _run(tokens)
        return next((key for key, run in self._pinned.items() if np.array_equal(run, wanted)), None)

    def evict(self, *, sparing: int | None = None) -> bool:
        """Forgets the donor that was not used for longest. False: there is none."""
        for sequence in self._donors:
            if sequence != sparing:
                self._drop(sequence)
                return True
        return False

    def _open(self, tokens: Sequence[int]) -> tuple[int, int]:
        known = self.longest(tokens)
        if known is None:
            return self._model.add(), 0
        return self._model.fork(known.sequence, known.length), known.length

    def _all(self) -> tuple[Run, ...]:
        return (*self._pinned.values(), *self._donors.values())

    def _drop(self, sequence: int) -> None:
        del self._donors[sequence]
        self._model.remove(sequence)


def common_length(one: Run, other: Run) -> int:
    """How many tokens both begin with. 8,000 tokens take some microseconds."""
    shorter = min(len(one), len(other))
    differs = one[:shorter] != other[:shorter]
    first = int(differs.argmax()) if shorter else 0
    return first if shorter and differs[first] else shorter


def _begins(one: Run, other: Run) -> bool:
    return len(one) <= len(other) and common_length(one, other) == len(one)


def _run(tokens: Sequence[int]) -> Run:
    return np.asarray(tokens, np.int32)
