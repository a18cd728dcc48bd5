"""What rounding costs on real weights: perplexity of stories260K, retrieval with MiniLM.

Weights of four bits and activations of eight, by groups of 32, each alone and together, computed
in numpy from float32; for stories260K the product's own kernels as well.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from appliance.engine.compile.safetensors import read_floats
from appliance.engine.decoding.model import Append, Model
from tests import reference_model
from tests.benchmarks.engine import numpy_minilm, product
from tests.benchmarks.engine.report import Figure, Section
from tests.benchmarks.engine.rounding import Floats, Rounded, four_bits, int8
from tests.benchmarks.engine.sides import Setup
from tests.benchmarks.engine.stories import Stories, available, read_stories
from tests.benchmarks.engine.texts import encoder_weights, token_ids
from tests.benchmarks.fusion_quality import DATA, ndcg

QUERIES, NEAR = 60, 5
Change = Callable[[Floats], Floats | Rounded]


def accuracy(setup: Setup) -> Section:
    """Of what is installed beside the checkout, both."""
    figures, about = _retrieval(setup)
    return Section(
        "What rounding costs",
        (*_stories(setup), *figures),
        (
            "Ours is the rounded model, the peer the same model in float32.",
            "Perplexity (lower is better; the ratio is float32's over ours): stories260K on "
            "held-out stories in the style of its training, and on stories it tells itself.",
            *about,
        ),
    )


def _stories(setup: Setup) -> list[Figure]:
    if not available():
        return []
    stories = read_stories()
    texts = {"held-out stories": stories.heldout}
    if not setup.quick:
        texts["its own stories"] = stories.sampled
    variants: dict[str, Change] = {
        "q0f16": lambda w: w.astype(np.float16).astype(np.float32),
        "int8 activations": Rounded,
        "q4f16_1, exact": four_bits,
        "q4f16_1, int8 activations": lambda w: Rounded(four_bits(w)),
    }
    figures = []
    for name, tokens in texts.items():
        exact = perplexity(stories, stories.weights, tokens)
        measured = {
            variant: perplexity(stories, _changed(stories.weights, change), tokens)
            for variant, change in variants.items()
        }
        for kernel, precise in (("exact", True), ("int8 activations", False)):
            model = product.load_model(stories.quantised(), exact=precise)
            measured[f"q4f16_1, {kernel}, the product's kernels"] = perplexity_of(model, tokens)
        figures += [
            Figure(f"perplexity, {name}, {variant}", value, "", exact, exact / value, digits=4)
            for variant, value in measured.items()
        ]
    return figures


def _changed(weights: Mapping[str, Floats], change: Change) -> dict[str, Floats | Rounded]:
    return {name: change(w) if w.ndim == 2 else w for name, w in weights.items()}


def perplexity(
    stories: Stories, weights: Mapping[str, Any], texts: Sequence[Sequence[int]]
) -> float:
    """exp of the mean negative log-likelihood of every token but the first of each text."""
    return _over(
        texts, lambda text: reference_model.logits(stories.architecture, weights, text[:-1])
    )


def perplexity_of(model: Model, texts: Sequence[Sequence[int]]) -> float:
    """The same through a loaded model, a token at a time."""

    def logits(text: Sequence[int]) -> Floats:
        sequence = model.add()
        rows = [model.forward([Append(sequence, [token])])[0].copy() for token in text[:-1]]
        model.remove(sequence)
        return np.stack(rows)

    return _over(texts, logits)


def _over(texts: Sequence[Sequence[int]], logits: Callable[[Sequence[int]], Floats]) -> float:
    lost, count = 0.0, 0
    for text in texts:
        rows = logits(text).astype(np.float64)
        top = rows.max(axis=1)
        mass = top + np.log(np.exp(rows - top[:, None]).sum(axis=1))
        lost += float((mass - rows[np.arange(len(rows)), list(text[1:])]).sum())
        count += len(rows)
    return math.exp(lost / count)


def _retrieval(setup: Setup) -> tuple[list[Figure], list[str]]:
    """Figures, and a note on what they are of."""
    if not (DATA / "corpus.jsonl").is_file():
        return [], []
    queries, documents, wanted = _scifact(4 if setup.quick else QUERIES)
    asked, held = token_ids(list(queries.values())), token_ids(list(documents.values()))
    names = list(documents)
    weights = read_floats(encoder_weights().read_bytes())
    variants: dict[str, Change] = {
        "float32": lambda w: w,
        "int8 activations": Rounded,
        "8-bit weights, int8 activations": lambda w: Rounded(int8(w)),
        "4-bit weights": four_bits,
        "4-bit weights, int8 activations": lambda w: Rounded(four_bits(w)),
    }
    found: dict[str, float] = {}
    for variant, change in variants.items():
        changed = numpy_minilm.linears(weights, change)
        scores = numpy_minilm.encode(asked, changed) @ numpy_minilm.encode(held, changed).T
        total = 0.0
        for query, row in zip(queries, scores, strict=True):
            total += ndcg([names[n] for n in np.argsort(-row)[:10]], wanted[query])
        found[variant] = total / len(queries)
    exact = found.pop("float32")
    figures = [
        Figure(f"nDCG@10, MiniLM, {variant}", value, "", exact, value / exact, digits=4)
        for variant, value in found.items()
    ]
    about = (
        f"Retrieval (the ratio is ours over float32's): the first {len(queries)} of SciFact's "
        f"training queries against {len(documents)} documents: those they ask for and, {NEAR} for "
        "each, those that share most of its rarer words. Vectors alone."
    )
    return figures, [about]


def _scifact(count: int) -> tuple[dict[str, str], dict[str, str], dict[str, set[str]]]:
    """Queries, documents and which documents each query wants, by the collection's names."""
    wanted: dict[str, set[str]] = {}
    for line in (DATA / "train.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            wanted.setdefault(query, set()).add(document)
    asked = [entry for entry in _lines("queries.jsonl") if entry["_id"] in wanted][:count]
    queries = {entry["_id"]: entry["text"] for entry in asked}
    corpus = {e["_id"]: f"{e['title']}\n{e['text']}" for e in _lines("corpus.jsonl")}
    words = {name: set(_words(text)) for name, text in corpus.items()}
    spread = Counter(word for held in words.values() for word in held)
    chosen: set[str] = set()
    for query, text in queries.items():
        own = set(_words(text))
        rare = {word: math.log(len(corpus) / spread[word]) for word in own if word in spread}
        shared = {name: sum(rare[w] for w in held & rare.keys()) for name, held in words.items()}
        chosen |= wanted[query] | set(sorted(shared, key=shared.__getitem__)[-NEAR:])
    return queries, {name: corpus[name] for name in corpus if name in chosen}, wanted


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _lines(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
