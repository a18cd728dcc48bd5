"""Quote mode: what it answers, what it refuses, how long it takes (held-out questions)

Measured on the public collections beside the checkout; without them there are no figures.
docs/decisions/0006-quote-mode.md has those of all held-out questions.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np

from appliance.engine.encoder.bundle import default_encoder_folder, read_tokenizer
from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting.ranking import DEPTH
from appliance.engine.quoting.words import read_rarity
from tests.benchmarks.quoting.cases import read_squad
from tests.benchmarks.quoting.finding import Library, VectorCache
from tests.benchmarks.quoting.measuring import (
    HELD,
    SEED,
    closely,
    look,
    measure,
    of_kind,
    refusals,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
QUESTIONS = 400


def run() -> list[tuple[str, float, str]]:
    if not (DATA / "reading" / "dev-v1.1.json").is_file():
        return []
    folder = default_encoder_folder()
    host = EngineHost(folder)
    cache, rarity = VectorCache(host, None), read_rarity(read_tokenizer(folder))
    corpus = read_squad(DATA / "reading")
    library = Library(corpus.passages, cache)
    names = ["enoxaparin", "haemochromatosis", "glomerulonephritis", "sarcoidosis", "amiodarone"]
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    cases = corpus.cases_of(HELD, dice, names, rarity, QUESTIONS)
    reads = closely(look(cases, library, host), rarity)
    ranks, quotes = [], []
    for case in cases[:120]:
        vector = library.encode([case.question])[0]
        found = library.find(case.question, vector, case.removed, DEPTH)
        started = time.perf_counter()
        ranked = host.rank(case.question, found)
        between = time.perf_counter()
        host.quote(case.question, ranked)
        ranks.append(1000 * (between - started))
        quotes.append(1000 * (time.perf_counter() - between))
    cache.close()
    yes = measure(of_kind(reads, "squad", "answerable"))
    count, precision, recall = refusals(reads)
    return [
        ("answerable questions answered", 100 * yes.answered, "%"),
        ("of those, quoting the sentence that answers", 100 * yes.quoted, "%"),
        ("of those, as the best sentence", 100 * yes.first, "%"),
        (f"refusal precision (half of {count} unanswerable)", 100 * precision, "%"),
        ("refusal recall", 100 * recall, "%"),
        (f"rank() p50, {DEPTH} passages", float(np.percentile(ranks, 50)), "ms"),
        (f"rank() p95, {DEPTH} passages", float(np.percentile(ranks, 95)), "ms"),
        ("quote() p50", float(np.percentile(quotes, 50)), "ms"),
        ("quote() p95", float(np.percentile(quotes, 95)), "ms"),
    ]
