"""The reader's layers (MiniLM in eight-bit integers, with heads), run by compiled kernels.

Rules kept here: every buffer a kernel sees is 64-byte aligned. Used from one thread: the workspace
is shared between passes. What a row comes to does not depend on the other rows of its pass. Only
`tvm_ffi` and the runtime library are needed, no compiler and no `tvm`.

Source: Devlin et al. 2018 (BERT).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.layout import HIDDEN, INNER, LAYERS, PANEL, VOCABULARY
from appliance.engine.encoder.minilm import aligned
from appliance.engine.reading.layout import HEADS_OUT, MAX_TOKENS, QUAD
from appliance.engine.reading.rows import Integers
from appliance.engine.reading.spans import Floats

CAPACITY = 2048
"""Tokens one pass takes at most (some 40 MB of workspace)."""
MATRICES = ("qkv", "out", "up", "down")
KERNELS = (
    "embed norm_and_round round_hidden round_inner attention exit heads "
    "gemm_qkv gemm_out gemm_up gemm_down"
).split()


class Layers:
    """Kernels, parameters and workspace of one pass.

    `states` (CAPACITY, HIDDEN) float32 holds the rows of the pass one after another, where `lay`
    has put them. words: the encoder's word embeddings (VOCABULARY, HIDDEN), aligned. weights come
    from weights.open_weights."""

    def __init__(
        self,
        library: Path,
        runtime: Path,
        words: Floats,
        weights: Mapping[str, npt.NDArray[np.generic]],
    ) -> None:
        import tvm_ffi  # late: the client runs no kernels

        # The kernels' thread pool lives here; it must be there before they are loaded.
        ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
        module = tvm_ffi.load_module(os.fspath(library))
        self._view: Callable[[npt.NDArray[Any]], object] = tvm_ffi.from_dlpack
        self._kernel = {name: module[name] for name in KERNELS}
        # VNNI takes one byte a code, the other levels two.
        narrow = library.stem.endswith("vnni")
        self._code: type[np.generic] = np.uint8 if narrow else np.int16
        self._quad: type[np.generic] = np.int32 if narrow else np.int64
        self._params = {name: self._view(array) for name, array in weights.items()}
        self._params["words"] = self._view(words)
        for name in (f"{n}.{matrix}" for n in range(LAYERS) for matrix in MATRICES):
            self._params[f"{name}.z"] = self._view(_begins(weights[f"{name}.w"]))
        self.states = aligned((CAPACITY, HIDDEN), np.float32)
        widths = {"y": HIDDEN, "z": HIDDEN, "qkv": 3 * HIDDEN, "inner": INNER}
        self._space = {n: aligned((CAPACITY, w), np.float32) for n, w in widths.items()}
        self._codes = {k: aligned((CAPACITY, k), self._code) for k in (HIDDEN, INNER)}
        self._scales = aligned((CAPACITY,), np.float32)
        self._marks = {n: aligned((CAPACITY,), np.int32) for n in ("ids", "places", "kinds")}
        self._starts = aligned((CAPACITY + 1,), np.int32)
        self._values = {n: aligned((CAPACITY, n), np.float32) for n in (1, len(HEADS_OUT))}
        self._none = self._view(aligned((1, 1), np.float32))
        self._count = self._rows = 0

    def lay(self, lengths: Sequence[int]) -> list[slice]:
        """Begins a pass of rows of so many tokens; returns where each lies. Each has 1 to
        MAX_TOKENS, together at most CAPACITY: raises ValueError otherwise, the kernels trust their
        input."""
        ends = np.cumsum(np.array(lengths, np.int64))
        if not len(lengths) or min(lengths) < 1 or max(lengths) > MAX_TOKENS or ends[-1] > CAPACITY:
            raise ValueError("every row has 1 to MAX_TOKENS tokens, all together CAPACITY")
        self._count, self._rows = int(ends[-1]), len(lengths)
        self._starts[0] = 0
        self._starts[1 : len(lengths) + 1] = ends
        begins = (ends - np.array(lengths)).tolist()
        return [slice(begin, end) for begin, end in zip(begins, ends.tolist(), strict=True)]

    def embed(self, rows: Sequence[tuple[Integers, int]]) -> None:
        """The states before the first layer, of the ids of each row and the first of them that is
        of token type 1. Raises ValueError for an id that is not in the vocabulary."""
        ids = np.concatenate([row for row, _ in rows])
        if ids.min() < 0 or ids.max() >= VOCABULARY:
            raise ValueError("a token is not in the vocabulary")
        places = np.concatenate([np.arange(len(row)) for row, _ in rows])
        kinds = np.concatenate([np.arange(len(row)) >= second for row, second in rows])
        for name, mark in (("ids", ids), ("places", places), ("kinds", kinds)):
            self._marks[name][: self._count] = mark
        marks = (self._cut(self._marks[name]) for name in ("ids", "places", "kinds"))
        p, y = self._params, self._cut(self._space["y"])
        self._kernel["embed"](*marks, p["words"], p["positions"], p["types"], y)
        self._norm("norm", y, self._cut(self.states))

    def resume(self) -> None:
        """Makes the states written to `states` the ones to go on from."""
        self._round(self._cut(self.states), HIDDEN)

    def run(self, layers: range) -> None:
        """The states through these layers, in place."""
        x, y, z = self._cut(self.states), self._cut(self._space["y"]), self._cut(self._space["z"])
        qkv, inner = self._cut(self._space["qkv"]), self._cut(self._space["inner"])
        starts = self._view(self._starts[: self._rows + 1])
        for n in layers:
            self._times(f"{n}.qkv", HIDDEN, self._none, qkv)
            self._kernel["attention"](qkv, starts, z)
            self._round(z, HIDDEN)
            self._times(f"{n}.out", HIDDEN, x, y)
            self._norm(f"{n}.norm1", y, z)
            self._times(f"{n}.up", HIDDEN, self._none, inner)
            self._round(inner, INNER)
            self._times(f"{n}.down", INNER, z, y)
            self._norm(f"{n}.norm2", y, x)

    def exits(self) -> Floats:
        """The exit's value of each row's first token: (rows,)."""
        exits: Floats = self._outputs("exit", 1)[self._starts[: self._rows], 0]
        return exits

    def heads(self) -> Floats:
        """The values of HEADS_OUT of every token: (tokens, 4)."""
        return self._outputs("heads", len(HEADS_OUT))

    # --- steps ----------------------------------------------------------------------------------

    def _times(self, name: str, k: int, residual: object, to: object) -> None:
        """The rounded rows times a matrix."""
        quads = self._view(self._codes[k][: self._count].view(self._quad))
        weights = (self._params[f"{name}.{part}"] for part in "wzsb")
        matrix = name.partition(".")[2]
        self._kernel[f"gemm_{matrix}"](quads, self._cut(self._scales), *weights, residual, to)

    def _norm(self, name: str, given: object, to: object) -> None:
        """Layer norm, and its result rounded."""
        g, b = self._params[f"{name}.g"], self._params[f"{name}.b"]
        rounded = self._cut(self._codes[HIDDEN]), self._cut(self._scales)
        self._kernel["norm_and_round"](given, g, b, to, *rounded)

    def _round(self, given: object, k: int) -> None:
        kernel = self._kernel["round_hidden" if k == HIDDEN else "round_inner"]
        kernel(given, self._cut(self._codes[k]), self._cut(self._scales))

    def _outputs(self, name: str, count: int) -> Floats:
        values = self._values[count]
        weights = self._params[f"{name}.w"], self._params[f"{name}.b"]
        self._kernel[name](self._cut(self.states), *weights, self._cut(values))
        return values[: self._count].copy()

    def _cut(self, array: npt.NDArray[Any]) -> object:
        """What of the workspace this pass uses."""
        return self._view(array[: self._count])


def _begins(codes: npt.NDArray[np.generic]) -> Integers:
    """-128 times the sum of each output column's codes: what 128 added to each activation adds."""
    panels = codes.shape[0]
    begin = aligned((panels * PANEL,), np.int32)
    by_column = codes.reshape(panels, -1, PANEL, QUAD).astype(np.int32).sum(axis=(1, 3))
    begin[:] = -128 * by_column.reshape(-1)
    return begin
