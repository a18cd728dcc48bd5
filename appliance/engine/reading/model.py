"""The reader (MiniLM in eight-bit integers, with heads), run by compiled kernels.

Rules kept here: every buffer a kernel sees is 64-byte aligned. Used from one thread: the workspace
is shared between calls. What a row comes to does not depend on the other rows: neither in a pass,
nor in the choice of those that go on. Only `tvm_ffi` and the runtime library are needed.

Sources: Devlin et al. 2018 (BERT); Nogueira and Cho 2019 (a question and a passage in one row);
Xin et al. 2020 (an exit between layers).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.layout import HIDDEN, INNER, LAYERS, PANEL, VOCABULARY
from appliance.engine.encoder.minilm import aligned
from appliance.engine.reading.layout import EXIT, HEADS_OUT, MAX_TOKENS, QUAD
from appliance.engine.reading.rows import Row
from appliance.engine.reading.spans import Floats

CAPACITY = 2048
"""Tokens one pass takes at most."""
MATRICES = {"qkv": (3 * HIDDEN, HIDDEN), "out": (HIDDEN, HIDDEN), "up": (INNER, HIDDEN),
            "down": (HIDDEN, INNER)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row came to. relevance and tokens ((pieces, 3): start, end, evidence) are None for a
    row that did not go on."""

    exit: float
    relevance: float | None = None
    tokens: Floats | None = None


