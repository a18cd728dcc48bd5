# ruff: noqa: N806, PLR0917, ANN001, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""What happens to a row between two matrices: norms, gates, rounding to eight bits.

What ends in _row works on one row and is part of a kernel: of its own here, of a whole layer in
layer.py.

Rules kept here: one row of m is one thread's work and depends on no other row; a single row is
worked on without waking other threads, which would cost more than the work. Widths are multiples
of GROUP; columns past `count` are zero and stay zero.

Rounding to eight bits (to_int8): of each group of 32, xs = max|x| / 127 and integer = rint(x / xs),
so that the error of a number is at most half of 1/127 of the largest beside it.
"""

from __future__ import annotations

from typing import Any

from tvm import tirx
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.cpu.isa import Isa
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.running.blocks import GROUP


def halves(vectors: list[Any], lanes: int) -> Any:  # noqa: ANN401 - TVM has no types
    """Whole float32 as int8, of each eight those at even places first: as low and high codes come
    out. vectors: one, or as many as make eight."""
    width = lanes * len(vectors)
    order = [
        tirx.IntImm("int32", octet + place)
        for octet in range(0, width, 8)
        for place in (0, 2, 4, 6, 1, 3, 5, 7)
    ]
    small = [T.Cast(f"int8x{lanes}", T.Cast(f"int32x{lanes}", v)) for v in vectors]
    return tirx.Shuffle(small, order)


def norm_row(isa: Isa) -> Any:  # noqa: ANN401
    """y[row] = x[row] / sqrt(mean(x[row]^2) + eps) * w, or added to it (Zhang, Sennrich 2019)."""
    lanes, v = isa.lanes, isa.vector

    @T.inline
    def run(x, w, y, row, width, count, eps, adding):
        part = stack(lanes, "float32")
        scale = stack(1, "float32")
        part[T.ramp(0, 1, lanes)] = v.splat(0.0)
        for c in T.serial(width // lanes):
            at = T.meta_var(T.ramp(c * lanes, 1, lanes))
            part[T.ramp(0, 1, lanes)] = part[T.ramp(0, 1, lanes)] + x[row, at] * x[row, at]
        mean = T.meta_var(v.total(part[T.ramp(0, 1, lanes)]) / T.Cast("float32", count))
        scale[0] = T.float32(1) / T.sqrt(mean + eps)
        for c in T.serial(width // lanes):
            at = T.meta_var(T.ramp(c * lanes, 1, lanes))
            scaled = T.meta_var(x[row, at] * T.broadcast(scale[0], lanes) * w[at])
            if adding != 0:
                y[row, at] = y[row, at] + scaled
            else:
                y[row, at] = scaled

    return run


def gated(isa: Isa) -> Any:  # noqa: ANN401
    """One vector of act(gate) * up, where act is SiLU (gelu 0) or GELU by tanh (Hendrycks and
    Gimpel 2016)."""
    lanes, v = isa.lanes, isa.vector

    @T.inline
    def run(x, y, row, gate_at, up_at, to, gelu):
        up = T.meta_var(x[row, T.ramp(up_at, 1, lanes)])
        gate_value = T.meta_var(x[row, T.ramp(gate_at, 1, lanes)])
        if gelu != 0:
            y[row, T.ramp(to, 1, lanes)] = v.gelu_tanh(gate_value) * up
        else:
            y[row, T.ramp(to, 1, lanes)] = v.silu(gate_value) * up

    return run


def int8_row(isa: Isa) -> Any:  # noqa: ANN401
    """x[row] to x8[row], xs[row] and xz[row] (projections.py)."""
    lanes, v = isa.lanes, isa.vector
    parts, width = GROUP // lanes, max(8, lanes)

    @T.inline
    def run(x, x8, xs, xz, row, groups):
        whole = stack(GROUP, "float32")
        most = stack(lanes, "float32")
        number = stack(2, "float32")
        for group in T.serial(groups):
            most[T.ramp(0, 1, lanes)] = v.splat(0.0)
            for p in T.unroll(parts):
                here = T.meta_var(T.ramp(group * GROUP + p * lanes, 1, lanes))
                most[T.ramp(0, 1, lanes)] = T.max(most[T.ramp(0, 1, lanes)], v.fabs(x[row, here]))
            number[0] = v.highest(most[T.ramp(0, 1, lanes)])
            number[1] = T.Select(number[0] > T.float32(0), T.float32(127) / number[0], T.float32(0))
            xs[row, group] = number[0] * T.float32(1 / 127)
            most[T.ramp(0, 1, lanes)] = v.splat(0.0)
            for p in T.unroll(parts):
                here = T.meta_var(T.ramp(group * GROUP + p * lanes, 1, lanes))
                at = T.meta_var(T.ramp(p * lanes, 1, lanes))
                whole[at] = v.rint(x[row, here] * T.broadcast(number[1], lanes))
                most[T.ramp(0, 1, lanes)] = most[T.ramp(0, 1, lanes)] + whole[at]
            xz[row, group] = T.float32(-7) * xs[row, group] * v.total(most[T.ramp(0, 1, lanes)])
            for p in T.unroll(GROUP // width):
                vectors = T.meta_var(
                    [whole[T.ramp(p * width + n, 1, lanes)] for n in range(0, width, lanes)]
                )
                x8[row, T.ramp(group * GROUP + p * width, 1, width)] = halves(vectors, lanes)

    return run


def norm(isa: Isa) -> Any:  # noqa: ANN401
    """norm_row of every row."""
    one = norm_row(isa)

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, w: T.handle, y: T.handle, count: T.int32, eps: T.float32, adding: T.int32):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, k = T.int64(), T.int64()
        X = T.match_buffer(x, (m, k), "float32")
        W = T.match_buffer(w, (k,), "float32")
        Y = T.match_buffer(y, (m, k), "float32")
        if m == T.int64(1):
            one(X, W, Y, T.int64(0), k, count, eps, adding)
        else:
            for i in T.parallel(m):
                one(X, W, Y, i, k, count, eps, adding)

    return rooted(kernel)


def gate(isa: Isa) -> Any:  # noqa: ANN401
    """y = act(gate) * up, of rows that hold the gates and then the ups."""
    lanes, one = isa.lanes, gated(isa)

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, y: T.handle, gelu: T.int32):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, k = T.int64(), T.int64()
        X = T.match_buffer(x, (m, 2 * k), "float32")
        Y = T.match_buffer(y, (m, k), "float32")
        if m == T.int64(1):
            for c in T.serial(k // lanes):
                one(X, Y, T.int64(0), c * lanes, k + c * lanes, c * lanes, gelu)
        else:
            for i in T.parallel(m):
                for c in T.serial(k // lanes):
                    one(X, Y, i, c * lanes, k + c * lanes, c * lanes, gelu)

    return rooted(kernel)


def to_int8(isa: Isa) -> Any:  # noqa: ANN401
    """int8_row of every row."""
    one = int8_row(isa)

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, x8: T.handle, xs: T.handle, xz: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, g = T.int64(), T.int64()
        X = T.match_buffer(x, (m, g * GROUP), "float32")
        X8 = T.match_buffer(x8, (m, g * GROUP), "int8")
        XS = T.match_buffer(xs, (m, g), "float32")
        XZ = T.match_buffer(xz, (m, g), "float32")
        if m == T.int64(1):
            one(X, X8, XS, XZ, T.int64(0), g)
        else:
            for i in T.parallel(m):
                one(X, X8, XS, XZ, i, g)

    return rooted(kernel)
