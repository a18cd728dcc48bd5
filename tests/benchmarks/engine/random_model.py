"""A llama of random weights in q4f16_1, out of numpy: speed does not depend on the values."""

from __future__ import annotations

import numpy as np

from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.stored import Packed, Stored, Weights
from tests.benchmarks.engine.shapes import GROUP, HEAD, Shape

CONTEXT = 2304
SCALE = 0.005


def architecture(shape: Shape) -> Architecture:
    pairs = np.arange(0, HEAD, 2) / HEAD
    return Architecture(
        family="llama",
        hidden=shape.hidden,
        inner=shape.inner,
        layers=(LayerKind(),) * shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=HEAD,
        vocabulary=shape.vocabulary,
        context=CONTEXT,
        norm_eps=1e-5,
        ropes=(Rope(tuple((10000.0**-pairs).tolist())),),
        attention_scale=HEAD**-0.5,
        tied=shape.tied,
    )


def random_weights(shape: Shape) -> Weights:
    """Codes of every value, one scale; norms of 1."""
    model = architecture(shape)
    random = np.random.default_rng(0)
    stored: dict[str, Stored] = {}
    for parameter in parameters(model):
        if not parameter.is_matrix:
            stored[parameter.name] = np.ones(parameter.shape, np.float16)
            continue
        rows, columns = parameter.shape
        words = random.integers(0, 1 << 32, (rows, columns // 8), np.uint32)
        scales = np.full((rows, columns // GROUP), SCALE, np.float16)
        stored[parameter.name] = Packed(words, scales, columns)
    return Weights(model, Format.Q4F16_1, stored)
