# ruff: noqa: N806, C901, PLR0917, ANN001, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""Matrix times activations: y = x W^T, or y += x W^T where `adding` is not 0.

Rules kept here: weights lie in blocks of BLOCK rows, so that one vector of them belongs to BLOCK
different outputs and no sum crosses lanes; every library reads the same blocks. Sizes are
arguments: rows of W are a multiple of BLOCK, columns of GROUP (padding has scale or weight zero).
A row's result does not depend on which other rows are in the batch: the order of every sum is the
same for one row and for many.

Shapes: m rows of x; b blocks of W's rows; g groups of its columns.
  codes  (b, OCTETS * g, BLOCK) uint32       eight codes of one row, the first in the lowest bits
  scales (b, g, BLOCK) float16 or float32
  plain  (b, GROUP * g, BLOCK) float16 or float32
  x      (m, GROUP * g) float32
  x8     (m, GROUP * g) int8                 each eight reordered 0 2 4 6 1 3 5 7: as codes come out
  xs     (m, g) float32                      what a group's integers are multiplied with
  xz     (m, g) float32                      -7 * xs * sum of the group: codes are weights + 7
  y      (m, BLOCK * b) float32
"""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.cpu.isa import Isa
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.running.blocks import BLOCK, GROUP, OCTETS

AHEAD = 128
"""Vectors of weights asked for before they are needed: with several rows a core computes too long
on one to have the next on its way in time. 64, 256 and 512 were slower."""


def kept(isa: Isa, rows: int) -> Any:  # noqa: ANN401 - TVM has no types
    """The sums of a tile into y, or added to it: the end of every kernel here."""
    lanes = isa.lanes
    parts = BLOCK // lanes

    @T.inline
    def run(acc, y, block, top, m, adding):
        for i in T.unroll(rows):
            if top + i < m:
                for p in T.unroll(parts):
                    at = T.meta_var(T.ramp((i * parts + p) * lanes, 1, lanes))
                    to = T.meta_var(T.ramp(block * BLOCK + p * lanes, 1, lanes))
                    if adding != 0:
                        y[top + i, to] = y[top + i, to] + acc[at]
                    else:
                        y[top + i, to] = acc[at]

    return run


def int8_tile(isa: Isa, rows: int) -> Any:  # noqa: ANN401 - TVM has no types
    """`rows` rows of x, from `top` on, times one block of rows of W: part of a kernel."""
    lanes, width = isa.lanes, isa.sum_width
    parts = BLOCK // lanes
    tiles, keep = rows * parts, kept(isa, rows)

    @T.inline
    def run(w, s, x, xs, xz, y, block, top, m, g, adding):
        acc = stack(tiles * lanes, "float32")
        part = stack(tiles * width, isa.sum_scalar)
        for t in T.unroll(tiles):
            acc[T.ramp(t * lanes, 1, lanes)] = isa.vector.splat(0.0)
        for group in T.serial(g):
            for o in T.unroll(OCTETS):
                T.evaluate(isa.prefetch(w[block, group * OCTETS + o + AHEAD, 0]))
            T.evaluate(isa.prefetch(s[block, group + AHEAD // OCTETS, 0]))
            for t in T.unroll(tiles):
                part[T.ramp(t * width, 1, width)] = isa.nothing()
            for o in T.unroll(OCTETS):
                for p in T.unroll(parts):
                    here = T.meta_var(T.ramp(p * lanes, 1, lanes))
                    words = T.meta_var(w[block, group * OCTETS + o, here])
                    for i in T.unroll(rows):
                        row = T.meta_var(T.min(top + i, m - 1))
                        at = T.meta_var(T.ramp((i * parts + p) * width, 1, width))
                        first = T.meta_var(group * GROUP + o * 8)
                        low = T.meta_var(isa.repeated(x[row, T.ramp(first, 1, 4)]))
                        high = T.meta_var(isa.repeated(x[row, T.ramp(first + 4, 1, 4)]))
                        part[at] = isa.add_products(part[at], isa.low_codes(words), low)
                        part[at] = isa.add_products(part[at], isa.high_codes(words), high)
            for p in T.unroll(parts):
                here = T.meta_var(T.ramp(p * lanes, 1, lanes))
                weight = T.meta_var(isa.floats(s[block, group, here]))
                for i in T.unroll(rows):
                    row = T.meta_var(T.min(top + i, m - 1))
                    at = T.meta_var(T.ramp((i * parts + p) * lanes, 1, lanes))
                    sums = T.meta_var(part[T.ramp((i * parts + p) * width, 1, width)])
                    acc[at] = acc[at] + weight * (
                        isa.summed(sums) * T.broadcast(xs[row, group], lanes)
                        + T.broadcast(xz[row, group], lanes)
                    )
        keep(acc, y, block, top, m, adding)

    return run


def packed_by_int8(isa: Isa, rows: int, scale: str) -> Any:  # noqa: ANN401
    """Four-bit weights, eight-bit activations: a group's products are summed in integers."""
    one = int8_tile(isa, rows)

    @T.prim_func(s_tir=True)
    def kernel(codes: T.handle, scales: T.handle, x8: T.handle, xs: T.handle, xz: T.handle, y: T.handle, adding: T.int32):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, b, g = T.int64(), T.int64(), T.int64()
        W = T.match_buffer(codes, (b, g * OCTETS, BLOCK), "uint32")
        S = T.match_buffer(scales, (b, g, BLOCK), scale)
        X = T.match_buffer(x8, (m, g * GROUP), "int8")
        XS = T.match_buffer(xs, (m, g), "float32")
        XZ = T.match_buffer(xz, (m, g), "float32")
        Y = T.match_buffer(y, (m, b * BLOCK), "float32")
        for block in T.parallel(b):
            for tile in T.serial((m + rows - 1) // rows):
                one(W, S, X, XS, XZ, Y, block, tile * rows, m, g, adding)

    return rooted(kernel)


def packed_exactly(isa: Isa, rows: int, scale: str) -> Any:  # noqa: ANN401
    """Four-bit weights, float32 activations: nothing is rounded but in float32."""
    lanes = isa.lanes
    parts = BLOCK // lanes
    tiles, keep = rows * parts, kept(isa, rows)

    @T.prim_func(s_tir=True)
    def kernel(codes: T.handle, scales: T.handle, x: T.handle, y: T.handle, adding: T.int32):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, b, g = T.int64(), T.int64(), T.int64()
        W = T.match_buffer(codes, (b, g * OCTETS, BLOCK), "uint32")
        S = T.match_buffer(scales, (b, g, BLOCK), scale)
        X = T.match_buffer(x, (m, g * GROUP), "float32")
        Y = T.match_buffer(y, (m, b * BLOCK), "float32")
        for block in T.parallel(b):
            for tile in T.serial((m + rows - 1) // rows):
                top = T.meta_var(tile * rows)
                acc = stack(tiles * lanes, "float32")
                part = stack(tiles * lanes, "float32")
                for t in T.unroll(tiles):
                    acc[T.ramp(t * lanes, 1, lanes)] = isa.vector.splat(0.0)
                for group in T.serial(g):
                    for t in T.unroll(tiles):
                        part[T.ramp(t * lanes, 1, lanes)] = isa.vector.splat(0.0)
                    for o in T.serial(OCTETS):
                        for p in T.unroll(parts):
                            here = T.meta_var(T.ramp(p * lanes, 1, lanes))
                            words = T.meta_var(W[block, group * OCTETS + o, here])
                            for n in T.unroll(8):
                                for i in T.unroll(rows):
                                    row = T.meta_var(T.min(top + i, m - 1))
                                    at = T.meta_var(T.ramp((i * parts + p) * lanes, 1, lanes))
                                    number = T.meta_var(X[row, group * GROUP + o * 8 + n])
                                    part[at] = part[at] + isa.weights(words, n) * T.broadcast(
                                        number, lanes
                                    )
                    for p in T.unroll(parts):
                        here = T.meta_var(T.ramp(p * lanes, 1, lanes))
                        for i in T.unroll(rows):
                            at = T.meta_var(T.ramp((i * parts + p) * lanes, 1, lanes))
                            acc[at] = acc[at] + isa.floats(S[block, group, here]) * part[at]
                keep(acc, Y, block, top, m, adding)

    return rooted(kernel)


def plain(isa: Isa, rows: int, weight: str) -> Any:  # noqa: ANN401
    """float16 or float32 weights, float32 activations and sums."""
    lanes = isa.lanes
    parts = BLOCK // lanes
    tiles, keep = rows * parts, kept(isa, rows)

    @T.prim_func(s_tir=True)
    def kernel(w: T.handle, x: T.handle, y: T.handle, adding: T.int32):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, b, k = T.int64(), T.int64(), T.int64()
        W = T.match_buffer(w, (b, k, BLOCK), weight)
        X = T.match_buffer(x, (m, k), "float32")
        Y = T.match_buffer(y, (m, b * BLOCK), "float32")
        for block in T.parallel(b):
            for tile in T.serial((m + rows - 1) // rows):
                top = T.meta_var(tile * rows)
                acc = stack(tiles * lanes, "float32")
                for t in T.unroll(tiles):
                    acc[T.ramp(t * lanes, 1, lanes)] = isa.vector.splat(0.0)
                for c in T.serial(k):
                    for p in T.unroll(parts):
                        here = T.meta_var(T.ramp(p * lanes, 1, lanes))
                        for i in T.unroll(rows):
                            row = T.meta_var(T.min(top + i, m - 1))
                            at = T.meta_var(T.ramp((i * parts + p) * lanes, 1, lanes))
                            acc[at] = acc[at] + isa.floats(W[block, c, here]) * T.broadcast(
                                X[row, c], lanes
                            )
                keep(acc, Y, block, top, m, adding)

    return rooted(kernel)
