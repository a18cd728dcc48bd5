"""Fits the weights of ranking and quote mode to the reader, and measures them.

    .venv/bin/python packaging/models/calibrate_quote.py DATA [--cache FOLDER] [--keep]

DATA holds `reading/dev-v1.1.json` (SQuAD 1.1, development part), `hospital/*.html` (health topics
whose <h2> are questions) and `retrieval/` (SciFact); policies/ beside this file has policies asked
about in other words. Writes engine/quoting/weights.py (not with
--keep) and prints the measurements of docs/decisions/0006-quote-mode.md as a table.

Rules kept here: whole articles, topics and claims are trained on, fitted on or measured on, never
two of them; the seed is fixed; features, choice and threshold are the product's own code; only
numpy beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from appliance.engine.encoder.bundle import default_encoder_folder, read_tokenizer
from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting import evidence, ranking, weights
from appliance.engine.quoting.evidence import Floats
from appliance.engine.quoting.words import Rarity, read_rarity
from appliance.values import Scored
from tests.benchmarks.quoting.claims import look_at_claims
from tests.benchmarks.quoting.finding import VectorCache
from tests.benchmarks.quoting.measuring import (
    CALIBRATION,
    HELD,
    Looked,
    Read,
    closely,
    look_at_part,
    measure,
    of_kind,
    of_small,
    refusals,
)

CORPORA = ("squad", "hospital", "policies")
FITTED_ON = ("squad", "hospital")
"""Not policies: a reader of this size cannot tell which of their questions are answered, and
weights fitted to them come to doubt plain questions."""
WRONG_ANSWERS = 0.10
"""The threshold is the lowest at which no more of the unanswerable questions fitted on than this
are answered."""
WEIGHTS = Path(__file__).resolve().parents[2] / "appliance" / "engine" / "quoting" / "weights.py"


def _signs(names: Sequence[str], speaks_for: str, against: str) -> Floats:
    """+1, -1 or 0 for each feature."""
    return np.array([(n in speaks_for.split()) - float(n in against.split()) for n in names])


RANK_SIGNS = _signs(ranking.RANK_FEATURES, " ".join(ranking.RANK_FEATURES), "")
UNIT_SIGNS = _signs(
    evidence.UNIT_FEATURES,
    "evidence spanned relevance covered covered_with_heading covered_nearby passage_rank kind_met",
    "kind_missed question points",
)
EVIDENCE_SIGNS = _signs(
    evidence.EVIDENCE_FEATURES,
    "evidence span span_there relevance relevance_there similarity lead ahead nearest most_words",
    "rarest_missing names_missing names_missing_there rarest_missing_there rarest_missing_near "
    "kind_missed",
)


def fit(
    rows: Floats, truth: Floats, importance: Floats, signs: Floats, ridge: float
) -> tuple[Floats, float]:
    """Logistic regression on standardised columns by projected gradient (FISTA with restarts);
    returns weights for raw columns and the bias.

    signs: +1 or -1 where more of a feature may only speak for or against, 0 where either. This
    keeps the model sensible on documents unlike those it was fitted on."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread < 1e-9] = 1.0
    x = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    signs, penalty = np.append(signs, 0.0), np.append(np.full(rows.shape[1], ridge), 0.0)
    rate = 1 / (0.25 * np.linalg.norm(x * np.sqrt(importance)[:, None], 2) ** 2 + ridge)
    w = ahead = np.zeros(x.shape[1])
    momentum = 1.0
    for _ in range(20_000):
        p = 1 / (1 + np.exp(-np.clip(x @ ahead, -30, 30)))
        step = ahead - rate * (x.T @ (importance * (p - truth)) + penalty * ahead)
        step = np.where(step * signs < 0, 0.0, step)
        if np.abs(step - w).max() < 1e-9:
            break
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        overshot = (ahead - step) @ (step - w) > 0
        ahead = step if overshot else step + (momentum - 1) / faster * (step - w)
        w, momentum = step, 1.0 if overshot else faster
    raw = w[:-1] / spread
    return np.asarray(raw, np.float64), float(w[-1] - raw @ mean)


