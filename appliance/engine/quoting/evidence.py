"""How well a sentence answers, and whether anything does: the features behind quote mode.

Rules kept here: pure. A feature is a number near 0 to 1 whose meaning stands beside it; the weights
are in weights.py, made by packaging/models/calibrate_quote.py and by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
import numpy.typing as npt

from appliance.engine.quoting.units import Unit, surroundings, units_of
from appliance.engine.quoting.words import Asked, Rarity
from appliance.values import Scored, Vectors

Floats = npt.NDArray[np.float64]

MAX_UNITS = 20
MAX_CHARACTERS = 2_600
"""What is read closely: some 600 tokens, 70 ms on two cores."""
MAX_PASSAGES = 20

UNIT_FEATURES = (
    "cosine",  # question and sentence, the heading before it
    "covered",  # the question's words in the sentence
    "covered_with_heading",  # … or in the title and headings over it
    "covered_nearby",  # … or in the sentences next to it
    "passage_rank",  # 1 for the first found, 1/2 for the second …
    "kind_met",  # asks for a number, time, person or place, and the sentence has one
    "kind_missed",
    "first",  # first sentence of its passage
    "question",  # is itself a question
    "leans",  # begins with It, This, They …
    "points",  # tells where to read on: "Source: …", "See also …", an address
)
EVIDENCE_FEATURES = (
    "cosine",  # highest of question and sentence
    "rarest_missing",  # rarity of the rarest word that is nowhere in what was found
    "rarest_missing_there",  # … in the best sentence's passage
    "rarest_missing_near",  # … in the best sentence, its neighbours and what stands over it
    "names_missing",  # share of names, numbers and codes that is nowhere in what was found
    "names_missing_there",  # … in the best sentence's passage
    "kind_missed",  # asks for a number, time, person or place; the best sentence has none
    "lead",  # how far the best passage's cosine is above the middle one's
    "ahead",  # how far the best sentence is ahead of the next, in log-odds / 4
    "nearest",  # the best sentence's passage is the nearest by vector
    "most_words",  # … is the first by words
)
USUAL_LEAD = 0.15
"""Of `lead`, where too few passages were found to have a middle worth comparing with."""
ENOUGH_TO_COMPARE = 8


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


_NUMBER = _pattern(
    r"\d",
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million)\b",
    r"\b(?:billion|half|twice|once)\b",
)
_TIME = _pattern(
    r"\b\d{3,4}s?\b",
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november)\b",
    r"\b(?:december|century|year|month|week|day|hour|minute|second)s?\b",
    r"\b(?:daily|weekly|monthly|annually|yearly|immediately|before|after|within)\b",
)
_NAME = re.compile(r"(?<=[a-z,;:)] )[A-Z][\w’'-]+|\b[A-Z][a-z]+ [A-Z][a-z]+")
_ASKS_NUMBER = _pattern(
    r"\bhow (?:many|much|old|large|big|tall|high|long|far|fast|deep|wide|often)\b",
    r"\bwhat (?:is|was|are|were) the (?:\w+ ){0,2}(?:number|percentage|amount|population)\b",
    r"\bwhat (?:is|was|are|were) the (?:\w+ ){0,2}(?:dose|dosage|limit|rate|threshold)\b",
    r"\bwhat (?:is|was|are|were) the (?:\w+ ){0,2}(?:temperature|price|cost|fee)\b",
    r"\bwhat (?:percent|percentage)\b",
)
_ASKS_TIME = _pattern(
    r"^\W*when\b",
    r"\b(?:what|which) (?:year|date|day|month|century|time)\b",
    r"\bhow (?:long|often|soon|quickly)\b",
)
_ASKS_NAME = _pattern(
    r"^\W*(?:who|whose|whom|where)\b",
    r"\bby whom\b",
    r"\b(?:what|which) (?:person|city|country|state)\b",
)
_KINDS = ((_ASKS_TIME, _TIME), (_ASKS_NUMBER, _NUMBER), (_ASKS_NAME, _NAME))


@dataclass(frozen=True, slots=True)
class Near:
    """A unit that is read closely: which of the question's words (masks, words.py) it has (with
    the one it leans on), and which it has together with its neighbours."""

    unit: Unit
    own: int
    nearby: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The question and everything found, taken apart. above and whole are masks of what stands
    over each passage, and of that and the passage."""

    question: str
    asked: Asked
    found: tuple[Scored, ...]
    near: tuple[Near, ...]
    above: tuple[int, ...]
    whole: tuple[int, ...]


