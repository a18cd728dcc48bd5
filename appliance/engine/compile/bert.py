"""A BERT under Hugging Face's names: what the encoder and the reader are laid out from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.layout import HIDDEN, INNER, LAYERS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bert:
    """All raise WeightsInvalid where a tensor is missing, misshapen or not finite."""

    source: Mapping[str, npt.NDArray[Any]]

    def take(self, name: str, *shape: int) -> Floats:
        """The tensor of this name."""
        if name not in self.source or self.source[name].shape != shape:
            raise WeightsInvalid(f"The weights lack {name} of shape {shape}.")
        if not np.isfinite(self.source[name]).all():
            raise WeightsInvalid(f"{name} holds numbers that are not finite.")
        return np.asarray(self.source[name], np.float32)

    def norms(self) -> Iterator[tuple[str, Floats]]:
        """Gain and bias of every layer norm, under the layouts' names ("norm.g", "0.norm1.b")."""
        parts = [("norm", "embeddings.LayerNorm")]
        for n in range(LAYERS):
            parts.append((f"{n}.norm1", f"encoder.layer.{n}.attention.output.LayerNorm"))
            parts.append((f"{n}.norm2", f"encoder.layer.{n}.output.LayerNorm"))
        for name, part in parts:
            yield f"{name}.g", self.take(f"{part}.weight", HIDDEN)
            yield f"{name}.b", self.take(f"{part}.bias", HIDDEN)

    def matrices(self) -> Iterator[tuple[str, Floats, Floats]]:
        """The four of every layer: name ("0.qkv"), weights (n, k), bias (n,). Query, key and value
        are one."""
        for n in range(LAYERS):
            layer = f"encoder.layer.{n}"
            own = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
            yield self._matrix(f"{n}.qkv", own, HIDDEN, HIDDEN)
            yield self._matrix(f"{n}.out", [f"{layer}.attention.output.dense"], HIDDEN, HIDDEN)
            yield self._matrix(f"{n}.up", [f"{layer}.intermediate.dense"], INNER, HIDDEN)
            yield self._matrix(f"{n}.down", [f"{layer}.output.dense"], HIDDEN, INNER)

    def _matrix(self, name: str, parts: list[str], n: int, k: int) -> tuple[str, Floats, Floats]:
        weight = np.concatenate([self.take(f"{part}.weight", n, k) for part in parts])
        return name, weight, np.concatenate([self.take(f"{part}.bias", n) for part in parts])