def fit_rank(looked: Sequence[Looked]) -> tuple[Floats, float, Floats]:
    """(weights, bias, prior). On cases a found passage of which answers; each counts the same, the
    answering passages as much as the others."""
    rows: list[Floats] = []
    early: list[Floats] = []
    truth: list[float] = []
    importance: list[float] = []
    for one in looked:
        right = [one.case.holds_passage(s.passage.key) for s in one.found]
        pairs = [
            (s, r, y) for s, r, y in zip(one.found, one.readings, right, strict=False) if r.whole
        ]
        many = sum(y for _, _, y in pairs)
        if not one.case.answerable or not 0 < many < len(pairs):
            continue
        for scored, reading, y in pairs:
            rows.append(ranking.rank_features(scored, reading))
            early.append(np.concatenate([[reading.exit], ranking.found_features(scored)]))
            truth.append(float(y))
            importance.append(1 / many if y else 1 / (len(pairs) - many))
    told, weigh = np.array(truth), np.array(importance)
    raw, bias = fit(np.array(rows), told, weigh, RANK_SIGNS, ridge=2.0)
    first, _ = fit(np.array(early), told, weigh, np.ones(len(early[0])), ridge=2.0)
    return raw, bias, first[1:] / max(first[0], 0.1)


def fit_units(reads: Sequence[Read]) -> tuple[Floats, float]:
    """On answerable cases whose answer was among the units; each case counts the same."""
    useful = [r for r in reads if r.case.answerable and r.right.any() and not r.right.all()]
    rows = np.concatenate([read.rows for read in useful])
    truth = np.concatenate([read.right for read in useful]).astype(np.float64)
    importance = np.concatenate(
        [np.where(r.right, 1 / r.right.sum(), 1 / (~r.right).sum()) for r in useful]
    )
    return fit(rows, truth, importance, UNIT_SIGNS, ridge=2.0)


def fit_evidence(reads: Sequence[Read]) -> tuple[Floats, float, float]:
    """(weights, bias, threshold). The answerable and each collection count the same in sum."""
    rows = np.array([evidence.evidence_features(r.read, r.rows, r.odds) for r in reads])
    truth = np.array([float(r.case.answerable) for r in reads])
    groups = [np.array([r.case.corpus == name for r in reads]) for name in FITTED_ON]
    importance = np.zeros(len(reads))
    for group in groups:
        for side in (truth > 0, truth == 0):
            share = 0.5 / len(groups)
            importance[group & side] = share * len(reads) / max(1, (group & side).sum())
    raw, bias = fit(rows, truth, importance, EVIDENCE_SIGNS, ridge=2.0)
    scores = 1 / (1 + np.exp(-(rows @ raw + bias)))
    unanswerable = np.array([r.case.kind in ("removed", "swapped") for r in reads])
    for share in (0.20, 0.15, 0.10, 0.05):
        at = float(np.quantile(scores[unanswerable], 1 - share))
        told = [f"{(scores[g & (truth > 0)] >= at).mean():.1%}" for g in groups]
        print(f"wrongly answered {share:.0%}: threshold {at:.3f}, answered {' '.join(told)}")
    worst = float(np.quantile(scores[unanswerable], 1 - WRONG_ANSWERS))
    return raw, bias, worst


def write_weights() -> None:
    """Those in force."""

    def listed(names: Sequence[str], values: Sequence[float]) -> str:
        rows = (f"    {v:.4f},  # {n}" for n, v in zip(names, values, strict=True))
        return "(\n" + "\n".join(rows) + "\n)"

    WEIGHTS.write_text(
        '"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""\n\n'
        "from __future__ import annotations\n\n"
        f"PRIOR: tuple[float, ...] = {listed(ranking.FOUND_FEATURES, weights.PRIOR)}\n"
        f"RANK: tuple[float, ...] = {listed(ranking.RANK_FEATURES, weights.RANK)}\n"
        f"RANK_BIAS = {weights.RANK_BIAS:.4f}\n"
        f"UNIT: tuple[float, ...] = {listed(evidence.UNIT_FEATURES, weights.UNIT)}\n"
        f"UNIT_BIAS = {weights.UNIT_BIAS:.4f}\n"
        f"EVIDENCE: tuple[float, ...] = {listed(evidence.EVIDENCE_FEATURES, weights.EVIDENCE)}\n"
        f"EVIDENCE_BIAS = {weights.EVIDENCE_BIAS:.4f}\n"
        f"THRESHOLD = {weights.THRESHOLD:.3f}\n",
        "utf-8",
    )


