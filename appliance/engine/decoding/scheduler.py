"""Which tokens of which requests the next forward pass computes.

Rules kept here: a request is its tokens, prompt and answer so far; it needs those computed that its
sequence does not hold yet. One missing: it writes. More: it is being read, and all that are read
share `chunk` tokens a pass, taking turns, so that a long prompt stops nobody for long.
Requests are admitted in the order they came, none overtakes; a request is admitted when its tokens
and `reserve` more fit beside what the admitted ones may need. If the cache is full nevertheless,
donors go first, then the youngest request gives its place back and is computed again later. The
oldest one always goes on, so every request ends.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from appliance.engine.decoding.answering import Answer
from appliance.engine.decoding.model import Append, CacheFull, Model
from appliance.engine.decoding.prefixes import Prefixes


@dataclass(frozen=True, slots=True)
class Pace:
    """chunk: tokens of prompts in one pass. together: requests admitted at once. reserve: tokens of
    an answer that must fit before its request is admitted. donors: ended sequences kept."""

    chunk: int = 256
    together: int = 32
    reserve: int = 64
    donors: int = 64


@dataclass(slots=True, eq=False)
class Asked:
    """A request under way. tokens: prompt and answer so far. place: in the order they came.
    sequence: None while it waits. cached: what was there when it was first admitted."""

    id: int
    answer: Answer
    tokens: list[int]
    prompt: int
    place: int
    sequence: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a pass computes of one request. `last`: the next token can be chosen from its logits."""

    asked: Asked
    append: Append
    last: bool


class Scheduler:
    """Owns the sequences of the requests under way."""

    def __init__(self, model: Model, prefixes: Prefixes, pace: Pace) -> None:
        self._model = model
        self._prefixes = prefixes
        self._pace = pace
        self._waiting: deque[Asked] = deque()  # in the order they came
        self._running: list[Asked] = []  # who was read longest ago comes first

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def add(self, asked: Asked) -> None:
        self._waiting.append(asked)

    def remove(self, asked: Asked, *, keep: bool) -> None:
        """The request is over. keep: what was computed is good and may be of use to others."""
        if asked.sequence is None:
            self._waiting.remove(asked)
            return
        self._running.remove(asked)
        self._release(asked, keep=keep)

    def schedule(self) -> list[Share]:
        """The next pass; empty only if there are no requests. Raises CacheFull when even a request
        that is alone cannot be begun; it is `alone` then."""
        self._admit()
        shares, budget, read = [], self._pace.chunk, list[Asked]()
        for asked in self._running:
            sequence = _sequence_of(asked)
            done = self._model.length(sequence)
            missing = len(asked.tokens) - done
            count = 1 if missing == 1 else min(missing, budget)
            if not count:
                continue
            if missing > 1:
                budget -= count
                read.append(asked)
            tokens = asked.tokens[done : done + count]
            shares.append(Share(asked, Append(sequence, tokens), last=count == missing))
        for asked in read:
            self._running.remove(asked)
            self._running.append(asked)
        return shares

    def make_room(self) -> bool:
        """After CacheFull: one donor less, or else one request less at once. False: the only
        request cannot have more room than it has."""
        if self._prefixes.evict():
            return True
        if len(self._running) < 2:
            return False
        youngest = max(self._running, key=lambda asked: asked.place)
        self._running.remove(youngest)
        self._release(youngest, keep=False)
        self._waiting.appendleft(youngest)
        return True

    def alone(self) -> Asked:
        """The request that make_room could not help."""
        return self._running[0] if self._running else self._waiting[0]

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._pace.together:
            asked = self._waiting[0]
            if not self._fits(asked):
                return
            # One token at least is computed anew: its logits are what the answer begins with.
            try:
                opened = self._prefixes.open(asked.tokens[:-1])
            except CacheFull:
                if not self._running:
                    raise
                return
            asked.sequence, cached = opened
            if asked.cached is None:
                asked.cached = cached
            self._running.append(self._waiting.popleft())

    def _fits(self, asked: Asked) -> bool:
        """Makes room by evicting donors. A request that is alone is tried in any case."""
        known = self._prefixes.longest(asked.tokens[:-1])
        needed = self._claim(asked) - (known.length if known else 0)
        needed += sum(
            max(0, self._claim(other) - self._model.length(_sequence_of(other)))
            for other in self._running
        )
        while self._model.free_tokens() < needed:
            if not self._prefixes.evict(sparing=known.sequence if known else None):
                return not self._running
        return True

    def _claim(self, asked: Asked) -> int:
        """Tokens a request will surely hold before long."""
        return min(
            len(asked.tokens) + min(self._pace.reserve, asked.answer.left), self._model.context
        )

    def _release(self, asked: Asked, *, keep: bool) -> None:
        sequence, asked.sequence = _sequence_of(asked), None
        if keep:
            self._prefixes.keep(sequence, asked.tokens[: self._model.length(sequence)])
        else:
            self._model.remove(sequence)


def _sequence_of(asked: Asked) -> int:
    if asked.sequence is None:
        raise ValueError("The request is not admitted.")
    return asked.sequence