def read_closely(question: str, found: Sequence[Scored], rarity: Rarity) -> Reading:
    """Takes apart, and chooses by words and rank which units are worth encoding."""
    found = tuple(found[:MAX_PASSAGES])
    asked = Asked(question, rarity)
    above, whole = [], []
    ranked: list[tuple[float, Near]] = []
    for place, scored in enumerate(found):
        over = 0
        for text in surroundings(scored.passage):
            over |= asked.mask(text)
        units = units_of(place, scored.passage)
        masks = [asked.mask(unit.text) for unit in units]
        above.append(over)
        whole.append(over | asked.mask(scored.passage.text))
        for n, unit in enumerate(units):
            own = masks[n] | (masks[n - 1] if unit.leans else 0)
            nearby = own
            for beside in masks[max(0, n - 1) : n + 2]:
                nearby |= beside
            promise = (
                asked.coverage(own)
                + 0.5 * asked.coverage(nearby)
                + 1.5 * asked.coverage(over)
                + 2.0 * scored.similarity
                + 0.6 / (1 + place)
                + 0.5 * (_kind(question, unit.text) > 0)
                + 0.25 * (n == 0)
                - 1.0 * unit.points
            )
            ranked.append((promise, Near(unit, own, nearby)))
    ranked.sort(key=lambda entry: -entry[0])  # stable: the better found, the earlier
    return Reading(question, asked, found, _affordable(ranked), tuple(above), tuple(whole))


def _affordable(ranked: Sequence[tuple[float, Near]]) -> tuple[Near, ...]:
    kept: list[Near] = []
    size = 0
    for _, near in ranked[:MAX_UNITS]:
        size += min(len(near.unit.text) + len(near.unit.context), 600) + 40
        if kept and size > MAX_CHARACTERS:
            break
        kept.append(near)
    return tuple(kept)


def _kind(question: str, text: str) -> int:
    """1 if the question asks for a kind of thing the text has, -1 if it has not, 0 otherwise."""
    for asks, has in _KINDS:
        if asks.search(question):
            return 1 if has.search(text) else -1
    return 0


def unit_features(reading: Reading, question: Vectors, units: Vectors) -> Floats:
    """One row of UNIT_FEATURES a unit of `reading.near`.

    question has shape (1, VECTOR_SIZE), units (len(reading.near), VECTOR_SIZE), unit length."""
    cosines = units @ question[0]
    asked = reading.asked
    rows = []
    for cosine, near in zip(cosines, reading.near, strict=True):
        unit = near.unit
        above = reading.above[unit.place]
        kind = _kind(reading.question, unit.text)
        rows.append(
            (
                float(cosine),
                asked.coverage(near.own),
                asked.coverage(near.own | above),
                asked.coverage(near.nearby | above),
                1 / (1 + unit.place),
                float(kind > 0),
                float(kind < 0),
                float(unit.index == 0),
                float(unit.text.rstrip().endswith("?")),
                float(unit.leans),
                float(unit.points),
            )
        )
    return np.array(rows, np.float64).reshape(len(rows), len(UNIT_FEATURES))


def evidence_features(reading: Reading, rows: Floats, odds: Floats) -> Floats:
    """EVIDENCE_FEATURES of what was found. rows and odds are those of the units, one at least."""
    best = int(np.argmax(odds))
    near = reading.near[best]
    there = reading.whole[near.unit.place]
    asked, anywhere = reading.asked, 0
    for mask in reading.whole:
        anywhere |= mask
    scored = reading.found[near.unit.place]
    similar = sorted((s.similarity for s in reading.found), reverse=True)
    lead = similar[0] - similar[len(similar) // 2]
    over = near.nearby | reading.above[near.unit.place]
    column = {name: n for n, name in enumerate(UNIT_FEATURES)}
    return np.array(
        [
            rows[:, column["cosine"]].max(),
            asked.rarest_missing(anywhere),
            asked.rarest_missing(there),
            asked.rarest_missing(over),
            asked.names_missing(anywhere),
            asked.names_missing(there),
            rows[best, column["kind_missed"]],
            lead if len(similar) >= ENOUGH_TO_COMPARE else USUAL_LEAD,
            (odds[best] - np.partition(odds, -2)[-2]) / 4 if len(odds) > 1 else 0.0,
            float(scored.vector_rank == 1),
            float(scored.word_rank == 1),
        ],
        np.float64,
    )


def probability(odds: float) -> float:
    """The logistic function."""
    return 1 / (1 + exp(-max(-50.0, min(50.0, odds))))
