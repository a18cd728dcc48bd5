"""From a fine-tuned model's tensors to `reader.bin` (appliance/engine/reading/layout.py).

Rules kept here: a matrix's column of weights (what makes one output) has one scale, max|w| / 127,
and each code is rint(w / scale); nothing is clipped. The same tensors give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.compile.bert import Bert, Floats
from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.layout import HIDDEN, PANEL
from appliance.engine.reading.layout import MAX_TOKENS, QUAD, tensors, weights_size

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
    bert = Bert(source)
    out: dict[str, npt.NDArray[Any]] = dict(bert.norms())
    longest = len(source.get("embeddings.position_embeddings.weight", ()))
    positions = bert.take("embeddings.position_embeddings.weight", max(longest, MAX_TOKENS), HIDDEN)
    out["positions"] = positions[:MAX_TOKENS]
    out["types"] = bert.take("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    out["exit.w"], out["exit.b"] = bert.take("exit.weight", 1, HIDDEN), bert.take("exit.bias", 1)
    heads = (("relevance", 1), ("token", 3))
    out["heads.w"] = np.concatenate([bert.take(f"{h}.weight", n, HIDDEN) for h, n in heads])
    out["heads.b"] = np.concatenate([bert.take(f"{h}.bias", n) for h, n in heads])
    for name, weight, bias in bert.matrices():
        codes, out[f"{name}.s"] = rounded(weight)
        out[f"{name}.w"], out[f"{name}.b"] = panelled(codes), bias
    return out