class Reader:
    """Kernels, parameters and workspace. `words` are the encoder's word embeddings, (VOCABULARY,
    HIDDEN), aligned; `weights` come from weights.open_weights."""

    def __init__(
        self,
        library: Path,
        runtime: Path,
        words: Floats,
        weights: Mapping[str, npt.NDArray[np.generic]],
    ) -> None:
        import tvm_ffi  # late: the client imports no kernels

        # The kernels' thread pool lives here; it must be there before they are loaded.
        ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
        module = tvm_ffi.load_module(os.fspath(library))
        self._view: Callable[[npt.NDArray[Any]], object] = tvm_ffi.from_dlpack
        names = "embed norm_and_round round_hidden round_inner gemm_qkv attention gemm_out gemm_up"
        self._kernel = {name: module[name] for name in f"{names} gemm_down exit heads".split()}
        self._params = {name: self._view(array) for name, array in weights.items()}
        self._params["words"] = self._view(words)
        for layer in range(LAYERS):
            for name in MATRICES:
                begin = _begins(weights[f"{layer}.{name}.w"])
                self._params[f"{layer}.{name}.z"] = self._view(begin)
        self._none = self._view(aligned((1, 1), np.float32))
        widths = {"x": HIDDEN, "y": HIDDEN, "z": HIDDEN, "qkv": 3 * HIDDEN, "inner": INNER}
        self._space = {n: aligned((CAPACITY, w), np.float32) for n, w in widths.items()}
        self._scales = aligned((CAPACITY,), np.float32)
        # VNNI takes one byte a code, the other levels two.
        self._narrow = library.stem.endswith("vnni")
        self._codes = {
            k: aligned((CAPACITY, k), np.uint8 if self._narrow else np.int16)
            for k in (HIDDEN, INNER)
        }
        self._marks = {n: aligned((CAPACITY,), np.int32) for n in ("ids", "places", "kinds")}
        self._starts = aligned((CAPACITY + 1,), np.int32)
        self._values = aligned((CAPACITY, len(HEADS_OUT)), np.float32)
        self._first = aligned((CAPACITY, 1), np.float32)

    def read(self, rows: Sequence[Row], priors: Sequence[float], keep: int) -> list[Outcome]:
        """One Outcome a row. The `keep` rows of the highest exit + prior go through all layers;
        of equals the earlier.

        Each row has 1 to MAX_TOKENS ids below VOCABULARY; raises ValueError otherwise: the kernels
        trust their input."""
        _require(rows)
        exits = np.zeros(len(rows), np.float32)
        states: list[Floats] = [np.zeros((0, HIDDEN), np.float32)] * len(rows)
        for part in _passes(rows, range(len(rows))):
            for n, at in self._begin(rows, part):
                exits[n] = self._first[at.start, 0]
                states[n] = self._space["x"][at].copy()
        chosen = np.argsort(-(exits + np.array(priors, np.float32)), kind="stable")[:keep]
        outcomes = [Outcome(float(exit_)) for exit_ in exits]
        for part in _passes(rows, sorted(chosen.tolist())):
            for n, at in self._finish(rows, part, states):
                values = self._values[at]
                outcomes[n] = Outcome(
                    float(exits[n]), float(values[0, 0]), np.array(values[:, 1:])
                )
        return outcomes

    def _begin(self, rows: Sequence[Row], part: Sequence[int]) -> list[tuple[int, slice]]:
        """The rows of a pass through the first EXIT layers: states in x, values in `_first`."""
        places = self._lay(rows, part)
        for n, at in places:
            self._marks["ids"][at] = rows[n].ids
            self._marks["places"][at] = np.arange(at.stop - at.start)
            self._marks["kinds"][at] = np.arange(at.stop - at.start) >= rows[n].second
        count = places[-1][1].stop
        call, p = self._kernel, self._params
        ids, where, kinds = (self._view(mark[:count]) for mark in self._marks.values())
        x, y = self._view(self._space["x"][:count]), self._view(self._space["y"][:count])
        call["embed"](ids, where, kinds, p["words"], p["positions"], p["types"], y)
        codes, scales = self._view(self._codes[HIDDEN][:count]), self._view(self._scales[:count])
        call["norm_and_round"](y, p["norm.g"], p["norm.b"], x, codes, scales)
        self._layers(range(EXIT), count, len(part))
        call["exit"](x, p["exit.w"], p["exit.b"], self._view(self._first[:count]))
        return places

    def _finish(
        self, rows: Sequence[Row], part: Sequence[int], states: Sequence[Floats]
    ) -> list[tuple[int, slice]]:
        """The rows of a pass through the other layers, from their states: values in `_values`."""
        places = self._lay(rows, part)
        for n, at in places:
            self._space["x"][at] = states[n]
        count = places[-1][1].stop
        x = self._view(self._space["x"][:count])
        codes, scales = self._view(self._codes[HIDDEN][:count]), self._view(self._scales[:count])
        self._kernel["round_hidden"](x, codes, scales)
        self._layers(range(EXIT, LAYERS), count, len(part))
        values = self._view(self._values[:count])
        self._kernel["heads"](x, self._params["heads.w"], self._params["heads.b"], values)
        return places

    def _lay(self, rows: Sequence[Row], part: Sequence[int]) -> list[tuple[int, slice]]:
        """Where each row of a pass lies in the workspace."""
        lengths = np.array([len(rows[n].ids) for n in part])
        ends = np.cumsum(lengths)
        self._starts[0] = 0
        self._starts[1 : len(part) + 1] = ends
        begins = (ends - lengths).tolist()
        return [(n, slice(b, e)) for n, b, e in zip(part, begins, ends.tolist(), strict=True)]

    def _layers(self, layers: range, count: int, rows: int) -> None:
        """x and its codes through these layers, in place."""
        call, p, none = self._kernel, self._params, self._none
        x, y, z, qkv, inner = (self._view(array[:count]) for array in self._space.values())
        starts, scales = self._view(self._starts[: rows + 1]), self._view(self._scales[:count])
        codes, wide = (self._view(self._codes[k][:count]) for k in (HIDDEN, INNER))
        quads, wide_quads = (self._view(self._quads(k, count)) for k in (HIDDEN, INNER))

        def times(name: str, given: object, residual: object, to: object) -> None:
            weights = [p[f"{n}.{name}.{part}"] for part in "wzsb"]
            call[f"gemm_{name}"](given, scales, *weights, residual, to)

        for n in layers:
            times("qkv", quads, none, qkv)
            call["attention"](qkv, starts, z)
            call["round_hidden"](z, codes, scales)
            times("out", quads, x, y)
            call["norm_and_round"](y, p[f"{n}.norm1.g"], p[f"{n}.norm1.b"], z, codes, scales)
            times("up", quads, none, inner)
            call["round_inner"](inner, wide, scales)
            times("down", wide_quads, z, y)
            call["norm_and_round"](y, p[f"{n}.norm2.g"], p[f"{n}.norm2.b"], x, codes, scales)

    def _quads(self, k: int, count: int) -> npt.NDArray[Any]:
        """The codes of the workspace, four a number."""
        return self._codes[k][:count].view(np.int32 if self._narrow else np.int64)


def _begins(codes: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
    """-128 times the sum of each output column's codes: what 128 added to each activation adds."""
    panels = codes.shape[0]
    begin = aligned((panels * PANEL,), np.int32)
    by_column = codes.reshape(panels, -1, PANEL, QUAD).astype(np.int32).sum(axis=(1, 3))
    begin[:] = -128 * by_column.reshape(-1)
    return begin


def _require(rows: Sequence[Row]) -> None:
    for row in rows:
        if not 1 <= len(row.ids) <= MAX_TOKENS:
            raise ValueError("every row has 1 to MAX_TOKENS tokens")
        if row.ids.min() < 0 or row.ids.max() >= VOCABULARY:
            raise ValueError("a token is not in the vocabulary")


def _passes(rows: Sequence[Row], chosen: Sequence[int]) -> Iterator[list[int]]:
    """Runs of the chosen rows that fit the workspace together."""
    part: list[int] = []
    tokens = 0
    for n in chosen:
        if part and tokens + len(rows[n].ids) > CAPACITY:
            yield part
            part, tokens = [], 0
        part.append(n)
        tokens += len(rows[n].ids)
    if part:
        yield part
