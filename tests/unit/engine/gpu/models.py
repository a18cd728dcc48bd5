"""Models compiled for the processor out of the GPU's definition, each once a run."""

from __future__ import annotations

import atexit
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import tvm

from appliance.engine.compile.gpu.library import compile_gpu
from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.stored import Packed, Stored, Weights
from appliance.engine.running.gpu import GpuModel, load_gpu_model

RUNTIME = Path(tvm.__file__).parent / "lib" / "libtvm_runtime.so"
Array = npt.NDArray[Any]

TINY = Architecture(
    family="llama",
    hidden=64,
    inner=96,
    layers=(LayerKind(), LayerKind(window=20)),
    heads=4,
    kv_heads=2,
    head_dim=16,
    vocabulary=80,
    context=48,
    norm_eps=1e-5,
    ropes=(Rope(tuple(float(10000.0 ** (-i / 8)) for i in range(8))),),
    attention_scale=0.25,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Weights as they are stored, and the same as float64 numbers for the reference."""

    stored: Weights
    plain: dict[str, Array]


def numbers(a: Architecture, form: Format, seed: int = 0) -> Numbers:
    """Random ones. A packed matrix is made of codes, so that both sides hold the same numbers."""
    random = np.random.default_rng(seed)
    stored: dict[str, Stored] = {}
    plain: dict[str, Array] = {}
    for p in parameters(a):
        if form.quantised and p.is_matrix:
            packed = packed_matrix(random, p.shape, form.dtype)
            stored[p.name], plain[p.name] = packed, unpacked(packed).astype(np.float64)
        else:
            mean = 1.0 if "norm" in p.name and not a.norm_offset else 0.0
            array = (mean + 0.2 * random.standard_normal(p.shape)).astype(form.dtype)
            stored[p.name], plain[p.name] = array, array.astype(np.float64)
    return Numbers(Weights(a, form, stored), plain)


def packed_matrix(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Packed:
    rows, columns = shape
    words = random.integers(0, 2**32, (rows, -(-columns // 8)), np.uint32)
    scales = random.uniform(0.01, 0.05, (rows, -(-columns // 32))).astype(dtype)
    return Packed(words, scales, columns)


def unpacked(matrix: Packed) -> Array:
    codes = (matrix.words[:, :, None] >> (4 * np.arange(8, dtype=np.uint32))) & 15
    flat = codes.reshape(len(matrix.words), -1)[:, : matrix.columns].astype(matrix.scales.dtype)
    scales = np.repeat(matrix.scales, 32, axis=1)[:, : matrix.columns]
    return np.asarray((flat - matrix.scales.dtype.type(7)) * scales)


@cache
def folder() -> Path:
    """Where compiled models lie while tests run."""
    place = TemporaryDirectory(prefix="cloister-gpu-")
    atexit.register(place.cleanup)
    return Path(place.name)


@cache
def library(a: Architecture, form: Format) -> Path:
    path = folder() / f"{hashlib.sha256(repr((a, form)).encode()).hexdigest()[:16]}.so"
    compile_gpu(a, form, "llvm", path)
    return path


def loaded(weights: Weights, tokens: int = 512) -> GpuModel:
    path = library(weights.architecture, weights.format)
    return load_gpu_model(weights, path, RUNTIME, device="cpu", cache_tokens=tokens)


@cache
def tiny(seed: int = 0) -> Weights:
    return numbers(TINY, Format.Q0F32, seed).stored


def changed(**fields: Any) -> Architecture:  # noqa: ANN401
    return replace(TINY, **fields)
