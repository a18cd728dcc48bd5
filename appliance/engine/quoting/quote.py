"""Quote mode: the sentences that answer, word for word, or none at all.

Rules kept here: every sentence of an answer stands in the passage it cites. Whether anything
answers is decided by a probability that was fitted on questions with and without an answer and
compared with a threshold chosen beforehand (weights.py); below it nothing is quoted, however good
the best sentence looks beside the others. The same input gives the same answer.

docs/decisions/0006-quote-mode.md says how this was measured, and what it does not do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.engine.quoting import weights
from appliance.engine.quoting.evidence import (
    Floats,
    Read,
    evidence_features,
    probability,
    read_closely,
    unit_features,
)
from appliance.engine.quoting.units import Unit, units_of
from appliance.engine.quoting.words import Rarity, split_words
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored

MOST = 4
"""Sentences chosen on their own account; the sentence before one that leans comes on top."""
MARGIN = 1.0
"""How far, in log-odds, another sentence may be behind the best."""
ALIKE = 0.8
"""The share of words in common from which two sentences say the same."""


def quote(question: str, found: Sequence[Scored], rarity: Rarity, model: str) -> Answer:
    """1 to 8 sentences of the passages that were read (ranking.py), or an Answer without
    sentences.

    `evidence` is the fitted probability that what was found answers the question.
    """
    read = read_closely(question, found, rarity)
    if not read.near or not read.asked.words:
        return _answer((), (), model, 0.0)
    rows, odds = score_units(read)
    evidence = weigh_evidence(read, rows, odds)
    if evidence < weights.THRESHOLD:
        return _answer((), (), model, evidence)
    sentences, citations = _compose(read, choose(read, odds))
    return _answer(sentences, citations, model, evidence)


def score_units(read: Read) -> tuple[Floats, Floats]:
    """The units' features and their log-odds of answering."""
    rows = unit_features(read)
    return rows, rows @ np.array(weights.UNIT) + weights.UNIT_BIAS


def weigh_evidence(read: Read, rows: Floats, odds: Floats) -> float:
    """The probability that the question is answered in what was found."""
    features = evidence_features(read, rows, odds)
    return probability(float(features @ np.array(weights.EVIDENCE)) + weights.EVIDENCE_BIAS)


def choose(read: Read, odds: Floats) -> list[int]:
    """Indexes into `read.near`, the best first: those nearly as good that say something new."""
    order = sorted(range(len(odds)), key=lambda n: -odds[n])
    chosen = [order[0]]
    said = [_words(read, order[0])]
    for n in order[1:]:
        if len(chosen) == MOST or odds[n] < odds[order[0]] - MARGIN:
            break
        if read.near[n].unit.text.rstrip().endswith("?"):
            continue
        words = _words(read, n)
        if all(len(words & other) < ALIKE * len(words | other) for other in said):
            chosen.append(n)
            said.append(words)
    return chosen


def _words(read: Read, n: int) -> frozenset[str]:
    return frozenset(word.casefold() for word in split_words(read.near[n].unit.text))


def _compose(
    read: Read, chosen: Sequence[int]
) -> tuple[tuple[AnswerSentence, ...], tuple[Citation, ...]]:
    """The chosen units in reading order within each passage, the passage of the best first.
    Neighbours share a citation."""
    places = list(dict.fromkeys(read.near[n].unit.place for n in chosen))
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    for place in places:
        passage = read.found[place].passage
        units = units_of(place, passage)
        wanted = {read.near[n].unit.index for n in chosen if read.near[n].unit.place == place}
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
