"""Quote mode: the sentences that answer, word for word, or none at all.

Rules kept here: every sentence of an answer stands in the passage it cites. Whether anything
answers is decided by a probability that was fitted on questions with and without an answer and
compared with a threshold chosen beforehand (weights.py); below it nothing is quoted, however good
the best sentence looks beside the others. The same input gives the same answer.

docs/decisions/0006-quote-mode.md says how this was measured, and what it does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliance.engine.quoting import weights
from appliance.engine.quoting.evidence import (
    Floats,
    Reading,
    evidence_features,
    probability,
    read_closely,
    unit_features,
)
from appliance.engine.quoting.units import Unit, place_in_words, units_of
from appliance.engine.quoting.words import Rarity
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored, Vectors

MOST = 4
"""Sentences chosen on their own account; the sentence before one that leans comes on top."""
MARGIN = 1.0
"""How far, in log-odds, another sentence may be behind the best."""
ALIKE = 0.93
"""Cosine from which two sentences say the same."""

Encode = Callable[[Sequence[str]], Vectors]


def quote(
    question: str, found: Sequence[Scored], encode: Encode, rarity: Rarity, model: str
) -> Answer:
    """1 to 8 sentences of the passages, or an Answer without sentences.

    `evidence` is the fitted probability that what was found answers the question. Raises what
    `encode` raises.
    """
    reading = read_closely(question, found, rarity)
    if not reading.near or not reading.asked.words:
        return _answer((), (), model, 0.0)
    vectors = encode(texts_to_encode(reading))
    rows, odds = score_units(reading, vectors)
    evidence = weigh_evidence(reading, rows, odds)
    if evidence < weights.THRESHOLD:
        return _answer((), (), model, evidence)
    chosen = choose(reading, odds, vectors[1:])
    sentences, citations = _compose(reading, chosen)
    return _answer(sentences, citations, model, evidence)


def texts_to_encode(reading: Reading) -> list[str]:
    """The question, then each unit after the heading it stands under and what it leans on."""
    texts = [reading.question]
    for near in reading.near:
        heading = place_in_words(reading.found[near.unit.place].passage)
        texts.append(f"{heading}: {near.unit.context} {near.unit.text}".replace(":  ", ": "))
    return texts


def score_units(reading: Reading, vectors: Vectors) -> tuple[Floats, Floats]:
    """The units' features and their log-odds of answering."""
    rows = unit_features(reading, vectors[:1], vectors[1:])
    return rows, rows @ np.array(weights.UNIT) + weights.UNIT_BIAS


def weigh_evidence(reading: Reading, rows: Floats, odds: Floats) -> float:
    """The probability that the question is answered in what was found."""
    features = evidence_features(reading, rows, odds)
    return probability(float(features @ np.array(weights.EVIDENCE)) + weights.EVIDENCE_BIAS)


def choose(reading: Reading, odds: Floats, units: Vectors) -> list[int]:
    """Indexes into `reading.near`, the best first: those nearly as good that say something new."""
    order = sorted(range(len(odds)), key=lambda n: -odds[n])
    chosen = [order[0]]
    for n in order[1:]:
        if len(chosen) == MOST or odds[n] < odds[order[0]] - MARGIN:
            break
        if reading.near[n].unit.text.rstrip().endswith("?"):
            continue
        if max(float(units[n] @ units[other]) for other in chosen) < ALIKE:
            chosen.append(n)
    return chosen


def _compose(
    reading: Reading, chosen: Sequence[int]
) -> tuple[tuple[AnswerSentence, ...], tuple[Citation, ...]]:
    """The chosen units in reading order within each passage, the passage of the best first.
    Neighbours share a citation."""
    places = list(dict.fromkeys(reading.near[n].unit.place for n in chosen))
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    for place in places:
        passage = reading.found[place].passage
        units = units_of(place, passage)
        wanted = {reading.near[n].unit.index for n in chosen if reading.near[n].unit.place == place}
        for run in _runs(_understandable(wanted, units)):
            number = len(citations) + 1
            start, end = units[run[0]].start, units[run[-1]].end
            citations.append(Citation(number, passage, start, end))
            sentences += [AnswerSentence(_clean(passage, units[n]), (number,)) for n in run]
    return tuple(sentences), tuple(citations)


def _understandable(wanted: set[int], units: Sequence[Unit]) -> list[int]:
    """With the sentence before one that leans on it, and the one a colon announces."""
    more = set(wanted)
    for n in wanted:
        if n > 0 and (units[n].leans or units[n - 1].opens):
            more.add(n - 1)
        if n + 1 < len(units) and units[n].opens:
            more.add(n + 1)
    return sorted(more)


def _runs(indexes: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for n in indexes:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs


def _clean(passage: Passage, unit: Unit) -> str:
    """The unit on one line, without the mark of a list item."""
    text = " ".join(passage.text[unit.start : unit.end].split())
    return text[2:].lstrip() if len(text) > 2 and text[0] in "-–•*·" and text[1] == " " else text


def _answer(
    sentences: tuple[AnswerSentence, ...],
    citations: tuple[Citation, ...],
    model: str,
    evidence: float,
) -> Answer:
    return Answer(
        sentences=sentences,
        citations=citations,
        mode=AnswerMode.QUOTE,
        model=model,
        evidence=evidence,
        threshold=weights.THRESHOLD,
    )
