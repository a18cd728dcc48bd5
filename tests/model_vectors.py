"""The committed vectors of chat models: tiny random ones of every family, with the logits that
`transformers` computes for them (packaging/parity.py writes them).

A file holds: `config` (config.json as text), `tokens`, `logits` (tokens, vocabulary) in float32,
and under `weights/` every tensor by its Hugging Face name, in float16, which they fit exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.models.architecture import Architecture
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.models.names import huggingface_prefix, huggingface_sources

Array = npt.NDArray[Any]

FOLDER = Path(__file__).resolve().parent / "vectors" / "models"
FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3")


@dataclass(frozen=True, slots=True)
class Vector:
    """One file. `tensors` by Hugging Face's names, float32."""

    config: Mapping[str, object]
    tensors: Mapping[str, Array]
    tokens: tuple[int, ...]
    logits: Array

    @property
    def architecture(self) -> Architecture:
        return architecture_from_huggingface(self.config)

    def weights(self, dtype: str = "float32") -> dict[str, Array]:
        """By the names of parameters.py."""
        return assembled(self.architecture, self.tensors, dtype)


def vector(family: str) -> Vector:
    with np.load(FOLDER / f"{family}.npz") as file:
        tensors = {
            name.removeprefix("weights/"): file[name].astype(np.float32)
            for name in file.files
            if name.startswith("weights/")
        }
        tokens = tuple(int(token) for token in file["tokens"])
        return Vector(json.loads(str(file["config"])), tensors, tokens, file["logits"])


def assembled(
    architecture: Architecture, tensors: Mapping[str, Array], dtype: str = "float32"
) -> dict[str, Array]:
    """Weights by the names of parameters.py out of those of a Hugging Face folder."""
    sources = huggingface_sources(architecture, huggingface_prefix(tensors))
    return {
        ours: np.concatenate([tensors[name] for name in theirs]).astype(dtype)
        for ours, theirs in sources.items()
    }


def relative_error(got: Array, wanted: Array) -> float:
    """The largest difference, as a part of the largest number wanted."""
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())
