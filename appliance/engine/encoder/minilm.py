"""The MiniLM encoder (BERT, 6 layers of 384), run by compiled kernels.

Rules kept here: only `tvm_ffi` and the runtime library are needed, no compiler and no `tvm`. Every
buffer a kernel sees is 64-byte aligned. Used from one thread: the workspace is shared between
calls. What a text comes to does not depend on the other texts of its batch.

Sources: Devlin et al. 2018 (BERT); Reimers and Gurevych 2019 (mean pooling, unit length).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.layout import (
    ALIGNMENT,
    HIDDEN,
    INNER,
    LAYERS,
    MAX_TOKENS,
    VOCABULARY,
    tensors,
)

Number = TypeVar("Number", bound=np.generic)
Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.int32]

CAPACITY = 2048
"""Tokens one forward pass takes at most (31 MB of workspace)."""


def aligned(shape: tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
    """A zeroed array whose first element is 64-byte aligned."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    shift = -raw.ctypes.data % ALIGNMENT
    return raw[shift : shift + size].view(dtype).reshape(shape)


class MiniLM:
    """Kernels, parameters and workspace. params is the content of params.bin, aligned."""

    def __init__(self, library: Path, runtime: Path, params: npt.NDArray[np.uint8]) -> None:
        import tvm_ffi  # late: the client imports this module's constants only

        # The kernels' thread pool lives here; it must be there before they are loaded.
        ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
        module = tvm_ffi.load_module(os.fspath(library))
        self._view: Callable[[npt.NDArray[Any]], object] = tvm_ffi.from_dlpack
        names = "embed layer_norm gemm_qkv attention gemm_out gemm_up gemm_down pool".split()
        self._kernel = {name: module[name] for name in names}
        self._params = {
            t.name: self._view(
                params[t.offset : t.offset + t.size].view(np.float32).reshape(t.shape)
            )
            for t in tensors()
        }
        self._none = self._view(aligned((1, 1), np.float32))
        widths = {"x": HIDDEN, "y": HIDDEN, "z": HIDDEN, "qkv": 3 * HIDDEN, "inner": INNER}
        self._space = {n: aligned((CAPACITY, w), np.float32) for n, w in widths.items()}
        self._ids = aligned((CAPACITY,), np.int32)
        self._places = aligned((CAPACITY,), np.int32)
        self._starts = aligned((CAPACITY + 1,), np.int32)
        self._pooled = aligned((CAPACITY, HIDDEN), np.float32)

    def encode(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Unit vectors, shape (len(texts), HIDDEN), of tokenised texts (with [CLS] and [SEP]).

        Each text has 1 to MAX_TOKENS ids below VOCABULARY; together at most CAPACITY. Raises
        ValueError otherwise: the kernels trust their input.
        """
        lengths = np.array([len(text) for text in texts], np.int64)
        ids = np.array([token for text in texts for token in text], np.int64)
        if not len(texts) or lengths.min() < 1 or lengths.max() > MAX_TOKENS:
            raise ValueError("every text has 1 to MAX_TOKENS tokens")
        if ids.size > CAPACITY or ids.min() < 0 or ids.max() >= VOCABULARY:
            raise ValueError("too many tokens, or one that is not in the vocabulary")
        ends = np.cumsum(lengths)
        self._starts[0] = 0
        self._starts[1 : len(texts) + 1] = ends
        self._ids[: ids.size] = ids
        self._places[: ids.size] = np.arange(ids.size) - np.repeat(ends - lengths, lengths)
        hidden = self._forward(ids.size, len(texts))
        return self._pool(hidden, ends - lengths, ends)

    def _forward(self, tokens: int, texts: int) -> object:
        """The last layer's states of the ids in the workspace, shape (tokens, HIDDEN)."""
        call, p = self._kernel, self._params
        x, y, z, qkv, inner = (
            self._view(self._space[name][:tokens]) for name in ("x", "y", "z", "qkv", "inner")
        )
        starts = self._view(self._starts[: texts + 1])
        ids, places = self._view(self._ids[:tokens]), self._view(self._places[:tokens])
        call["embed"](ids, places, p["words"], p["positions"], y)
        call["layer_norm"](y, p["norm.g"], p["norm.b"], x)
        for n in range(LAYERS):
            call["gemm_qkv"](x, p[f"{n}.qkv.w"], p[f"{n}.qkv.b"], self._none, qkv)
            call["attention"](qkv, starts, z)
            call["gemm_out"](z, p[f"{n}.out.w"], p[f"{n}.out.b"], x, y)
            call["layer_norm"](y, p[f"{n}.norm1.g"], p[f"{n}.norm1.b"], z)
            call["gemm_up"](z, p[f"{n}.up.w"], p[f"{n}.up.b"], self._none, inner)
            call["gemm_down"](inner, p[f"{n}.down.w"], p[f"{n}.down.b"], z, y)
            call["layer_norm"](y, p[f"{n}.norm2.g"], p[f"{n}.norm2.b"], x)
        return x

    def _pool(
        self, hidden: object, first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
    ) -> Floats:
        spans = len(first)
        start, end = aligned((spans,), np.int32), aligned((spans,), np.int32)
        start[:], end[:] = first, last
        out = self._pooled[:spans]
        self._kernel["pool"](hidden, self._view(start), self._view(end), self._view(out))
        norms = np.sqrt((out * out).sum(axis=1, keepdims=True))
        return np.asarray(out / np.maximum(norms, 1e-12), np.float32)
