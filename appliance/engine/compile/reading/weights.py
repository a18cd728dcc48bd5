"""From a fine-tuned model's tensors to `reader.bin` (appliance/engine/reading/layout.py).

Rules kept here: a matrix's column of weights (what makes one output) has one scale, max|w| / 127,
and each code is rint(w / scale); nothing is clipped. The same tensors give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.layout import HIDDEN, INNER, LAYERS, PANEL
from appliance.engine.reading.layout import MAX_TOKENS, QUAD, tensors, weights_size

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int8]


def rounded(weight: npt.NDArray[Any]) -> tuple[Codes, Floats]:
    """Codes and scales (n,) of a matrix (n, k): weight is about scales[:, None] * codes."""
    exact = np.asarray(weight, np.float32)
    scales = (np.abs(exact).max(axis=1) / np.float32(127)).astype(np.float32)
    safe = np.where(scales > 0, scales, np.float32(1))
    return np.clip(np.rint(exact / safe[:, None]), -127, 127).astype(np.int8), scales


def panelled(codes: Codes) -> Codes:
    """(n, k) as the kernels read it: (n/PANEL, k/QUAD, PANEL * QUAD)."""
    n, k = codes.shape
    blocks = codes.reshape(n // PANEL, PANEL, k // QUAD, QUAD).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(blocks).reshape(n // PANEL, k // QUAD, PANEL * QUAD)


def lay_out(source: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The content of reader.bin, from tensors under Hugging Face's names. Raises WeightsInvalid
    where one is missing, misshapen or not finite."""
    arranged = _arranged(source)
    image = np.zeros(weights_size(), np.uint8)
    for tensor in tensors():
        array = np.ascontiguousarray(
            arranged[tensor.name], np.dtype(tensor.dtype).newbyteorder("<")
        )
        if array.shape != tensor.shape:
            raise WeightsInvalid(f"{tensor.name} has the shape {array.shape}.")
        image[tensor.offset : tensor.offset + tensor.size] = array.reshape(-1).view(np.uint8)
    return image.tobytes()


def _arranged(source: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    def take(name: str, *shape: int) -> Floats:
        if name not in source or source[name].shape != shape:
            raise WeightsInvalid(f"The weights lack {name} of shape {shape}.")
        if not np.isfinite(source[name]).all():
            raise WeightsInvalid(f"{name} holds numbers that are not finite.")
        return np.asarray(source[name], np.float32)

    out: dict[str, npt.NDArray[Any]] = {}

    def linear(name: str, parts: list[str], n: int, k: int) -> None:
        codes, out[f"{name}.s"] = rounded(
            np.concatenate([take(f"{p}.weight", n, k) for p in parts])
        )
        out[f"{name}.w"] = panelled(codes)
        out[f"{name}.b"] = np.concatenate([take(f"{part}.bias", n) for part in parts])

    def norm(name: str, part: str) -> None:
        out[f"{name}.g"] = take(f"{part}.weight", HIDDEN)
        out[f"{name}.b"] = take(f"{part}.bias", HIDDEN)

    longest = len(source.get("embeddings.position_embeddings.weight", ()))
    positions = take("embeddings.position_embeddings.weight", max(longest, MAX_TOKENS), HIDDEN)
    out["positions"] = positions[:MAX_TOKENS]
    out["types"] = take("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    norm("norm", "embeddings.LayerNorm")
    out["exit.w"], out["exit.b"] = take("exit.weight", 1, HIDDEN), take("exit.bias", 1)
    out["heads.w"] = np.concatenate(
        [take("relevance.weight", 1, HIDDEN), take("token.weight", 3, HIDDEN)]
    )
    out["heads.b"] = np.concatenate([take("relevance.bias", 1), take("token.bias", 3)])
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
