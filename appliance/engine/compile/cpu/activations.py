# ruff: noqa: N806, PLR0917, ANN001, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""What happens to a row between two matrices: norms, gates, rounding to eight bits.

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
from appliance.engine.compile.cpu.rooted import rooted
from appliance.engine.running.blocks import GROUP, OCTETS


def halves(octet: Any) -> Any:  # noqa: ANN401 - TVM has no types
    """Eight whole float32 as int8, those at even places first: as low and high codes come out."""
    order = [tirx.IntImm("int32", place) for place in (0, 2, 4, 6, 1, 3, 5, 7)]
    return T.Cast("int8x8", T.Cast("int32x8", tirx.Shuffle([octet], order)))


def norm(isa: Isa) -> Any:  # noqa: ANN401 - TVM has no types
    """y = x / sqrt(mean(x^2) + eps) * w (Zhang and Sennrich 2019), or added to y."""
    lanes, v = isa.lanes, isa.vector

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, w: T.handle, y: T.handle, count: T.int32, eps: T.float32, adding: T.int32):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, k = T.int64(), T.int64()
        X = T.match_buffer(x, (m, k), "float32")
        W = T.match_buffer(w, (k,), "float32")
        Y = T.match_buffer(y, (m, k), "float32")

        @T.inline
        def one(row):
            part = T.alloc_buffer((lanes,), "float32", scope="local")
            scale = T.alloc_buffer((1,), "float32", scope="local")
            part[T.ramp(0, 1, lanes)] = v.splat(0.0)
            for c in T.serial(k // lanes):
                at = T.meta_var(T.ramp(c * lanes, 1, lanes))
                part[T.ramp(0, 1, lanes)] = part[T.ramp(0, 1, lanes)] + X[row, at] * X[row, at]
            mean = T.meta_var(v.total(part[T.ramp(0, 1, lanes)]) / T.Cast("float32", count))
            scale[0] = T.float32(1) / T.sqrt(mean + eps)
            for c in T.serial(k // lanes):
                at = T.meta_var(T.ramp(c * lanes, 1, lanes))
                scaled = T.meta_var(X[row, at] * T.broadcast(scale[0], lanes) * W[at])
                if adding != 0:
                    Y[row, at] = Y[row, at] + scaled
                else:
                    Y[row, at] = scaled

        if m == T.int64(1):
            one(T.int64(0))
        else:
            for i in T.parallel(m):
                one(i)

    return rooted(kernel)


def gate(isa: Isa) -> Any:  # noqa: ANN401
    """y = act(gate) * up, of rows that hold the gates and then the ups.

    act: SiLU where gelu is 0, else GELU by tanh (Hendrycks and Gimpel 2016)."""
    lanes, v = isa.lanes, isa.vector

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, y: T.handle, gelu: T.int32):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, k = T.int64(), T.int64()
        X = T.match_buffer(x, (m, 2 * k), "float32")
        Y = T.match_buffer(y, (m, k), "float32")

        @T.inline
        def one(row):
            for c in T.serial(k // lanes):
                at = T.meta_var(T.ramp(c * lanes, 1, lanes))
                up = T.meta_var(X[row, T.ramp(k + c * lanes, 1, lanes)])
                if gelu != 0:
                    Y[row, at] = v.gelu_tanh(X[row, at]) * up
                else:
                    Y[row, at] = v.silu(X[row, at]) * up

        if m == T.int64(1):
            one(T.int64(0))
        else:
            for i in T.parallel(m):
                one(i)

    return rooted(kernel)


def to_int8(isa: Isa) -> Any:  # noqa: ANN401
    """x to x8, xs and xz (projections.py)."""
    lanes, v = isa.lanes, isa.vector
    parts = GROUP // lanes

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, x8: T.handle, xs: T.handle, xz: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, g = T.int64(), T.int64()
        X = T.match_buffer(x, (m, g * GROUP), "float32")
        X8 = T.match_buffer(x8, (m, g * GROUP), "int8")
        XS = T.match_buffer(xs, (m, g), "float32")
        XZ = T.match_buffer(xz, (m, g), "float32")

        @T.inline
        def one(row):
            whole = T.alloc_buffer((GROUP,), "float32", scope="local")
            most = T.alloc_buffer((lanes,), "float32", scope="local")
            number = T.alloc_buffer((2,), "float32", scope="local")
            for group in T.serial(g):
                most[T.ramp(0, 1, lanes)] = v.splat(0.0)
                for p in T.unroll(parts):
                    here = T.meta_var(T.ramp(group * GROUP + p * lanes, 1, lanes))
                    most[T.ramp(0, 1, lanes)] = T.max(
                        most[T.ramp(0, 1, lanes)], v.fabs(X[row, here])
                    )
                number[0] = v.highest(most[T.ramp(0, 1, lanes)])
                number[1] = T.Select(
                    number[0] > T.float32(0), T.float32(127) / number[0], T.float32(0)
                )
                XS[row, group] = number[0] * T.float32(1 / 127)
                most[T.ramp(0, 1, lanes)] = v.splat(0.0)
                for p in T.unroll(parts):
                    here = T.meta_var(T.ramp(group * GROUP + p * lanes, 1, lanes))
                    at = T.meta_var(T.ramp(p * lanes, 1, lanes))
                    whole[at] = v.rint(X[row, here] * T.broadcast(number[1], lanes))
                    most[T.ramp(0, 1, lanes)] = most[T.ramp(0, 1, lanes)] + whole[at]
                XZ[row, group] = T.float32(-7) * XS[row, group] * v.total(most[T.ramp(0, 1, lanes)])
                for o in T.unroll(OCTETS):
                    octet = T.meta_var(whole[T.ramp(o * 8, 1, 8)])
                    X8[row, T.ramp(group * GROUP + o * 8, 1, 8)] = halves(octet)

        if m == T.int64(1):
            one(T.int64(0))
        else:
            for i in T.parallel(m):
                one(i)

    return rooted(kernel)
