# ruff: noqa: N806, C901, PLR0912, PLR0915, PLR0917
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""Rotary positions, the paged key-value cache, and attention over it.

Rules kept here: a sequence's tokens lie in pages of PAGE, named by its row of `tables`; inside a
page keys are transposed, so that one vector holds the same dimension of many tokens. Heads are
padded to `dims` dimensions (zeros). A row sees the tokens of its own sequence up to its own
position, whatever else is in the batch.

Shapes: m rows; h heads sharing kv key-value heads; d = dims.
  qkv    (m, n)                 query, key and value rows of `head` dimensions each
  q      (m, h, d) float32      turned, ready for `attention`
  keys   (pages, kv, d, PAGE)   float16 or float32
  values (pages, kv, PAGE, d)   float16 or float32
  rows   (m, 2) int32           a row's sequence (row of tables) and its position in it
  tables (sequences, most) int32
  out    (m, k) float32         heads of `head` dimensions one after another

Source: Su et al. 2021 (rotate-half form); Kwon et al. 2023 (paged attention); Milakov and
Gimelshein 2018 (softmax in one pass).
"""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.cpu.isa import Isa
from appliance.engine.compile.cpu.rooted import rooted
from appliance.engine.running.blocks import PAGE

LOWEST = -1e30


def turn_and_keep(isa: Isa, dims: int, cache: str) -> Any:  # noqa: ANN401 - TVM has no types
    """Adds the bias, norms heads where obliged, turns queries and keys, writes keys and values.

    turns (context, 2 * half) float32: cosines, then sines, for the pairs (i, i + half); half may
    be less than head / 2. normed 0 leaves queries and keys as they are."""

    @T.prim_func(s_tir=True)
    def kernel(qkv: T.handle, bias: T.handle, qn: T.handle, kn: T.handle, turns: T.handle, rows: T.handle, tables: T.handle, q: T.handle, keys: T.handle, values: T.handle, head: T.int32, normed: T.int32, eps: T.float32):  # noqa: ANN202, E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, n, h, kv, pages = T.int64(), T.int64(), T.int64(), T.int64(), T.int64()
        context, half2, sequences, most, nb, nh = (
            T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(),
        )  # fmt: skip
        X = T.match_buffer(qkv, (m, n), "float32")
        B = T.match_buffer(bias, (nb,), "float32")
        QN = T.match_buffer(qn, (nh,), "float32")
        KN = T.match_buffer(kn, (nh,), "float32")
        C = T.match_buffer(turns, (context, half2), "float32")
        R = T.match_buffer(rows, (m, 2), "int32")
        P = T.match_buffer(tables, (sequences, most), "int32")
        Q = T.match_buffer(q, (m, h, dims), "float32")
        K = T.match_buffer(keys, (pages, kv, dims, PAGE), cache)
        V = T.match_buffer(values, (pages, kv, PAGE, dims), cache)

        @T.inline
        def read(row, first, wide):
            for d in T.serial(dims):
                wide[d] = T.float32(0)
            for d in T.serial(head):
                wide[d] = X[row, first + d] + B[first + d]

        @T.inline
        def turn(row, wide, turned, weights):
            half = T.meta_var(T.Cast("int32", half2 // 2))
            position = T.meta_var(R[row, 1])
            scale = T.alloc_buffer((1,), "float32", scope="local")
            if normed != 0:
                scale[0] = T.float32(0)
                for d in T.serial(head):
                    scale[0] = scale[0] + wide[d] * wide[d]
                scale[0] = T.float32(1) / T.sqrt(scale[0] / T.Cast("float32", head) + eps)
                for d in T.serial(head):
                    wide[d] = wide[d] * scale[0] * weights[d]
            for d in T.serial(dims):
                turned[d] = wide[d]
            for d in T.serial(half):
                turned[d] = wide[d] * C[position, d] - wide[d + half] * C[position, half + d]
            for d in T.serial(half):
                turned[d + half] = wide[d + half] * C[position, d] + wide[d] * C[position, half + d]

        @T.inline
        def one(row):
            wide = T.alloc_buffer((dims,), "float32", scope="local")
            turned = T.alloc_buffer((dims,), "float32", scope="local")
            page = T.meta_var(P[R[row, 0], R[row, 1] // PAGE])
            place = T.meta_var(R[row, 1] % PAGE)
            for a in T.serial(h):
                read(row, a * head, wide)
                turn(row, wide, turned, QN)
                for d in T.serial(dims):
                    Q[row, a, d] = turned[d]
            for a in T.serial(kv):
                read(row, (h + a) * head, wide)
                turn(row, wide, turned, KN)
                for d in T.serial(dims):
                    K[page, a, d, place] = T.Cast(cache, turned[d])
            for a in T.serial(kv):
                read(row, (h + kv + a) * head, wide)
                for d in T.serial(dims):
                    V[page, a, place, d] = T.Cast(cache, wide[d])

        if m == T.int64(1):
            one(T.int64(0))
        else:
            for i in T.parallel(m):
                one(i)

    return rooted(kernel)


def attention(isa: Isa, dims: int, cache: str) -> Any:  # noqa: ANN401
    """softmax(scale q k^T) v of each row and head, over the pages of the row's sequence.

    tiles (t, 2) int32: rows of one sequence that follow one another, as first row and count; the
    heads that share a key-value head join in, `isa.queries` of row and head at a time. window 0:
    all that came before. cap c > 0: scores become c tanh(score / c)."""
    lanes, v, queries = isa.lanes, isa.vector, isa.queries
    halves, across = PAGE // lanes, dims // lanes

    @T.prim_func(s_tir=True)
    def kernel(q: T.handle, keys: T.handle, values: T.handle, rows: T.handle, tables: T.handle, tiles: T.handle, out: T.handle, head: T.int32, window: T.int32, scale: T.float32, cap: T.float32):  # noqa: ANN202, E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, k, h, kv, pages, t, sequences, most = (
            T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(),
        )  # fmt: skip
        Q = T.match_buffer(q, (m, h, dims), "float32")
        K = T.match_buffer(keys, (pages, kv, dims, PAGE), cache)
        V = T.match_buffer(values, (pages, kv, PAGE, dims), cache)
        R = T.match_buffer(rows, (m, 2), "int32")
        P = T.match_buffer(tables, (sequences, most), "int32")
        N = T.match_buffer(tiles, (t, 2), "int32")
        Y = T.match_buffer(out, (m, k), "float32")
        for task in T.parallel(t * kv):
            tile = T.meta_var(task // kv)
            shared = T.meta_var(task % kv)
            group = T.meta_var(T.Cast("int32", h // kv))
            amount = T.meta_var(N[tile, 1] * group)
            for batch in T.serial((amount + queries - 1) // queries):
                score = T.alloc_buffer((queries * PAGE,), "float32", scope="local")
                acc = T.alloc_buffer((queries * dims,), "float32", scope="local")
                mass = T.alloc_buffer((queries * lanes,), "float32", scope="local")
                top = T.alloc_buffer((queries,), "float32", scope="local")
                fall = T.alloc_buffer((queries,), "float32", scope="local")
                row = T.alloc_buffer((queries,), "int32", scope="local")
                who = T.alloc_buffer((queries,), "int32", scope="local")
                span = T.alloc_buffer((2,), "int32", scope="local")
                for i in T.unroll(queries):
                    n = T.meta_var(T.min(batch * queries + i, amount - 1))
                    row[i] = N[tile, 0] + n // group
                    who[i] = T.Cast("int32", shared) * group + n % group
                    top[i] = T.float32(LOWEST)
                    mass[T.ramp(i * lanes, 1, lanes)] = v.splat(0.0)
                    for j in T.unroll(across):
                        acc[T.ramp(i * dims + j * lanes, 1, lanes)] = v.splat(0.0)
                # Rows follow one another: the first sees the oldest token, the last the newest.
                span[0] = T.if_then_else(window > 0, T.max(R[row[0], 1] - window + 1, 0) // PAGE, 0)
                span[1] = R[row[queries - 1], 1] // PAGE + 1
                for p in T.serial(span[1] - span[0]):
                    number = T.meta_var(span[0] + p)
                    page = T.meta_var(P[R[row[0], 0], number])
                    for i in T.unroll(queries):
                        for s in T.unroll(halves):
                            score[T.ramp(i * PAGE + s * lanes, 1, lanes)] = v.splat(0.0)
                    for d in T.serial(dims):
                        for s in T.unroll(halves):
                            key = T.meta_var(
                                isa.floats(K[page, shared, d, T.ramp(s * lanes, 1, lanes)])
                            )
                            for i in T.unroll(queries):
                                at = T.meta_var(T.ramp(i * PAGE + s * lanes, 1, lanes))
                                score[at] = score[at] + key * T.broadcast(
                                    Q[row[i], who[i], d], lanes
                                )
                    for i in T.unroll(queries):
                        fall[i] = top[i]
                        for s in T.unroll(halves):
                            at = T.meta_var(T.ramp(i * PAGE + s * lanes, 1, lanes))
                            token = T.meta_var(T.ramp(number * PAGE + s * lanes, 1, lanes))
                            last = T.meta_var(R[row[i], 1])
                            oldest = T.meta_var(T.if_then_else(window > 0, last - window + 1, 0))
                            score[at] = score[at] * T.broadcast(scale, lanes)
                            if cap > T.float32(0):
                                score[at] = T.broadcast(cap, lanes) * v.tanh(
                                    score[at] / T.broadcast(cap, lanes)
                                )
                            score[at] = T.Select(
                                T.bitwise_and(
                                    token <= T.broadcast(last, lanes),
                                    token >= T.broadcast(oldest, lanes),
                                ),
                                score[at],
                                v.splat(LOWEST),
                            )
                            top[i] = T.max(top[i], v.highest(score[at]))
                        # A page without a token this query sees leaves everything as it was.
                        fall[i] = T.exp(fall[i] - top[i])
                        at_mass = T.meta_var(T.ramp(i * lanes, 1, lanes))
                        mass[at_mass] = mass[at_mass] * T.broadcast(fall[i], lanes)
                        for s in T.unroll(halves):
                            at = T.meta_var(T.ramp(i * PAGE + s * lanes, 1, lanes))
                            score[at] = T.Select(
                                score[at] > v.splat(LOWEST / 2),
                                v.exp(score[at] - T.broadcast(top[i], lanes)),
                                v.splat(0.0),
                            )
                            mass[at_mass] = mass[at_mass] + score[at]
                        for j in T.unroll(across):
                            at = T.meta_var(T.ramp(i * dims + j * lanes, 1, lanes))
                            acc[at] = acc[at] * T.broadcast(fall[i], lanes)
                    newest = T.meta_var(R[row[queries - 1], 1] - number * PAGE + 1)
                    for token in T.serial(T.min(PAGE, newest)):
                        for j in T.unroll(across):
                            value = T.meta_var(
                                isa.floats(V[page, shared, token, T.ramp(j * lanes, 1, lanes)])
                            )
                            for i in T.unroll(queries):
                                at = T.meta_var(T.ramp(i * dims + j * lanes, 1, lanes))
                                acc[at] = acc[at] + value * T.broadcast(
                                    score[i * PAGE + token], lanes
                                )
                for i in T.unroll(queries):
                    if batch * queries + i < amount:
                        fall[i] = T.float32(1) / v.total(mass[T.ramp(i * lanes, 1, lanes)])
                        for d in T.serial(head):
                            Y[row[i], who[i] * head + d] = acc[i * dims + d] * fall[i]

    return rooted(kernel)
