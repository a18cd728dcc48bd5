"""Which tokens of a vocabulary may come next: the automaton over bytes, read for whole tokens.

Rules kept here: a token may come exactly if its bytes lead on from the place. What depends on the
prose alone is worked out once for a vocabulary and kept (Pieces); what depends on the evidence,
once for a request and only where the evidence can be entered (Bounds). So a step costs as much as
there are ways to read the text so far, mostly one.
Tokens without bytes (special ones) say nothing and may come as ever; an end token only where the
text is whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.ma  # numpy.unique loads it late, and the host then cannot
import numpy.typing as npt

from appliance.engine.decoding.bound.automaton import BEGINNING, Automaton, Whole
from appliance.engine.decoding.bound.evidence import Source
from appliance.engine.decoding.bound.prose import WORDS, Prose, ordinary_words, usual_states
from appliance.engine.decoding.bound.tries import Trie
from appliance.engine.decoding.detokenizing import Vocabulary
from appliance.engine.decoding.errors import LogitsInvalid, RequestUnusable
from appliance.engine.decoding.request import Evidence

Ids: TypeAlias = npt.NDArray[np.int32]
Mask: TypeAlias = npt.NDArray[np.bool_]

_LONGEST_PIECE = 128
"""Bytes; longer tokens are not used. They are runs of blanks or dashes."""
_KEPT = 4096
"""States inside words, and places inside tokens, whose reach is kept; the others are few."""
_Entrances: TypeAlias = dict[int, dict[int, list[int]]]
"""By entry and byte: the nodes at which a copy that begins with the byte is."""
_NO_IDS: Ids = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class _Reach:
    """What a walk from a state of the prose comes to. ids: tokens it ends in; hubs: (node, state)
    pairs between words, whose reach belongs to it; open: (node, entry) where a copy may begin."""

    ids: Ids
    hubs: tuple[tuple[int, int], ...]
    open: tuple[tuple[int, int], ...]


class Pieces:
    """One model's vocabulary. `rows`: tokens that can be chosen among."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        rows: int,
        end_tokens: frozenset[int],
        *,
        structured: bool = False,
    ) -> None:
        """structured: for answers in JSON. Raises RequestUnusable for a vocabulary without a
        token for the blank alone: what is bound must be written byte by byte where need be."""
        spelled: dict[bytes, list[int]] = defaultdict(list)
        silent = []
        for token, piece in enumerate(vocabulary.pieces[:rows]):
            if token in end_tokens:
                continue
            if not piece:
                silent.append(token)
            elif len(piece) <= _LONGEST_PIECE:
                spelled[piece].append(token)
        self.rows = rows
        self.ends = np.array(sorted(end_tokens), np.int32)
        self.silent = np.array(silent, np.int32)
        self.pieces = vocabulary.pieces
        self._twins = {tokens[0]: tokens for tokens in spelled.values() if len(tokens) > 1}
        self.trie = Trie((piece, tokens[0]) for piece, tokens in spelled.items())
        alphabet = frozenset(piece[0] for piece in spelled if len(piece) == 1)
        if ord(" ") not in alphabet:
            raise RequestUnusable("The bundle's tokens cannot write an answer letter by letter.")
        self.prose = Prose(ordinary_words(), alphabet, structured=structured)
        self._hubs: dict[tuple[int, int], _Reach] = {}
        self._inside: dict[int, _Reach] = {}
        self._whole: dict[tuple[int, int], tuple[Mask | Ids, _Entrances]] = {}

    def prepare(self) -> None:
        """What the first answers would wait for otherwise."""
        for state in usual_states():
            self.whole(0, state)

    def tokens_at(self, node: int) -> Iterable[int]:
        """The tokens that end at this node of the tree."""
        token = self.trie.values[node]
        return () if token < 0 else self._twins.get(token, (token,))

    def inside(self, state: int) -> _Reach:
        """From a state inside a word."""
        known = self._inside.get(state)
        if known is None:
            if len(self._inside) >= _KEPT:
                self._inside.clear()
            known = self._inside[state] = self._walk(0, state)
        return known

    def whole(self, node: int, state: int) -> tuple[Mask | Ids, _Entrances]:
        """All that a state between words comes to, its hubs' included: a mask or, if they are few,
        the tokens, and where copies may begin."""
        known = self._whole.get((node, state))
        if known is None:
            if len(self._whole) >= _KEPT:
                self._whole = {at: reach for at, reach in self._whole.items() if not at[0]}
                self._hubs = {at: reach for at, reach in self._hubs.items() if not at[0]}
            known = self._whole[node, state] = self._gather(node, state)
        return known

    def _gather(self, node: int, state: int) -> tuple[Mask | Ids, _Entrances]:
        ids, places, waiting = [], list[tuple[int, int]](), [(node, state)]
        seen = set[tuple[int, int]]()
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            reach = self._hubs.get(at)
            if reach is None:
                reach = self._hubs[at] = self._walk(*at)
            ids.append(reach.ids)
            places += reach.open
            waiting += reach.hubs
        every = np.concatenate(ids)
        entrances = self._entrances(dict.fromkeys(places))
        if len(every) * 32 < self.rows:
            return every, entrances
        mask = np.zeros(self.rows, np.bool_)
        mask[every] = True
        return mask, entrances

    def _entrances(self, places: Iterable[tuple[int, int]]) -> _Entrances:
        trie, found = self.trie, _Entrances()
        for node, entry in places:
            by_byte = found.setdefault(entry, {})
            for child in range(trie.first[node], trie.first[node + 1]):
                by_byte.setdefault(trie.labels[child], []).append(child)
        return found

    def _walk(self, node: int, state: int) -> _Reach:
        trie, prose = self.trie, self.prose
        ids, hubs, places = list[int](), list[tuple[int, int]](), list[tuple[int, int]]()
        stack = [(node, state)]
        while stack:
            node, state = stack.pop()
            if state < WORDS:
                entry = prose.entry_at(state)
                if entry >= 0:
                    places.append((node, entry))
            else:
                end = prose.end_of(state)
                if end >= 0:
                    hubs.append((node, end))
            for child in range(trie.first[node], trie.first[node + 1]):
                after = prose.inner(state, trie.labels[child])
                if after < 0:
                    continue
                ids += self.tokens_at(child)
                if not trie.leads_on(child):
                    continue
                if after < WORDS:
                    hubs.append((child, after))
                else:
                    stack.append((child, after))
        return _Reach(np.array(ids, np.int32), tuple(hubs), tuple(places))


