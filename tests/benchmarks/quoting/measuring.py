"""Running cases through the product's own reading, weighing and choosing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.engine.quoting import evidence, quote, weights
from appliance.engine.quoting.words import Rarity
from appliance.values import Vectors
from tests.benchmarks.quoting.cases import Case, Corpus, read_hospital, read_squad
from tests.benchmarks.quoting.finding import Library, VectorCache

SEED = 20261123
PASSAGES = 16  # as the main path asks for
SHARE = 0.5  # of articles and topics to fit on


@dataclass(frozen=True, slots=True)
class Read:
    """A case after finding and encoding: what the two models see, and what is true."""

    case: Case
    reading: evidence.Reading
    vectors: Vectors
    rows: evidence.Floats
    right: npt.NDArray[np.bool_]  # which units hold the answer

    @property
    def odds(self) -> evidence.Floats:
        return quote.score_units(self.reading, self.vectors)[1]

    @property
    def strength(self) -> float:
        """The evidence by the weights in force."""
        return quote.weigh_evidence(self.reading, self.rows, self.odds)


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of `cases`, each between 0 and 1, but for sentences (a mean).

    found: a passage that answers was among those found. read: a sentence that answers was read
    closely. quoted and first, of those answered: it is among the quoted, it is the best.
    """

    cases: int
    answered: float
    found: float
    read: float
    quoted: float
    first: float
    sentences: float


def prepare(cases: Sequence[Case], library: Library, rarity: Rarity) -> list[Read]:
    """Finds and encodes for every case."""
    prepared = []
    questions = library.encode([case.question for case in cases])
    for case, vector in zip(cases, questions, strict=True):
        found = library.find(case.question, vector, case.removed, PASSAGES)
        reading = evidence.read_closely(case.question, found, rarity)
        vectors = library.encode(quote.texts_to_encode(reading))
        rows = evidence.unit_features(reading, vectors[:1], vectors[1:])
        units = [near.unit for near in reading.near]
        right = np.array(
            [case.holds(found[u.place].passage.key, u.start, u.end) for u in units], np.bool_
        )
        if units:
            prepared.append(Read(case, reading, vectors, rows, right))
    return prepared


def read_halves(
    data: Path, cache: VectorCache, rarity: Rarity, most: int
) -> tuple[list[Read], list[Read]]:
    """(to fit on, held out), from both collections; `most` questions of each and half."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    corpora: list[Corpus] = [read_squad(data / "reading"), read_hospital(data / "hospital")]
    fitted: list[Read] = []
    held: list[Read] = []
    for n, corpus in enumerate(corpora):
        library = Library(corpus.passages, cache)
        names = corpora[1 - n].rare_words(rarity, absent_from=corpus)
        to_fit, to_hold = corpus.split_cases(dice, SHARE, names, rarity, most)
        fitted += prepare(to_fit, library, rarity)
        held += prepare(to_hold, library, rarity)
    dice.shuffle(fitted)
    dice.shuffle(held)
    return fitted, held


def measure(reads: Sequence[Read]) -> Measured:
    """What the product would have done with these cases."""
    answered = first = quoted = sentences = found = close = 0
    for read in reads:
        found += any(read.case.holds_passage(s.passage.key) for s in read.reading.found)
        close += bool(read.right.any())
        if read.strength < weights.THRESHOLD:
            continue
        chosen = quote.choose(read.reading, read.odds, read.vectors[1:])
        answered += 1
        sentences += len(chosen)
        first += bool(read.right[chosen[0]])
        quoted += bool(read.right[chosen].any())
    cases, told = max(1, len(reads)), max(1, answered)
    return Measured(
        len(reads), answered / cases, found / cases, close / cases,
        quoted / told, first / told, sentences / told,
    )  # fmt: skip


def refusals(reads: Sequence[Read]) -> tuple[int, float, float]:
    """(cases, precision, recall) of refusing, on as many answerable as unanswerable cases. Those
    called hard are left out."""
    usual = [read for read in reads if read.case.kind != "hard"]
    yes = [read for read in usual if read.case.answerable]
    no = [read for read in usual if not read.case.answerable]
    half = min(len(yes), len(no))
    refused = [r for r in (*yes[:half], *no[:half]) if r.strength < weights.THRESHOLD]
    right = sum(not read.case.answerable for read in refused)
    return 2 * half, right / max(1, len(refused)), right / max(1, half)


def of_kind(reads: Sequence[Read], corpus: str, kind: str = "") -> list[Read]:
    """Those over a whole library."""
    return [
        r for r in reads
        if r.case.corpus == corpus and kind in ("", r.case.kind) and not r.case.small
    ]  # fmt: skip


def of_small(reads: Sequence[Read], answerable: bool) -> list[Read]:
    """Cases over small libraries, without those called hard."""
    return [
        r for r in reads
        if r.case.small and r.case.answerable == answerable and r.case.kind != "hard"
    ]  # fmt: skip
