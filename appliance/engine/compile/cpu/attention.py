# ruff: noqa: N806, C901, PLR0912, PLR0915, PLR0917, ANN001, ANN202
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
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.running.blocks import PAGE

LOWEST = -1e30
SPAN = 4
"""Pages whose scores are weighed together."""


def turned_head(dims: int, cache: str) -> Any:  # noqa: ANN401 - TVM has no types
    """What `turn_and_keep` does for one row and one key-value head: part of a kernel."""

    @T.inline
    def read(x, bias, row, first, head, wide):
        for d in T.serial(dims):
            wide[d] = T.float32(0)
        for d in T.serial(head):
            wide[d] = x[row, first + d] + bias[first + d]

    @T.inline
    def turn(wide, turned, scale, weights, turns, position, half, head, normed, eps):
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
            turned[d] = wide[d] * turns[position, d] - wide[d + half] * turns[position, half + d]
        for d in T.serial(half):
            turned[d + half] = (
                wide[d + half] * turns[position, d] + wide[d] * turns[position, half + d]
            )

    @T.inline
    def run(x, bias, qn, kn, turns, rows, tables, q, keys, values,
            row, shared, h, kv, half, head, normed, eps):  # fmt: skip
        wide = stack(dims, "float32")
        turned = stack(dims, "float32")
        scale = stack(1, "float32")
        position = T.meta_var(rows[row, 1])
        page = T.meta_var(tables[rows[row, 0], position // PAGE])
        place = T.meta_var(position % PAGE)
        for n in T.serial(h // kv):
            who = T.meta_var(shared * (h // kv) + n)
            read(x, bias, row, who * head, head, wide)
            turn(wide, turned, scale, qn, turns, position, half, head, normed, eps)
            for d in T.serial(dims):
                q[row, who, d] = turned[d]
        read(x, bias, row, (h + shared) * head, head, wide)
        turn(wide, turned, scale, kn, turns, position, half, head, normed, eps)
        for d in T.serial(dims):
            keys[page, shared, d, place] = T.Cast(cache, turned[d])
        read(x, bias, row, (h + kv + shared) * head, head, wide)
        for d in T.serial(dims):
            values[page, shared, place, d] = T.Cast(cache, wide[d])

    return run


def turn_and_keep(isa: Isa, dims: int, cache: str) -> Any:  # noqa: ANN401
    """Adds the bias, norms heads where obliged, turns queries and keys, writes keys and values.

    turns (context, 2 * half) float32: cosines, then sines, for the pairs (i, i + half); half may
    be less than head / 2. normed 0 leaves queries and keys as they are."""
    one = turned_head(dims, cache)

    @T.prim_func(s_tir=True)
    def kernel(qkv: T.handle, bias: T.handle, qn: T.handle, kn: T.handle, turns: T.handle, rows: T.handle, tables: T.handle, q: T.handle, keys: T.handle, values: T.handle, head: T.int32, normed: T.int32, eps: T.float32):  # noqa: E501  # fmt: skip
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
        for i in T.parallel(m):
            for a in T.serial(kv):
                one(X, B, QN, KN, C, R, P, Q, K, V, i, a, h, kv, half2 // 2, head, normed, eps)

    return rooted(kernel)


def attended(isa: Isa, dims: int, cache: str, queries: int) -> Any:  # noqa: ANN401
    """What `attention` does in one task, a tile and a key-value head: part of a kernel."""
    lanes, v = isa.lanes, isa.vector
    halves, across = SPAN * PAGE // lanes, dims // lanes
    # What registers hold at once: `deep` queries by `wide` vectors of dimensions.
    wide = max(n for n in (1, 2, 3, 4) if across % n == 0)
    deep = min(queries, 4 if lanes == 16 else 2)

    @T.inline
    def run(q, keys, values, rows, tables, tiles, out,
            task, t, h, kv, head, window, scale, cap):  # fmt: skip
        shared = T.meta_var(task // t)
        tile = T.meta_var(task % t)
        group = T.meta_var(T.Cast("int32", h // kv))
        amount = T.meta_var(tiles[tile, 1] * group)
        for batch in T.serial((amount + queries - 1) // queries):
            asked = stack(queries * dims, "float32")
            score = stack(queries * SPAN * PAGE, "float32")
            acc = stack(queries * dims, "float32")
            kept = stack(deep * wide * lanes, "float32")
            mass = stack(queries * lanes, "float32")
            fall = stack(queries * lanes, "float32")
            most_of = stack(lanes, "float32")
            top = stack(queries + 1, "float32")
            row = stack(queries, "int32")
            who = stack(queries, "int32")
            span = stack(3, "int32")
            for i in T.unroll(queries):
                n = T.meta_var(T.min(batch * queries + i, amount - 1))
                row[i] = tiles[tile, 0] + n // group
                who[i] = T.Cast("int32", shared) * group + n % group
                top[i] = T.float32(LOWEST)
                mass[T.ramp(i * lanes, 1, lanes)] = v.splat(0.0)
                for j in T.unroll(across):
                    at = T.meta_var(T.ramp(i * dims + j * lanes, 1, lanes))
                    acc[at] = v.splat(0.0)
                    asked[at] = q[row[i], who[i], T.ramp(j * lanes, 1, lanes)] * T.broadcast(
                        scale, lanes
                    )
            # Rows follow one another: the first sees the oldest token, the last the newest.
            span[0] = T.if_then_else(window > 0, T.max(rows[row[0], 1] - window + 1, 0) // PAGE, 0)
            span[1] = rows[row[queries - 1], 1] // PAGE
            for step in T.serial((span[1] - span[0] + SPAN) // SPAN):
                first = T.meta_var(span[0] + step * SPAN)
                for s in T.unroll(halves):
                    number = T.meta_var(T.min(first + s * lanes // PAGE, span[1]))
                    span[2] = tables[rows[row[0], 0], number]
                    within = T.meta_var(T.ramp(s * lanes % PAGE, 1, lanes))
                    for i in T.unroll(queries):
                        score[T.ramp((i * halves + s) * lanes, 1, lanes)] = v.splat(0.0)
                    for d in T.serial(dims):
                        for i in T.unroll(queries):
                            at = T.meta_var(T.ramp((i * halves + s) * lanes, 1, lanes))
                            score[at] = score[at] + isa.floats(
                                keys[span[2], shared, d, within]
                            ) * T.broadcast(asked[i * dims + d], lanes)
                for i in T.unroll(queries):
                    last = T.meta_var(rows[row[i], 1])
                    oldest = T.meta_var(T.if_then_else(window > 0, last - window + 1, 0))
                    most_of[T.ramp(0, 1, lanes)] = v.splat(LOWEST)
                    for s in T.unroll(halves):
                        at = T.meta_var(T.ramp((i * halves + s) * lanes, 1, lanes))
                        token = T.meta_var(T.ramp(first * PAGE + s * lanes, 1, lanes))
                        seen = T.meta_var(
                            T.bitwise_and(
                                token <= T.broadcast(last, lanes),
                                token >= T.broadcast(oldest, lanes),
                            )
                        )
                        if cap > T.float32(0):
                            score[at] = T.broadcast(cap, lanes) * v.tanh(
                                score[at] / T.broadcast(cap, lanes)
                            )
                        score[at] = T.Select(seen, score[at], v.splat(LOWEST))
                        most_of[T.ramp(0, 1, lanes)] = T.max(
                            most_of[T.ramp(0, 1, lanes)], score[at]
                        )
                    # Pages without a token this query sees leave everything as it was.
                    top[queries] = T.max(top[i], v.highest(most_of[T.ramp(0, 1, lanes)]))
                    one = T.meta_var(T.ramp(i * lanes, 1, lanes))
                    fall[one] = v.exp(T.broadcast(top[i] - top[queries], lanes))
                    top[i] = top[queries]
                    mass[one] = mass[one] * fall[one]
                    for s in T.unroll(halves):
                        at = T.meta_var(T.ramp((i * halves + s) * lanes, 1, lanes))
                        score[at] = T.Select(
                            score[at] > v.splat(LOWEST / 2),
                            v.exp(score[at] - T.broadcast(top[i], lanes)),
                            v.splat(0.0),
                        )
                        mass[one] = mass[one] + score[at]
                for part in T.unroll(queries // deep):
                    for side in T.unroll(across // wide):
                        for i in T.unroll(deep):
                            for j in T.unroll(wide):
                                who_at = T.meta_var(part * deep + i)
                                at = T.meta_var(who_at * dims + (side * wide + j) * lanes)
                                kept[T.ramp((i * wide + j) * lanes, 1, lanes)] = (
                                    acc[T.ramp(at, 1, lanes)]
                                    * fall[T.ramp(who_at * lanes, 1, lanes)]
                                )
                        for p in T.serial(T.min(SPAN, span[1] - first + 1)):
                            span[2] = tables[rows[row[0], 0], first + p]
                            newest = T.meta_var(rows[row[queries - 1], 1] - (first + p) * PAGE + 1)
                            for token in T.serial(T.min(PAGE, newest)):
                                for i in T.unroll(deep):
                                    for j in T.unroll(wide):
                                        at = T.meta_var(T.ramp((i * wide + j) * lanes, 1, lanes))
                                        here = T.meta_var(
                                            T.ramp((side * wide + j) * lanes, 1, lanes)
                                        )
                                        weight = T.meta_var(
                                            score[((part * deep + i) * SPAN + p) * PAGE + token]
                                        )
                                        kept[at] = kept[at] + isa.floats(
                                            values[span[2], shared, token, here]
                                        ) * T.broadcast(weight, lanes)
                        for i in T.unroll(deep):
                            for j in T.unroll(wide):
                                at = T.meta_var(
                                    (part * deep + i) * dims + (side * wide + j) * lanes
                                )
                                acc[T.ramp(at, 1, lanes)] = kept[
                                    T.ramp((i * wide + j) * lanes, 1, lanes)
                                ]
            for i in T.unroll(queries):
                if batch * queries + i < amount:
                    top[i] = T.float32(1) / v.total(mass[T.ramp(i * lanes, 1, lanes)])
                    for d in T.serial(head):
                        out[row[i], who[i] * head + d] = acc[i * dims + d] * top[i]

    return run


def attention(isa: Isa, dims: int, cache: str, queries: int) -> Any:  # noqa: ANN401
    """softmax(scale q k^T) v of each row and head, over the pages of the row's sequence.

    tiles (t, 2) int32: rows of one sequence that follow one another, as first row and count. A
    task is a tile and a key-value head; the heads that share it join in, `queries` of row and head
    at a time, SPAN pages at a time. window 0: all that came before. cap c > 0: scores become
    c tanh(score / c)."""
    one = attended(isa, dims, cache, queries)

    @T.prim_func(s_tir=True)
    def kernel(q: T.handle, keys: T.handle, values: T.handle, rows: T.handle, tables: T.handle, tiles: T.handle, out: T.handle, head: T.int32, window: T.int32, scale: T.float32, cap: T.float32):  # noqa: E501  # fmt: skip
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
        for task in T.parallel(kv * t):
            one(Q, K, V, R, P, N, Y, task, t, h, kv, head, window, scale, cap)

    return rooted(kernel)
