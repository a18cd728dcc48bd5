"""A reader with the published encoder's weights and heads drawn by seed: what tests of the
arithmetic and of the host need, none of which asks for trained weights. And the same model in plain
numpy, float64, one row at a time, sharing no arithmetic with the product.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.engine.compile.reading.weights import lay_out
from appliance.engine.reading.layout import FORMAT
from tests.unit.engine import reference

Array = npt.NDArray[np.float64]


@cache
def tensors() -> dict[str, npt.NDArray[np.float32]]:
    """Under Hugging Face's names. Made once: not to be changed."""
    dice = np.random.default_rng(4)
    found = {name: array.astype(np.float32) for name, array in reference.weights().items()}
    for name, count in (("exit", 1), ("relevance", 1), ("token", 3)):
        found[f"{name}.weight"] = dice.normal(0, 0.1, (count, 384)).astype(np.float32)
        found[f"{name}.bias"] = dice.normal(0, 0.1, count).astype(np.float32)
    return found


def write(folder: Path) -> Path:
    """The test model's reader.bin and reader.json, in this folder."""
    image = lay_out(tensors())
    (folder / "reader.bin").write_bytes(image)
    facts = {"format": FORMAT, "sha256": hashlib.sha256(image).hexdigest(), "size": len(image)}
    (folder / "reader.json").write_text(json.dumps(facts))
    return folder


class Numpy:
    """The reader, slow and obvious."""

    def __init__(self) -> None:
        self._w = {name: array.astype(np.float64) for name, array in tensors().items()}
        self._rounded: dict[str, tuple[Array, Array]] = {}

    def read(self, ids: list[int], second: int) -> tuple[float, Array]:
        """The exit's value, and the four heads of every token: (tokens, 4)."""
        w = self._w
        kinds = (np.arange(len(ids)) >= second).astype(int)
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][kinds]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        first = 0.0
        for n in range(6):
            if n == 2:
                first = float(x[0] @ w["exit.weight"][0] + w["exit.bias"][0])
            x = self.layer(x, n)
        relevance = x @ w["relevance.weight"].T + w["relevance.bias"]
        return first, np.concatenate([relevance, x @ w["token.weight"].T + w["token.bias"]], axis=1)

    def layer(self, x: Array, n: int) -> Array:
        """The states of one row after layer n."""
        layer = f"encoder.layer.{n}"
        q, k, v = (
            self._linear(x, f"{layer}.attention.self.{part}").reshape(-1, 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        mixed = (shares @ v).transpose(1, 0, 2).reshape(-1, 384)
        x = self._norm(x + self._linear(mixed, f"{layer}.attention.output.dense"),
                       f"{layer}.attention.output.LayerNorm")  # fmt: skip
        inner = self._linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self._norm(x + self._linear(inner, f"{layer}.output.dense"),
                          f"{layer}.output.LayerNorm")  # fmt: skip

    def _linear(self, x: Array, name: str) -> Array:
        if name not in self._rounded:
            weight = self._w[f"{name}.weight"]
            scales = np.abs(weight).max(axis=1) / 127
            self._rounded[name] = (np.rint(weight / scales[:, None]), scales)
        codes, scales = self._rounded[name]
        steps = np.abs(x).max(axis=1, keepdims=True) / 127
        whole = np.rint(x / steps)  # sums of whole numbers below 2^53 are exact in float64
        return np.asarray((whole @ codes.T) * steps * scales + self._w[f"{name}.bias"])

    def _norm(self, x: Array, name: str) -> Array:
        mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
        return np.asarray(
            (x - mean) / np.sqrt(variance + 1e-12) * self._w[f"{name}.weight"]
            + self._w[f"{name}.bias"]
        )