def calibrate(looked: Sequence[Looked], claims: Sequence[Looked], rarity: Rarity) -> None:
    """Fits each on top of the one before, puts in force and writes down."""
    looked = [one for one in looked if one.case.corpus in FITTED_ON]
    raw, weights.RANK_BIAS, prior = fit_rank([*looked, *claims])
    weights.RANK, weights.PRIOR = tuple(map(float, raw)), tuple(map(float, prior))
    reads = closely(looked, rarity)
    raw, weights.UNIT_BIAS = fit_units(reads)
    weights.UNIT = tuple(map(float, raw))
    raw, weights.EVIDENCE_BIAS, weights.THRESHOLD = fit_evidence(reads)
    weights.EVIDENCE = tuple(map(float, raw))
    write_weights()


def report(reads: Sequence[Read]) -> None:
    print("| questions | cases | answered | found | read | quoted | first | sentences |")
    print("|---|---|---|---|---|---|---|---|")
    for corpus in CORPORA:
        for kind in ("answerable", "removed", "swapped", "missing", "hard"):
            m = measure(of_kind(reads, corpus, kind))
            if not m.cases:
                continue
            line = f"| {corpus}, {kind} | {m.cases} | {m.answered:.1%} |"
            if kind == "answerable":
                line += f" {m.found:.1%} | {m.read:.1%} | {m.quoted:.1%} | {m.first:.1%} |"
                line += f" {m.sentences:.2f} |"
            print(line)
    for answerable in (True, False):
        m = measure(of_small(reads, answerable))
        name = "answerable" if answerable else "removed or swapped"
        print(f"| small library, {name} | {m.cases} | {m.answered:.1%} |", end="")
        rest = f" {m.found:.1%} | {m.read:.1%} | {m.quoted:.1%} | {m.first:.1%} |"
        print(f"{rest} {m.sentences:.2f} |" if answerable else "")
    for corpus in CORPORA:
        cases, precision, recall = refusals(of_kind(reads, corpus))
        if not cases:
            continue
        print(f"{corpus}: {cases} cases, refusal precision {precision:.1%}, recall {recall:.1%}")


def report_ranking(looked: Sequence[Looked], claims: Sequence[Looked]) -> None:
    """Where the first passage that answers stands, before and after reading."""
    for name, group in (
        *((c, [x for x in looked if x.case.corpus == c]) for c in CORPORA),
        ("claims", claims),
    ):
        answerable = [x for x in group if x.case.answerable and not x.case.small]
        if not answerable:
            continue
        told = []
        for ranked in (False, True):
            at = [_first(x, x.ranked if ranked else x.found) for x in answerable]
            told.append(
                f"MRR {np.mean([1 / n if n else 0.0 for n in at]):.3f}, "
                f"in 1 {np.mean([n == 1 for n in at]):.3f}, "
                f"in 5 {np.mean([0 < n <= 5 for n in at]):.3f}"
            )
        print(f"{name}, {len(answerable)}: found {told[0]}; ranked {told[1]}")


def _first(one: Looked, order: Sequence[Scored]) -> int:
    """The place of the first passage that answers, from 1; 0 for none."""
    right = [one.case.holds_passage(scored.passage.key) for scored in order]
    return right.index(True) + 1 if any(right) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="folder to keep vectors in between runs")
    parser.add_argument("--keep", action="store_true", help="measure the weights there are")
    parser.add_argument("--policies", action="store_true", help="measure on policies, too")
    parser.add_argument("--brief", action="store_true", help="measure nothing held back")
    parser.add_argument("--most", type=int, default=500, help="questions of each corpus and half")
    arguments = parser.parse_args()
    folder = default_encoder_folder()
    host = EngineHost(folder)
    cache = VectorCache(host, arguments.cache)
    rarity = read_rarity(read_tokenizer(folder))
    data, most = arguments.data, arguments.most
    parts = {
        part: look_at_part(data, cache, host, rarity, part, most, policies=arguments.policies)
        for part in ((CALIBRATION, HELD) if not arguments.brief else (CALIBRATION,))
    }
    claims = {part: look_at_claims(data / "retrieval", cache, host, part) for part in parts}
    cache.close()
    if not arguments.keep:
        calibrate(parts[CALIBRATION], claims[CALIBRATION], rarity)
    for part, looked in parts.items():
        print(f"\n{part}, threshold {weights.THRESHOLD:.3f}\n")
        report(closely(looked, rarity))
        report_ranking(looked, claims[part])


if __name__ == "__main__":
    main()
