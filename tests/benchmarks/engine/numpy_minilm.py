"""MiniLM in numpy, float32, many texts at once: its linear layers are the caller's to change.

Texts lie one after another, so that no arithmetic goes into padding. Sources: Devlin et al. 2018;
the error function after Abramowitz and Stegun 1964, 7.1.26 (to 1.5e-7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tests.benchmarks.engine.rounding import Floats, Rounded

HIDDEN, HEADS, HEAD, LAYERS = 384, 12, 32, 6
BATCH = 16

Matrix = Floats | Rounded


def linears(
    weights: Mapping[str, Floats], changed: Callable[[Floats], Matrix]
) -> dict[str, Matrix]:
    """The weights with every linear layer's matrix of the six layers changed."""
    return {
        name: changed(w) if name.startswith("encoder.") and w.ndim == 2 else w
        for name, w in weights.items()
    }


def encode(texts: Sequence[Sequence[int]], w: Mapping[str, Matrix]) -> Floats:
    """Unit vectors, (len(texts), 384)."""
    found = np.empty((len(texts), HIDDEN), np.float32)
    for at in range(0, len(texts), BATCH):
        found[at : at + BATCH] = _batch(texts[at : at + BATCH], w)
    return found


def _batch(texts: Sequence[Sequence[int]], w: Mapping[str, Matrix]) -> Floats:
    ids = np.concatenate([np.asarray(text) for text in texts])
    places = np.concatenate([np.arange(len(text)) for text in texts])
    cuts = np.cumsum([len(text) for text in texts])[:-1]
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][places]
    x = _norm(x + w["embeddings.token_type_embeddings.weight"][0], w, "embeddings.LayerNorm")
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        parts = (_linear(x, w, f"{layer}.attention.self.{p}") for p in ("query", "key", "value"))
        mixed = np.concatenate(
            [
                _attention(q, k, v)
                for q, k, v in zip(*(np.split(part, cuts) for part in parts), strict=True)
            ]
        )
        out = f"{layer}.attention.output"
        x = _norm(x + _linear(mixed, w, f"{out}.dense"), w, f"{out}.LayerNorm")
        inner = _gelu(_linear(x, w, f"{layer}.intermediate.dense"))
        x = _norm(x + _linear(inner, w, f"{layer}.output.dense"), w, f"{layer}.output.LayerNorm")
    means = np.stack([part.mean(axis=0) for part in np.split(x, cuts)])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


def _attention(q: Floats, k: Floats, v: Floats) -> Floats:
    q, k, v = (part.reshape(-1, HEADS, HEAD).transpose(1, 0, 2) for part in (q, k, v))
    scores = q @ k.transpose(0, 2, 1) * np.float32(HEAD**-0.5)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return np.asarray((scores @ v).transpose(1, 0, 2).reshape(-1, HIDDEN))


def _linear(x: Floats, w: Mapping[str, Matrix], name: str) -> Floats:
    return np.asarray(x @ w[f"{name}.weight"].T + w[f"{name}.bias"][:])


def _norm(x: Floats, w: Mapping[str, Matrix], name: str) -> Floats:
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    normal = (x - mean) / np.sqrt(variance + np.float32(1e-12))
    return np.asarray(normal * w[f"{name}.weight"][:] + w[f"{name}.bias"][:])


def _gelu(x: Floats) -> Floats:
    y = np.abs(x) * np.float32(2**-0.5)
    t = 1 / (1 + np.float32(0.3275911) * y)
    series = np.zeros_like(t)
    for term in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(term)) * t
    error = 1 - series * np.exp(-y * y)
    return np.asarray(x * np.float32(0.5) * (1 + np.copysign(error, x)), np.float32)
