# ruff: noqa: N806, C901, PLR0912, PLR0915, E741
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""The encoder's kernels, written by hand in TIR for a vector width.

Rules kept here: texts of any length are laid one after another, so that no arithmetic is spent on
padding; `starts` (int32, texts + 1 entries) says where each begins. Every buffer is row-major
float32, 64-byte aligned. Weights are stored in panels of PANEL output columns, [N/PANEL][K][PANEL],
the same for every width, so one parameter file serves every library. A row's result does not
depend on which other rows are in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tvm
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.lanes import Lanes
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.encoder.layout import (
    HEAD,
    HEADS,
    HIDDEN,
    INNER,
    MAX_TOKENS,
    PANEL,
    VOCABULARY,
)

CHUNK = 20  # row tiles that share a weight tile while it is in the second-level cache


@dataclass(frozen=True, slots=True)
class Tiling:
    """What fits the registers: AVX-512 has 32 of 16 lanes, AVX2 16 of 8.

    A GEMM tile is rows x vectors accumulators; an attention tile is `queries` x HEAD.
    """

    lanes: int
    rows: int
    vectors: int
    queries: int


AVX2 = Tiling(lanes=8, rows=6, vectors=2, queries=3)
AVX512 = Tiling(lanes=16, rows=6, vectors=4, queries=6)