class Bounds:
    """Follows one answer. The evidence is walked as far as the answer comes to need it."""

    def __init__(self, pieces: Pieces, evidence: Evidence) -> None:
        self._pieces = pieces
        self._source = Source(evidence, pieces.prose.alphabet)
        self.automaton = Automaton(pieces.prose, self._source)
        self.place = BEGINNING
        self._entered: dict[tuple[int, int], _Copied] = {}
        self._copied: dict[int, _Copied] = {}
        self._beyond: dict[tuple[int, int], Ids] = {}

    def holder(self) -> Whole:
        """Lets out the answer's text as far as it is whole."""
        return Whole(self.automaton)

    @property
    def complete(self) -> bool:
        """Whether the answer may end here."""
        return self.automaton.whole(self.place)

    def mask(self) -> Mask:
        """Which tokens may come next."""
        mask = np.zeros(self._pieces.rows, np.bool_)
        mask[self._pieces.silent] = True
        if self.complete:
            mask[self._pieces.ends] = True
        for state in self.place.prose:
            if state < WORDS:
                self._allow(mask, 0, state)
                continue
            reach = self._pieces.inside(state)
            mask[reach.ids] = True
            for node, hub in reach.hubs:
                self._allow(mask, node, hub)
        for position in self.place.copies:
            copied = self._copied.get(position)
            if copied is None:
                copied = self._copied[position] = self._follow(0, position)
            mask[copied.ids] = True
            for node, hub in copied.hubs:
                self._allow(mask, node, hub)
        return mask

    def accept(self, token: int) -> None:
        """The token was chosen. Raises LogitsInvalid if it may not come."""
        pieces = self._pieces.pieces
        place = self.automaton.walk(self.place, pieces[token] if token < len(pieces) else b"")
        if place is None:
            raise LogitsInvalid("The answer left its evidence.")
        self.place = place

    def _allow(self, mask: Mask, node: int, state: int) -> None:
        """What a state between words comes to, behind the part of a token that leads to `node`."""
        within, _ = self._pieces.whole(node, state)
        if within.dtype == np.bool_:
            np.logical_or(mask, within, out=mask)
        else:
            mask[within] = True
        mask[self._evidence_of(node, state)] = True

    def _evidence_of(self, node: int, state: int) -> Ids:
        """Tokens that begin in the prose and end in a copy, or beyond one."""
        known = self._beyond.get((node, state))
        if known is None:
            _, entrances = self._pieces.whole(node, state)
            parts = [_NO_IDS]
            for entry, by_byte in entrances.items():
                for byte, positions in self._source.entries[entry].items():
                    for child in by_byte.get(byte, ()):
                        copied = self._enter(child, entry, positions)
                        parts.append(copied.ids)
                        parts += [self._tokens_of(*hub) for hub in copied.hubs]
            known = self._beyond[node, state] = np.unique(np.concatenate(parts))
        return known

    def _tokens_of(self, node: int, state: int) -> Ids:
        within, _ = self._pieces.whole(node, state)
        prose = np.flatnonzero(within).astype(np.int32) if within.dtype == np.bool_ else within
        return np.concatenate([prose, self._evidence_of(node, state)])

    def _enter(self, node: int, entry: int, positions: Iterable[int]) -> _Copied:
        """Copies that have begun here, one byte long."""
        known = self._entered.get((node, entry))
        if known is None:
            found = _Copied()
            for position in positions:
                self._reach(found, node, position)
            known = self._entered[node, entry] = found.settled()
        return known

    def _follow(self, node: int, position: int) -> _Copied:
        found = _Copied()
        self._go_on(found, node, position)
        return found.settled()

    def _reach(self, found: _Copied, node: int, position: int) -> None:
        """A copy has come to the position with the token's part that leads to the node."""
        found.tokens.update(self._pieces.tokens_at(node))
        if not self._pieces.trie.leads_on(node):
            return
        end = self._source.ends.get(position)
        if end is not None:
            found.after.add((node, end))
            if not self._source.goes_on(position):
                return
        self._go_on(found, node, position)

    def _go_on(self, found: _Copied, node: int, position: int) -> None:
        for byte in self._source.bytes_at(position):
            child = self._pieces.trie.child(node, byte)
            if child >= 0:
                self._reach(found, child, position + 1)


class _Copied:
    """What walks along the evidence come to: tokens, and hubs as in _Reach."""

    __slots__ = ("after", "hubs", "ids", "tokens")

    def __init__(self) -> None:
        self.tokens = set[int]()
        self.after = set[tuple[int, int]]()
        self.ids = _NO_IDS
        self.hubs: tuple[tuple[int, int], ...] = ()

    def settled(self) -> _Copied:
        self.ids = np.array(sorted(self.tokens), np.int32)
        self.hubs = tuple(sorted(self.after))
        return self
