"""Fits the weights of quote mode and measures them on what they have not seen.

    .venv/bin/python packaging/models/calibrate_quote.py DATA [--cache FOLDER] [--keep]

DATA holds `reading/dev-v1.1.json` (SQuAD 1.1, development part) and `hospital/*.html` (health
topics whose <h2> are questions). Writes appliance/engine/weights.py (not with --keep) and prints
the measurements of docs/decisions/0006-quote-mode.md as a table.

Rules kept here: whole articles and topics are either fitted on or measured on, never both; the
seed is fixed; features, choice and threshold are the product's own code; only numpy beside it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))


from appliance.engine import evidence, quote, weights
from appliance.engine.bundle import default_encoder_folder
from appliance.engine.client import EngineHost
from appliance.engine.words import Rarity, read_rarity
from tests.benchmarks.quoting.cases import Case, read_hospital, read_squad
from tests.benchmarks.quoting.finding import Library, VectorCache

Floats = npt.NDArray[np.float64]
SEED = 20261123
PASSAGES = 16  # as the main path asks for
SHARE = 0.5  # of articles and topics to fit on
WRONG_ANSWERS = 0.10
"""The threshold is the lowest at which no more of the fitted unanswerable questions than this are
answered."""
WEIGHTS = Path(__file__).resolve().parents[2] / "appliance" / "engine" / "weights.py"


@dataclass(frozen=True, slots=True)
class Read:
    """A case after finding and encoding: what the two models see, and what is true."""

    case: Case
    reading: evidence.Reading
    vectors: npt.NDArray[np.float32]
    rows: Floats
    right: npt.NDArray[np.bool_]  # which units hold the answer


def prepare(cases: Sequence[Case], library: Library, rarity: Rarity) -> list[Read]:
    """Finds and encodes for every case."""
    prepared = []
    questions = library.encode([case.question for case in cases])
    for case, vector in zip(cases, questions, strict=True):
        found = library.find(case.question, vector, case.removed, PASSAGES)
        reading = evidence.read_closely(case.question, found, rarity)
        if not reading.near:
            continue
        vectors = library.encode(quote.texts_to_encode(reading))
        rows = evidence.unit_features(reading, vectors[:1], vectors[1:])
        right = np.array(
            [
                case.holds(found[near.unit.place].passage.key, near.unit.start, near.unit.end)
                for near in reading.near
            ]
        )
        prepared.append(Read(case, reading, vectors, rows, right))
    return prepared


def fit(rows: Floats, truth: Floats, importance: Floats, ridge: float) -> tuple[Floats, float]:
    """Logistic regression by Newton's method on standardised columns; weights for raw columns."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread < 1e-9] = 1.0
    x = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    penalty = np.full(x.shape[1], ridge)
    penalty[-1] = 0.0
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (importance * (p - truth)) + penalty * w
        curvature = (x * (importance * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    raw = w[:-1] / spread
    return np.asarray(raw, np.float64), float(w[-1] - raw @ mean)


def fit_units(reads: Sequence[Read]) -> tuple[Floats, float]:
    """On answerable cases whose answer was among the units; each case counts the same."""
    useful = [read for read in reads if read.case.answerable and read.right.any()]
    rows = np.concatenate([read.rows for read in useful])
    truth = np.concatenate([read.right for read in useful]).astype(np.float64)
    importance = np.concatenate(
        [
            np.where(read.right, 1 / read.right.sum(), 1 / max(1, (~read.right).sum()))
            for read in useful
        ]
    )
    return fit(rows, truth, importance, ridge=2.0)


def evidence_rows(reads: Sequence[Read], unit: tuple[Floats, float]) -> Floats:
    return np.array(
        [
            evidence.evidence_features(read.reading, read.rows, read.rows @ unit[0] + unit[1])
            for read in reads
        ]
    )


def balanced(truth: Floats) -> Floats:
    """Answerable and unanswerable cases count the same in sum."""
    yes = truth.mean()
    return np.where(truth > 0, 0.5 / yes, 0.5 / (1 - yes))


def threshold_for(scores: Floats, truth: Floats, share: float) -> float:
    """The lowest at which at most `share` of the unanswerable are answered."""
    return float(np.quantile(scores[truth == 0], 1 - share))


def write_weights(
    unit: tuple[Floats, float], whole: tuple[Floats, float], threshold: float
) -> None:
    def listed(names: Sequence[str], values: Floats) -> str:
        rows = (f"    {v:+.4f},  # {n}" for n, v in zip(names, values, strict=True))
        return "(\n" + "\n".join(rows) + "\n)"

    WEIGHTS.write_text(
        '"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""\n\n'
        "from __future__ import annotations\n\n"
        f"UNIT = {listed(evidence.UNIT_FEATURES, unit[0])}\n"
        f"UNIT_BIAS = {unit[1]:.4f}\n"
        f"EVIDENCE = {listed(evidence.EVIDENCE_FEATURES, whole[0])}\n"
        f"EVIDENCE_BIAS = {whole[1]:.4f}\n"
        f"THRESHOLD = {threshold:.3f}\n",
        "utf-8",
    )


def measure(name: str, reads: Sequence[Read]) -> None:
    """Prints a line of the table for a kind of case, with the weights that are in force."""
    answered = first = quoted = sentences = there = close = 0
    for read in reads:
        rows, odds = quote.score_units(read.reading, read.vectors)
        there += any(read.case.holds_passage(scored.passage.key) for scored in read.reading.found)
        close += bool(read.right.any())
        if quote.weigh_evidence(read.reading, rows, odds) < weights.THRESHOLD:
            continue
        answered += 1
        chosen = quote.choose(read.reading, odds, read.vectors[1:])
        sentences += len(chosen)
        first += bool(read.right[chosen[0]])
        quoted += bool(read.right[chosen].any())
    n = max(1, len(reads))
    line = f"{name:34} n={len(reads):5} answered {answered / n:6.1%}"
    if reads and reads[0].case.answerable:
        line += (
            f"  found {there / n:6.1%}  read {close / n:6.1%}"
            f"  quoted|answered {quoted / max(1, answered):6.1%}"
            f"  first|answered {first / max(1, answered):6.1%}"
            f"  sentences {sentences / max(1, answered):.2f}"
        )
    print(line)


def report(reads: Sequence[Read]) -> None:
    kinds = sorted({(read.case.corpus, read.case.kind) for read in reads})
    for corpus, kind in kinds:
        measure(
            f"{corpus} {kind}",
            [r for r in reads if r.case.corpus == corpus and r.case.kind == kind],
        )
    for corpus in sorted({read.case.corpus for read in reads}):
        mixed = [r for r in reads if r.case.corpus == corpus and r.case.kind != "hard"]
        yes = [r for r in mixed if r.case.answerable]
        no = [r for r in mixed if not r.case.answerable]
        half = min(len(yes), len(no))
        picked = yes[:half] + no[:half]
        refused = [
            quote.weigh_evidence(r.reading, *quote.score_units(r.reading, r.vectors))
            < weights.THRESHOLD
            for r in picked
        ]
        right = sum(flag and not r.case.answerable for flag, r in zip(refused, picked, strict=True))
        print(
            f"{corpus}: half unanswerable, n={len(picked)}: refusal precision "
            f"{right / max(1, sum(refused)):.1%}, recall {right / max(1, half):.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="folder to keep vectors in between runs")
    parser.add_argument("--keep", action="store_true", help="measure the weights there are")
    parser.add_argument("--most", type=int, default=2400, help="questions of each corpus and half")
    arguments = parser.parse_args()
    folder = default_encoder_folder()
    rarity = read_rarity((folder / "tokenizer.json").read_bytes())
    cache = VectorCache(EngineHost(folder), arguments.cache)
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    corpora = [read_squad(arguments.data / "reading"), read_hospital(arguments.data / "hospital")]
    halves: tuple[list[Read], list[Read]] = ([], [])
    for n, corpus in enumerate(corpora):
        library = Library(corpus.passages, cache)
        names = corpora[1 - n].rare_words(rarity, absent_from=corpus)
        for reads, cases in zip(
            halves, corpus.split_cases(dice, SHARE, names, rarity, arguments.most), strict=True
        ):
            reads.extend(prepare(cases, library, rarity))
    cache.close()
    fitted, held = halves
    for half in halves:
        dice.shuffle(half)
    if not arguments.keep:
        unit = fit_units(fitted)
        rows = evidence_rows(fitted, unit)
        truth = np.array([float(r.case.answerable) for r in fitted])
        whole = fit(rows, truth, balanced(truth), ridge=2.0)
        scores = 1 / (1 + np.exp(-(rows @ whole[0] + whole[1])))
        usual = np.array([r.case.kind != "hard" for r in fitted])
        threshold = threshold_for(scores[usual], truth[usual], WRONG_ANSWERS)
        write_weights(unit, whole, threshold)
        weights.UNIT, weights.UNIT_BIAS = tuple(unit[0]), unit[1]
        weights.EVIDENCE, weights.EVIDENCE_BIAS = tuple(whole[0]), whole[1]
        weights.THRESHOLD = threshold
    print("fitted on:")
    report(fitted)
    print("held out:")
    report(held)


if __name__ == "__main__":
    main()