def gemm(tiling: Tiling, n: int, k: int, epilogue: str) -> Any:  # noqa: ANN401
    """y = x W^T + b, then nothing, GELU, or the residual r added (epilogue "none", "gelu", "add").

    x (m, k), w panels, b (n,), r (m, n) or (1, 1), y (m, n). Rows past the end repeat the last one
    and are not stored.
    """
    v = Lanes(tiling.lanes)
    lanes, rows, vectors = tiling.lanes, tiling.rows, tiling.vectors
    tiles = n // (lanes * vectors)
    add, gelu = epilogue == "add", epilogue == "gelu"

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, w: T.handle, b: T.handle, r: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        m_r = T.int64()
        n_r = T.int64()
        X = T.match_buffer(x, (m, k), "float32")
        W = T.match_buffer(w, (n // PANEL, k, PANEL), "float32")
        B = T.match_buffer(b, (n,), "float32")
        R = T.match_buffer(r, (m_r, n_r), "float32")
        Y = T.match_buffer(y, (m, n), "float32")
        for task in T.parallel((m + rows * CHUNK - 1) // (rows * CHUNK) * tiles):
            column = T.meta_var(task % tiles * vectors)  # in vectors
            top = T.meta_var(task // tiles * CHUNK * rows)
            for tile in T.serial(T.min(CHUNK, (m - top + rows - 1) // rows)):
                row = T.meta_var(top + tile * rows)
                acc = stack(rows * vectors * lanes, "float32")
                for i in T.unroll(rows):
                    for j in T.unroll(vectors):
                        at = T.meta_var(T.ramp((i * vectors + j) * lanes, 1, lanes))
                        acc[at] = B[T.ramp((column + j) * lanes, 1, lanes)]
                for c in T.serial(k):
                    for i in T.unroll(rows):
                        for j in T.unroll(vectors):
                            at = T.meta_var(T.ramp((i * vectors + j) * lanes, 1, lanes))
                            first = T.meta_var((column + j) * lanes)
                            inside = T.meta_var(T.ramp(first % PANEL, 1, lanes))
                            acc[at] = (
                                acc[at]
                                + T.broadcast(X[T.min(row + i, m - 1), c], lanes)
                                * W[first // PANEL, c, inside]
                            )
                for i in T.unroll(rows):
                    if row + i < m:
                        for j in T.unroll(vectors):
                            at = T.meta_var(T.ramp((i * vectors + j) * lanes, 1, lanes))
                            to = T.meta_var(T.ramp((column + j) * lanes, 1, lanes))
                            Y[row + i, to] = (
                                v.gelu(acc[at])
                                if gelu
                                else acc[at] + R[row + i, to]
                                if add
                                else acc[at]
                            )

    return rooted(kernel)


def layer_norm(tiling: Tiling) -> Any:  # noqa: ANN401
    """y = (x - mean) / sqrt(variance + 1e-12) * g + b, over rows of HIDDEN."""
    v = Lanes(tiling.lanes)
    lanes = tiling.lanes

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, g: T.handle, b: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, HIDDEN), "float32")
        G = T.match_buffer(g, (HIDDEN,), "float32")
        B = T.match_buffer(b, (HIDDEN,), "float32")
        Y = T.match_buffer(y, (m, HIDDEN), "float32")
        for i in T.parallel(m):
            part = stack(lanes, "float32")
            stat = stack(2, "float32")
            part[T.ramp(0, 1, lanes)] = v.splat(0.0)
            for c in T.serial(HIDDEN // lanes):
                part[T.ramp(0, 1, lanes)] = (
                    part[T.ramp(0, 1, lanes)] + X[i, T.ramp(c * lanes, 1, lanes)]
                )
            stat[0] = v.total(part[T.ramp(0, 1, lanes)]) * T.float32(1 / HIDDEN)
            part[T.ramp(0, 1, lanes)] = v.splat(0.0)
            for c in T.serial(HIDDEN // lanes):
                part[T.ramp(0, 1, lanes)] = part[T.ramp(0, 1, lanes)] + (
                    X[i, T.ramp(c * lanes, 1, lanes)] - T.broadcast(stat[0], lanes)
                ) * (X[i, T.ramp(c * lanes, 1, lanes)] - T.broadcast(stat[0], lanes))
            stat[1] = T.float32(1) / T.sqrt(
                v.total(part[T.ramp(0, 1, lanes)]) * T.float32(1 / HIDDEN) + T.float32(1e-12)
            )
            for c in T.serial(HIDDEN // lanes):
                Y[i, T.ramp(c * lanes, 1, lanes)] = (
                    X[i, T.ramp(c * lanes, 1, lanes)] - T.broadcast(stat[0], lanes)
                ) * T.broadcast(stat[1], lanes) * G[T.ramp(c * lanes, 1, lanes)] + B[
                    T.ramp(c * lanes, 1, lanes)
                ]

    return rooted(kernel)


def attention(tiling: Tiling, most: int) -> Any:  # noqa: ANN401
    """softmax(Q K^T / sqrt(HEAD)) V within each text, one task a text and head.

    x (m, 3 HIDDEN) holds Q, K and V side by side; starts (texts + 1,); y (m, HIDDEN). A text has at
    most `most` rows, a multiple of PANEL. Keys are transposed into blocks of PANEL first, so that
    scores come out as vectors over keys; keys past the end score -1e30.
    """
    v = Lanes(tiling.lanes)
    lanes, queries = tiling.lanes, tiling.queries
    halves = PANEL // lanes  # vectors a block of keys takes
    across = HEAD // lanes  # vectors a head takes

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, starts: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        texts = T.int64()
        X = T.match_buffer(x, (m, 3 * HIDDEN), "float32")
        S = T.match_buffer(starts, (texts,), "int32")
        Y = T.match_buffer(y, (m, HIDDEN), "float32")
        for task in T.parallel((texts - 1) * HEADS):
            start = T.meta_var(S[task // HEADS])
            length = T.meta_var(S[task // HEADS + 1] - S[task // HEADS])
            head = T.meta_var(task % HEADS * HEAD)
            keys = T.alloc_buffer((most * HEAD,), "float32", scope="global")
            for p in T.serial((length + PANEL - 1) // PANEL):
                for d in T.serial(HEAD):
                    for t in T.serial(PANEL):
                        key = T.meta_var(start + T.min(p * PANEL + t, length - 1))
                        keys[(p * HEAD + d) * PANEL + t] = X[key, HIDDEN + head + d]
            for q in T.serial((length + queries - 1) // queries):
                score = stack(most * queries, "float32")
                block = stack(queries * PANEL, "float32")
                top = stack(queries * lanes, "float32")
                mass = stack(queries * lanes, "float32")
                out = stack(queries * HEAD, "float32")
                scale = stack(queries, "float32")
                for i in T.unroll(queries):
                    top[T.ramp(i * lanes, 1, lanes)] = v.splat(-1e30)
                    mass[T.ramp(i * lanes, 1, lanes)] = v.splat(0.0)
                    for j in T.unroll(across):
                        out[T.ramp(i * HEAD + j * lanes, 1, lanes)] = v.splat(0.0)
                # Scores of these queries against all keys, and the highest of each.
                for p in T.serial((length + PANEL - 1) // PANEL):
                    for i in T.unroll(queries * halves):
                        block[T.ramp(i * lanes, 1, lanes)] = v.splat(0.0)
                    for d in T.serial(HEAD):
                        for i in T.unroll(queries):
                            for h in T.unroll(halves):
                                query = T.meta_var(start + T.min(q * queries + i, length - 1))
                                at = T.meta_var(T.ramp(i * PANEL + h * lanes, 1, lanes))
                                these = T.meta_var((p * HEAD + d) * PANEL + h * lanes)
                                block[at] = (
                                    block[at]
                                    + T.broadcast(X[query, head + d], lanes)
                                    * keys[T.ramp(these, 1, lanes)]
                                )
                    for i in T.unroll(queries):
                        for h in T.unroll(halves):
                            at = T.meta_var(T.ramp(i * PANEL + h * lanes, 1, lanes))
                            key = T.meta_var(T.ramp(p * PANEL + h * lanes, 1, lanes))
                            kept = T.meta_var((p * queries + i) * PANEL + h * lanes)
                            lane = T.meta_var(T.ramp(i * lanes, 1, lanes))
                            block[at] = T.Select(
                                key < T.broadcast(length, lanes),
                                block[at] * v.splat(HEAD**-0.5),
                                v.splat(-1e30),
                            )
                            score[T.ramp(kept, 1, lanes)] = block[at]
                            top[lane] = T.max(top[lane], block[at])
                for i in T.unroll(queries):
                    scale[i] = v.highest(top[T.ramp(i * lanes, 1, lanes)])
                # exp(score - highest), its sum, and the values weighted by it.
                for p in T.serial((length + PANEL - 1) // PANEL):
                    for i in T.unroll(queries):
                        for h in T.unroll(halves):
                            at = T.meta_var(T.ramp(i * PANEL + h * lanes, 1, lanes))
                            kept = T.meta_var((p * queries + i) * PANEL + h * lanes)
                            lane = T.meta_var(T.ramp(i * lanes, 1, lanes))
                            block[at] = v.exp(
                                score[T.ramp(kept, 1, lanes)] - T.broadcast(scale[i], lanes)
                            )
                            mass[lane] = mass[lane] + block[at]
                    for t in T.serial(T.min(PANEL, length - p * PANEL)):
                        for i in T.unroll(queries):
                            for j in T.unroll(across):
                                at = T.meta_var(T.ramp(i * HEAD + j * lanes, 1, lanes))
                                value = T.meta_var(2 * HIDDEN + head + j * lanes)
                                out[at] = (
                                    out[at]
                                    + T.broadcast(block[i * PANEL + t], lanes)
                                    * X[start + p * PANEL + t, T.ramp(value, 1, lanes)]
                                )
                for i in T.unroll(queries):
                    if q * queries + i < length:
                        scale[i] = T.float32(1) / v.total(mass[T.ramp(i * lanes, 1, lanes)])
                        for j in T.unroll(across):
                            at = T.meta_var(T.ramp(i * HEAD + j * lanes, 1, lanes))
                            to = T.meta_var(T.ramp(head + j * lanes, 1, lanes))
                            Y[start + q * queries + i, to] = out[at] * T.broadcast(scale[i], lanes)

    return rooted(kernel)


def embed(tiling: Tiling) -> Any:  # noqa: ANN401
    """y = words[ids] + positions[places]; the one token type is folded into the positions."""
    lanes = tiling.lanes

    @T.prim_func(s_tir=True)
    def kernel(ids: T.handle, places: T.handle, words: T.handle, positions: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        I = T.match_buffer(ids, (m,), "int32")
        P = T.match_buffer(places, (m,), "int32")
        W = T.match_buffer(words, (VOCABULARY, HIDDEN), "float32")
        E = T.match_buffer(positions, (MAX_TOKENS, HIDDEN), "float32")
        Y = T.match_buffer(y, (m, HIDDEN), "float32")
        for i in T.parallel(m):
            for c in T.serial(HIDDEN // lanes):
                Y[i, T.ramp(c * lanes, 1, lanes)] = (
                    W[I[i], T.ramp(c * lanes, 1, lanes)] + E[P[i], T.ramp(c * lanes, 1, lanes)]
                )

    return rooted(kernel)


def pool(tiling: Tiling) -> Any:  # noqa: ANN401
    """y[s] = mean of the rows [first[s], last[s]) of x. Spans may overlap and are never empty."""
    lanes = tiling.lanes

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, first: T.handle, last: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        spans = T.int64()
        X = T.match_buffer(x, (m, HIDDEN), "float32")
        F = T.match_buffer(first, (spans,), "int32")
        L = T.match_buffer(last, (spans,), "int32")
        Y = T.match_buffer(y, (spans, HIDDEN), "float32")
        for s in T.parallel(spans):
            for c in T.serial(HIDDEN // lanes):
                part = stack(lanes, "float32")
                part[T.ramp(0, 1, lanes)] = T.broadcast(T.float32(0), lanes)
                for t in T.serial(L[s] - F[s]):
                    part[T.ramp(0, 1, lanes)] = (
                        part[T.ramp(0, 1, lanes)] + X[F[s] + t, T.ramp(c * lanes, 1, lanes)]
                    )
                Y[s, T.ramp(c * lanes, 1, lanes)] = part[T.ramp(0, 1, lanes)] / T.broadcast(
                    T.Cast("float32", L[s] - F[s]), lanes
                )

    return rooted(kernel)


def module(tiling: Tiling) -> Any:  # noqa: ANN401
    """All kernels of the encoder under the names `encoder.minilm` calls them by."""
    functions = {
        "embed": embed(tiling),
        "layer_norm": layer_norm(tiling),
        "gemm_qkv": gemm(tiling, 3 * HIDDEN, HIDDEN, "none"),
        "attention": attention(tiling, MAX_TOKENS),
        "gemm_out": gemm(tiling, HIDDEN, HIDDEN, "add"),
        "gemm_up": gemm(tiling, INNER, HIDDEN, "gelu"),
        "gemm_down": gemm(tiling, HIDDEN, INNER, "add"),
        "pool": pool(tiling),
    }
    return tvm.IRModule(
        {name: function.with_attr("global_symbol", name) for name, function in functions.items()}
    )
