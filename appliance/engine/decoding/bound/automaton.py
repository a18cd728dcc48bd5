"""What may be written so far, byte by byte: ordinary prose and copies of the evidence, together.

Rules kept here: pure; nothing here knows tokens. A Place holds every way in which the text so far
can be read; a byte may follow if one of them goes on. A text is whole where one of them may end:
elsewhere it stops inside an item, or a word. From every place that is not whole a byte of the
alphabet leads on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from appliance.engine.decoding.bound.evidence import Source
from appliance.engine.decoding.bound.items import items
from appliance.engine.decoding.bound.lexing import normal, tokens
from appliance.engine.decoding.bound.prose import (
    START,
    Before,
    Prose,
    ordinary_words,
    state_at_end,
    state_in_gap,
)
from appliance.engine.decoding.request import Evidence

ALL_BYTES = frozenset(range(256))


@dataclass(frozen=True, slots=True)
class Place:
    """prose: states of the prose. copies: positions of the evidence."""

    prose: tuple[int, ...]
    copies: tuple[int, ...] = ()


BEGINNING = Place((START,))


class Automaton:
    """Of one request. Holds no text: a Place goes in, another comes out."""

    def __init__(self, prose: Prose, source: Source) -> None:
        self.prose = prose
        self.source = source

    def step(self, place: Place, byte: int) -> Place | None:
        """The place after the byte; None if it may not follow."""
        states, copies = set[int](), set[int]()
        for state in place.prose:
            after = self.prose.next(state, byte)
            if after >= 0:
                states.add(after)
            entry = self.prose.entry_at(state)
            if entry >= 0:
                for position in self.source.entries[entry].get(byte, ()):
                    self._arrive(position, states, copies)
        for position in place.copies:
            on = self.source.step(position, byte)
            if on >= 0:
                self._arrive(on, states, copies)
        if not states and not copies:
            return None
        return Place(tuple(sorted(states)), tuple(sorted(copies)))

    def walk(self, place: Place, text: bytes) -> Place | None:
        for byte in text:
            after = self.step(place, byte)
            if after is None:
                return None
            place = after
        return place

    def whole(self, place: Place) -> bool:
        """Whether the text may end here: no item, and no word, is half written."""
        return any(self.prose.complete(state) for state in place.prose)

    def _arrive(self, position: int, states: set[int], copies: set[int]) -> None:
        end = self.source.ends.get(position)
        if end is not None:
            states.add(end)
            if not self.source.goes_on(position):
                return
        copies.add(position)


class Whole:
    """Lets the text of one answer out up to the last place where it is whole."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._place: Place | None = BEGINNING
        self._held = ""

    def push(self, text: str) -> str:
        """What may be shown now. Text that the automaton does not know is never shown."""
        ready = 0
        for at, character in enumerate(text, start=1):
            if self._place is not None:
                self._place = self._automaton.walk(self._place, character.encode())
            if self._place is not None and self._automaton.whole(self._place):
                ready = at
        if not ready:
            self._held += text
            return ""
        shown, self._held = self._held + text[:ready], text[ready:]
        return shown


@lru_cache(maxsize=1)
def english() -> Prose:
    """The prose over all bytes."""
    return Prose(ordinary_words(), ALL_BYTES)


def unsupported_items(text: str, evidence: Evidence) -> tuple[str, ...]:
    """What of a finished text could not have been written under the evidence, in order: numbers
    with their units, dates, codes, names, and words that are neither ordinary nor in the evidence.
    Empty exactly if the text could have been written and is whole."""
    said = normal(text)
    automaton = Automaton(english(), Source(evidence, ALL_BYTES))
    spans = _spans(said)
    missing: list[str] = []
    place, at, passed = BEGINNING, 0, -1
    while at < len(said):
        after = automaton.walk(place, said[at].encode())
        if after is not None:
            place, at = after, at + 1
            continue
        span = next((span for span in spans if span[0] <= at <= span[1] and span[1] > passed), None)
        if span is None:  # a sign where it may not stand
            missing += [said[at]] if said[at].strip() else []
            place, at = Place((state_in_gap(Before.WORD),)), at + 1
            continue
        missing.append(said[slice(*span)])
        place, at = Place((state_at_end(Before.WORD),)), span[1]
        passed = span[1]
    if not automaton.whole(place):
        missing.append(said[slice(*spans[-1])])
    return tuple(missing)


def _spans(text: str) -> list[tuple[int, int]]:
    """Items, and words and signs that are in none."""
    found = tokens(text)
    spans, at = [], 0
    for item in (item for together in items(found, text) for item in together):
        spans += [(token.start, token.end) for token in found[at : item.first]]
        spans.append((found[item.first].start, found[item.last].end))
        at = item.last + 1
    return [*spans, *((token.start, token.end) for token in found[at:])]
