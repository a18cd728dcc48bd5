"""From a Hugging Face BERT's tensors to `params.bin` (appliance/engine/encoder/layout.py)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.layout import (
    HIDDEN,
    INNER,
    LAYERS,
    MAX_TOKENS,
    PANEL,
    VOCABULARY,
    params_size,
    tensors,
)

Floats = npt.NDArray[np.float32]


def lay_out(source: dict[str, Floats]) -> bytes:
    """The content of params.bin. Raises WeightsInvalid where a tensor is missing or misshapen."""
    arranged = _arranged(source)
    image = np.zeros(params_size(), np.uint8)
    for tensor in tensors():
        array = np.ascontiguousarray(arranged[tensor.name], "<f4")
        if array.shape != tensor.shape:
            raise WeightsInvalid(f"{tensor.name} has the shape {array.shape}.")
        if not np.isfinite(array).all():
            raise WeightsInvalid(f"{tensor.name} holds numbers that are not finite.")
        image[tensor.offset : tensor.offset + tensor.size] = array.reshape(-1).view(np.uint8)
    return image.tobytes()


def _arranged(source: dict[str, Floats]) -> dict[str, Floats]:
    def take(name: str, *shape: int) -> Floats:
        if name not in source or source[name].shape != shape:
            raise WeightsInvalid(f"The weights lack {name} of shape {shape}.")
        return source[name]

    out: dict[str, Floats] = {}

    def linear(name: str, parts: list[str], n: int, k: int) -> None:
        weight = np.concatenate([take(f"{part}.weight", n, k) for part in parts])
        out[f"{name}.w"] = weight.reshape(-1, PANEL, k).transpose(0, 2, 1)
        out[f"{name}.b"] = np.concatenate([take(f"{part}.bias", n) for part in parts])

    def norm(name: str, part: str) -> None:
        out[f"{name}.g"] = take(f"{part}.weight", HIDDEN)
        out[f"{name}.b"] = take(f"{part}.bias", HIDDEN)

    out["words"] = take("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN)
    positions = take("embeddings.position_embeddings.weight", 512, HIDDEN)
    kinds = take("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    out["positions"] = positions[:MAX_TOKENS] + kinds[0]
    norm("norm", "embeddings.LayerNorm")
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        attention = f"{layer}.attention"
        linear(f"{n}.qkv", [f"{attention}.self.{p}" for p in ("query", "key", "value")],
               HIDDEN, HIDDEN)  # fmt: skip
        linear(f"{n}.out", [f"{attention}.output.dense"], HIDDEN, HIDDEN)
        norm(f"{n}.norm1", f"{attention}.output.LayerNorm")
        linear(f"{n}.up", [f"{layer}.intermediate.dense"], INNER, HIDDEN)
        linear(f"{n}.down", [f"{layer}.output.dense"], HIDDEN, INNER)
        norm(f"{n}.norm2", f"{layer}.output.LayerNorm")
    return out
