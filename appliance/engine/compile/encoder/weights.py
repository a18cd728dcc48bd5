"""From a Hugging Face BERT's tensors to `params.bin` (appliance/engine/encoder/layout.py)."""

from __future__ import annotations

import numpy as np

from appliance.engine.compile.bert import Bert, Floats
from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.layout import (
    HIDDEN,
    MAX_TOKENS,
    PANEL,
    VOCABULARY,
    params_size,
    tensors,
)


def lay_out(source: dict[str, Floats]) -> bytes:
    """The content of params.bin. Raises WeightsInvalid where a tensor is missing, misshapen or not
    finite."""
    arranged = _arranged(source)
    image = np.zeros(params_size(), np.uint8)
    for tensor in tensors():
        array = np.ascontiguousarray(arranged[tensor.name], "<f4")
        if array.shape != tensor.shape:
            raise WeightsInvalid(f"{tensor.name} has the shape {array.shape}.")
        image[tensor.offset : tensor.offset + tensor.size] = array.reshape(-1).view(np.uint8)
    return image.tobytes()


def _arranged(source: dict[str, Floats]) -> dict[str, Floats]:
    bert = Bert(source)
    out = dict(bert.norms())
    out["words"] = bert.take("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN)
    positions = bert.take("embeddings.position_embeddings.weight", 512, HIDDEN)
    kinds = bert.take("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    out["positions"] = positions[:MAX_TOKENS] + kinds[0]
    for name, weight, bias in bert.matrices():
        out[f"{name}.w"] = weight.reshape(-1, PANEL, weight.shape[1]).transpose(0, 2, 1)
        out[f"{name}.b"] = bias
    return out
