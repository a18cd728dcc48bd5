"""What was found, put in the order in which the reader would read on.

Rules kept here: pure. Everything found goes through the reader's first layers, the most promising
through all of them; those come first, by the odds that they bear on the question, the others
behind them as they were. The same input gives the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from appliance.engine.quoting import weights
from appliance.engine.quoting.evidence import MOST, Floats, answers_by, probability
from appliance.engine.quoting.units import units_of
from appliance.engine.reading.frames import MAX_CHARACTERS, MAX_SENTENCES
from appliance.values import Passage, Reading, Scored, ToRead

DEPTH = 30
"""Passages looked at; more than were asked for come back as they were."""
KEEP = 12
"""… and read whole."""

FOUND_FEATURES = (
    "similarity",  # cosine of question and passage
    "vector_place",  # 1 for the nearest, falling to 0
    "word_place",  # the same by words
)
RANK_FEATURES = (
    "relevance",  # what the reader makes of the passage, in log-odds
    "span",  # the best words that answer, against that none do
    "evidence",  # the best sentence
    *FOUND_FEATURES,
)
_SOFT = 10.0


def place_of(passage: Passage) -> str:
    """What stands over the passage: its title and innermost heading."""
    title = " ".join(passage.title.split())
    heading = " ".join(passage.headings[-1].split()) if passage.headings else ""
    if title and heading and title != heading:
        return f"{title}, {heading}"
    return heading or title


def to_read(found: Sequence[Scored]) -> tuple[ToRead, ...]:
    """What the reader is given, at most DEPTH passages."""
    given = []
    for scored in found[:DEPTH]:
        text = scored.passage.text[:MAX_CHARACTERS]
        ranges = ((unit.start, unit.end) for unit in units_of(0, scored.passage))
        kept = tuple(r for r in ranges if r[1] <= len(text))[:MAX_SENTENCES]
        prior = float(found_features(scored) @ np.array(weights.PRIOR))
        given.append(ToRead(place_of(scored.passage)[:MAX_CHARACTERS], text, kept, prior))
    return tuple(given)


def ranked(found: Sequence[Scored], readings: Sequence[Reading]) -> tuple[Scored, ...]:
    """The passages with their readings, best first; what has no reading stays behind."""
    whole, rest = [], []
    for scored, reading in zip(found, readings, strict=False):
        if reading.whole:
            odds = float(rank_features(scored, reading) @ np.array(weights.RANK))
            relevance = probability(odds + weights.RANK_BIAS)
            whole.append(replace(scored, reading=reading, relevance=relevance))
        else:
            rest.append(scored)
    whole.sort(key=lambda s: -s.relevance)  # stable: the better found, the earlier
    return (*whole, *rest, *found[len(readings) :])


def found_features(scored: Scored) -> Floats:
    """FOUND_FEATURES of a passage."""
    places = [_SOFT / (_SOFT + rank) if rank else 0.0
              for rank in (scored.vector_rank, scored.word_rank)]  # fmt: skip
    return np.array([scored.similarity, *places], np.float64)


def rank_features(scored: Scored, reading: Reading) -> Floats:
    """RANK_FEATURES of a passage that was read whole."""
    read = (reading.relevance, answers_by(reading), max(reading.sentences, default=-MOST))
    return np.concatenate([np.clip(read, -MOST, MOST), found_features(scored)])
