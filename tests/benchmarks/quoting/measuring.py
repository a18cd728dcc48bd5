"""Running cases through the product's own ranking, weighing and choosing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting import evidence, quote, ranking, weights
from appliance.engine.quoting.words import Rarity
from appliance.values import Reading, Scored
from tests.benchmarks.quoting.cases import Case, Corpus, read_hospital, read_squad, read_written
from tests.benchmarks.quoting.finding import Library, VectorCache
from tests.evaluation.policies import POLICIES

SEED = 20261123
CALIBRATION, HELD = "calibration", "held"


@dataclass(frozen=True, slots=True)
class Looked:
    """A case after finding and reading: what was found, and what the reader made of it."""

    case: Case
    found: tuple[Scored, ...]
    readings: tuple[Reading, ...]

    @property
    def ranked(self) -> tuple[Scored, ...]:
        """By the weights in force."""
        return ranking.ranked(self.found, self.readings)


@dataclass(frozen=True, slots=True)
class Read:
    """A case after ranking: what the two models see, and what is true."""

    case: Case
    read: evidence.Read
    rows: evidence.Floats
    right: npt.NDArray[np.bool_]  # which units hold the answer

    @property
    def odds(self) -> evidence.Floats:
        return quote.score_units(self.read)[1]

    @property
    def strength(self) -> float:
        """The evidence by the weights in force."""
        return quote.weigh_evidence(self.read, self.rows, self.odds)


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of `cases`, each between 0 and 1, but for sentences (a mean).

    found: a passage that answers was among those looked at. read: a sentence that answers was read
    closely. quoted and first, of those answered: it is among the quoted, it is the best.
    """

    cases: int
    answered: float
    found: float
    read: float
    quoted: float
    first: float
    sentences: float


def look(
    cases: Sequence[Case], library: Library, host: EngineHost, *, keep: int = ranking.KEEP
) -> list[Looked]:
    """Finds and reads for every case."""
    looked = []
    questions = library.encode([case.question for case in cases])
    for case, vector in zip(cases, questions, strict=True):
        found = library.find(case.question, vector, case.removed, ranking.DEPTH)
        if found:
            readings = host.read(case.question, ranking.to_read(found), keep)
            looked.append(Looked(case, found, readings))
    return looked


def closely(looked: Sequence[Looked], rarity: Rarity) -> list[Read]:
    """Ranks by the weights in force, and takes apart."""
    prepared = []
    for one in looked:
        case = one.case
        read = evidence.read_closely(case.question, one.ranked, rarity)
        units = [near.unit for near in read.near]
        right = np.array(
            [case.holds(read.found[u.place].passage.key, u.start, u.end) for u in units], np.bool_
        )
        if units:
            prepared.append(Read(case, read, evidence.unit_features(read), right))
    return prepared


def look_at_part(  # noqa: PLR0917 - data, tools, choice
    data: Path, cache: VectorCache, host: EngineHost, rarity: Rarity, part: str, most: int,
    *, policies: bool = False,
) -> list[Looked]:  # fmt: skip
    """Cases of both public collections, and of policies, whose article, topic or policy is of this
    part; `most` of each."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    corpora: list[Corpus] = [
        read_squad(data / "reading"), read_hospital(data / "hospital"),
    ]  # fmt: skip
    if policies:
        corpora.append(read_written(POLICIES))
    looked: list[Looked] = []
    for n, corpus in enumerate(corpora):
        library = Library(corpus.passages, cache)
        names = corpora[n - 1].rare_words(rarity, absent_from=corpus)
        cases = corpus.cases_of(part, dice, names, rarity, most)
        looked += look(cases, library, host)
    dice.shuffle(looked)
    return looked


def measure(reads: Sequence[Read]) -> Measured:
    """What the product would have done with these cases."""
    answered = first = quoted = sentences = found = close = 0
    for read in reads:
        found += any(read.case.holds_passage(s.passage.key) for s in read.read.found)
        close += bool(read.right.any())
        if read.strength < weights.THRESHOLD:
            continue
        chosen = quote.choose(read.read, read.odds)
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
