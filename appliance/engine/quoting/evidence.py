"""How well a sentence answers, and whether anything does: the features behind quote mode.

Rules kept here: pure. What the reader says counts, and beside it what it is too small to see:
whether a name, number or rare word of the question stands there at all. A feature's meaning stands
beside it; the weights are in weights.py, made by packaging/models/calibrate_quote.py alone.
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
from appliance.values import Reading, Scored

Floats = npt.NDArray[np.float64]

MAX_PASSAGES = 8
"""Of those read whole, the first, whose sentences may answer."""

UNIT_FEATURES = (
    "evidence",  # what the reader makes of the sentence, in log-odds
    "spanned",  # how sure it is of words that answer, if they stand in this sentence
    "relevance",  # what it makes of the passage, in log-odds
    "covered",  # the question's words in the sentence
    "covered_with_heading",  # … or in the title and headings over it
    "covered_nearby",  # … or in the sentences next to it
    "passage_rank",  # 1 for the first passage, 1/2 for the second …
    "kind_met",  # asks for a number, time, person or place, and the sentence has one
    "kind_missed",
    "first",  # first sentence of its passage
    "question",  # is itself a question
    "leans",  # begins with It, This, They …
    "points",  # tells where to read on: "Source: …", "See also …", an address
)
EVIDENCE_FEATURES = (
    "evidence",  # the best sentence, by the reader, in log-odds
    "span",  # the best words that answer, against that none do; the highest of all passages
    "span_there",  # … in the best sentence's passage
    "relevance",  # of the most relevant passage, in log-odds
    "relevance_there",  # … of the best sentence's
    "similarity",  # highest cosine of question and passage
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
MOST = 12.0
"""Log-odds beyond this say no more."""
USUAL_LEAD = 0.15
"""Of `lead`, where too few passages were found to have a middle worth comparing with."""
ENOUGH_TO_COMPARE = 6


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
    """A unit that may answer: what the reader makes of it, which of the question's words (masks,
    words.py) it has (with the one it leans on), and which it has together with its neighbours."""

    unit: Unit
    evidence: float
    own: int
    nearby: int


@dataclass(frozen=True, slots=True)
class Read:
    """The question and what was read whole, taken apart. above and whole are masks of what stands
    over each passage, and of that and the passage."""

    question: str
    asked: Asked
    found: tuple[Scored, ...]
    near: tuple[Near, ...]
    above: tuple[int, ...]
    whole: tuple[int, ...]

    def reading(self, place: int) -> Reading:
        reading = self.found[place].reading
        if reading is None:
            raise ValueError("only passages that were read whole are taken apart")
        return reading


def read_closely(question: str, found: Sequence[Scored], rarity: Rarity) -> Read:
    """Takes apart the passages that were read whole, at most MAX_PASSAGES."""
    chosen = tuple(scored for scored in found if scored.reading is not None)[:MAX_PASSAGES]
    asked = Asked(question, rarity)
    above, whole, near = [], [], []
    for place, scored in enumerate(chosen):
        over = 0
        for text in surroundings(scored.passage):
            over |= asked.mask(text)
        above.append(over)
        whole.append(over | asked.mask(scored.passage.text))
        near += _near(place, scored, asked)
    return Read(question, asked, chosen, tuple(near), tuple(above), tuple(whole))


def _near(place: int, scored: Scored, asked: Asked) -> list[Near]:
    """The passage's units; those past what the reader was given are left out."""
    units = units_of(place, scored.passage)
    evidence = scored.reading.sentences if scored.reading is not None else ()
    masks = [asked.mask(unit.text) for unit in units]
    near = []
    for n, (unit, logit) in enumerate(zip(units, evidence, strict=False)):
        own = masks[n] | (masks[n - 1] if unit.leans and n else 0)
        nearby = own
        for beside in masks[max(0, n - 1) : n + 2]:
            nearby |= beside
        near.append(Near(unit, max(-MOST, min(MOST, logit)), own, nearby))
    return near


def _kind(question: str, text: str) -> int:
    """1 if the question asks for a kind of thing the text has, -1 if it has not, 0 otherwise."""
    for asks, has in _KINDS:
        if asks.search(question):
            return 1 if has.search(text) else -1
    return 0


def answers_by(reading: Reading) -> float:
    """How far the best words that answer are ahead of "no words here answer", in log-odds."""
    return max(-MOST, min(MOST, (reading.span_score - reading.null) / 2))


def _spanned(reading: Reading, unit: Unit) -> float:
    start, end = reading.span
    return probability(answers_by(reading)) if start < unit.end and unit.start < end else 0.0


def unit_features(read: Read) -> Floats:
    """One row of UNIT_FEATURES a unit of `read.near`."""
    asked = read.asked
    rows = []
    for near in read.near:
        unit, reading = near.unit, read.reading(near.unit.place)
        above = read.above[unit.place]
        kind = _kind(read.question, unit.text)
        rows.append(
            (
                near.evidence,
                _spanned(reading, unit),
                max(-MOST, min(MOST, reading.relevance)),
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


def evidence_features(read: Read, rows: Floats, odds: Floats) -> Floats:
    """EVIDENCE_FEATURES of what was found. rows and odds are those of the units, one at least."""
    best = int(np.argmax(odds))
    near = read.near[best]
    place = near.unit.place
    there, asked, anywhere = read.whole[place], read.asked, 0
    for mask in read.whole:
        anywhere |= mask
    similar = sorted((s.similarity for s in read.found), reverse=True)
    lead = similar[0] - similar[len(similar) // 2]
    over = near.nearby | read.above[place]
    readings = [read.reading(n) for n in range(len(read.found))]
    column = {name: n for n, name in enumerate(UNIT_FEATURES)}
    return np.array(
        [
            rows[:, column["evidence"]].max(),
            max(map(answers_by, readings)),
            answers_by(readings[place]),
            rows[:, column["relevance"]].max(),
            rows[best, column["relevance"]],
            similar[0],
            asked.rarest_missing(anywhere),
            asked.rarest_missing(there),
            asked.rarest_missing(over),
            asked.names_missing(anywhere),
            asked.names_missing(there),
            rows[best, column["kind_missed"]],
            lead if len(similar) >= ENOUGH_TO_COMPARE else USUAL_LEAD,
            (odds[best] - np.partition(odds, -2)[-2]) / 4 if len(odds) > 1 else 0.0,
            float(read.found[place].vector_rank == 1),
            float(read.found[place].word_rank == 1),
        ],
        np.float64,
    )


def probability(odds: float) -> float:
    """The logistic function."""
    return 1 / (1 + exp(-max(-50.0, min(50.0, odds))))
