"""The program's libraries that this processor can run, and models made of vectors."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from appliance.engine.bundles.libraries import LEVELS, levels_in, program_libraries
from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.quantisation import quantise
from appliance.engine.models.stored import Stored, Weights
from appliance.engine.processor import processor_features
from appliance.engine.running.processor_model import ProcessorModel


def usable_levels() -> list[str]:
    there, have = levels_in(program_libraries()), processor_features()
    return [level for level in there if LEVELS[level] <= have]


def runtime_library() -> Path:
    spec = importlib.util.find_spec("tvm")
    if spec is None or spec.origin is None:
        raise RuntimeError("the build extra is not installed")
    return Path(spec.origin).parent / "lib" / "libtvm_runtime.so"


def make_model(
    weights: Weights, level: str, *, tokens: int = 512, context: int = 0, exact: bool = False,
    identity: str = "0" * 64,
) -> ProcessorModel:  # fmt: skip
    return ProcessorModel(
        weights,
        program_libraries() / f"{level}.so",
        runtime_library(),
        identity=identity,
        cache_tokens=tokens,
        context=context,
        exact=exact,
    )


def stored_as(
    a: Architecture, numbers: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]],
    form: Format,
) -> Weights:  # fmt: skip
    """f32 arrays by our names, in a format."""
    dtype = np.dtype(form.dtype).type
    stored: dict[str, Stored] = {}
    for parameter in parameters(a):
        number = numbers[parameter.name].astype(np.float32)
        packed = parameter.is_matrix and form.quantised
        stored[parameter.name] = quantise(number, form) if packed else number.astype(dtype)
    return Weights(a, form, stored)


def random_model(seed: int, tokens: int) -> ProcessorModel:
    """Sixty-four tokens of vocabulary, a context of 48, in float32."""
    rope = Rope(tuple(0.5**n for n in range(8)))
    a = Architecture(
        family="llama", hidden=32, inner=64, layers=(LayerKind(), LayerKind(window=20)), heads=4,
        kv_heads=2, head_dim=16, vocabulary=64, context=48, norm_eps=1e-5, ropes=(rope,),
        attention_scale=0.25,
    )  # fmt: skip
    random = np.random.default_rng(seed)
    numbers = {
        p.name: (random.standard_normal(p.shape) * 0.2 + (not p.is_matrix)).astype(np.float32)
        for p in parameters(a)
    }
    return make_model(
        stored_as(a, numbers, Format.Q0F32), usable_levels()[0], tokens=tokens,
        identity=f"{seed:064x}",
    )  # fmt: skip
