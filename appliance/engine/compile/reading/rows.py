# ruff: noqa: N806, PLR0917, ANN001, ANN202, E741
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""What happens to a row of the reader between two matrices.

Rules kept here: sums go over WIDE lanes at every level, so that each level adds in the same order
and gives the same result. A row is one task and depends on no other row.

Rounding to eight bits: a row's scale is max|x| / 127 and a code is rint(x * 127 / max|x|); a row
whose largest number is below SMALLEST is all zero.
"""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.lanes import Lanes
from appliance.engine.compile.reading.products import Arithmetic
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.encoder.layout import HIDDEN, VOCABULARY
from appliance.engine.reading.layout import MAX_TOKENS, SMALLEST

WIDE = 16
_V = Lanes(WIDE)


def _rounded(a: Arithmetic, k: int) -> Any:  # noqa: ANN401 - TVM has no types
    """Row i of x to codes and scale: part of a kernel."""

    @T.inline
    def run(x, x8, xs, i):
        most = stack(WIDE, "float32")
        number = stack(2, "float32")
        most[T.ramp(0, 1, WIDE)] = _V.splat(0.0)
        for c in T.serial(k // WIDE):
            most[T.ramp(0, 1, WIDE)] = T.max(
                most[T.ramp(0, 1, WIDE)], _V.fabs(x[i, T.ramp(c * WIDE, 1, WIDE)])
            )
        number[0] = _V.highest(most[T.ramp(0, 1, WIDE)])
        number[1] = T.Select(
            number[0] > T.float32(SMALLEST), T.float32(127) / number[0], T.float32(0)
        )
        xs[i] = T.Select(
            number[0] > T.float32(SMALLEST), number[0] * T.float32(1 / 127), T.float32(0)
        )
        for c in T.serial(k // WIDE):
            code = T.meta_var(
                T.Cast(
                    f"int32x{WIDE}",
                    _V.rint(x[i, T.ramp(c * WIDE, 1, WIDE)] * T.broadcast(number[1], WIDE)),
                )
            )
            x8[i, T.ramp(c * WIDE, 1, WIDE)] = T.Cast(
                f"{a.codes}x{WIDE}", code + T.broadcast(T.int32(128 if a.vnni else 0), WIDE)
            )

    return run


def round_rows(a: Arithmetic, k: int) -> Any:  # noqa: ANN401
    """x (m, k) float32 to codes x8 (m, k) and scales xs (m,)."""
    one = _rounded(a, k)

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, x8: T.handle, xs: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, k), "float32")
        X8 = T.match_buffer(x8, (m, k), a.codes)
        XS = T.match_buffer(xs, (m,), "float32")
        for i in T.parallel(m):
            one(X, X8, XS, i)

    return rooted(kernel)


def norm_and_round(a: Arithmetic) -> Any:  # noqa: ANN401
    """y = (x - mean) / sqrt(variance + 1e-12) * g + b over rows of HIDDEN, and its codes and
    scales, while the row is in the cache."""
    one = _rounded(a, HIDDEN)
    here = T.ramp(0, 1, WIDE)

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, g: T.handle, b: T.handle, y: T.handle, x8: T.handle, xs: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, HIDDEN), "float32")
        G = T.match_buffer(g, (HIDDEN,), "float32")
        B = T.match_buffer(b, (HIDDEN,), "float32")
        Y = T.match_buffer(y, (m, HIDDEN), "float32")
        X8 = T.match_buffer(x8, (m, HIDDEN), a.codes)
        XS = T.match_buffer(xs, (m,), "float32")
        for i in T.parallel(m):
            part = stack(WIDE, "float32")
            stat = stack(2, "float32")
            part[here] = _V.splat(0.0)
            for c in T.serial(HIDDEN // WIDE):
                part[here] = part[here] + X[i, T.ramp(c * WIDE, 1, WIDE)]
            stat[0] = _V.total(part[here]) * T.float32(1 / HIDDEN)
            part[here] = _V.splat(0.0)
            for c in T.serial(HIDDEN // WIDE):
                apart = T.meta_var(X[i, T.ramp(c * WIDE, 1, WIDE)] - T.broadcast(stat[0], WIDE))
                part[here] = part[here] + apart * apart
            stat[1] = T.float32(1) / T.sqrt(
                _V.total(part[here]) * T.float32(1 / HIDDEN) + T.float32(1e-12)
            )
            for c in T.serial(HIDDEN // WIDE):
                at = T.meta_var(T.ramp(c * WIDE, 1, WIDE))
                apart = T.meta_var(X[i, at] - T.broadcast(stat[0], WIDE))
                Y[i, at] = apart * T.broadcast(stat[1], WIDE) * G[at] + B[at]
            one(Y, X8, XS, i)

    return rooted(kernel)


def embed() -> Any:  # noqa: ANN401
    """y = words[ids] + positions[places] + types[kinds]."""

    @T.prim_func(s_tir=True)
    def kernel(ids: T.handle, places: T.handle, kinds: T.handle, words: T.handle, positions: T.handle, types: T.handle, y: T.handle):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        I = T.match_buffer(ids, (m,), "int32")
        P = T.match_buffer(places, (m,), "int32")
        K = T.match_buffer(kinds, (m,), "int32")
        W = T.match_buffer(words, (VOCABULARY, HIDDEN), "float32")
        E = T.match_buffer(positions, (MAX_TOKENS, HIDDEN), "float32")
        D = T.match_buffer(types, (2, HIDDEN), "float32")
        Y = T.match_buffer(y, (m, HIDDEN), "float32")
        for i in T.parallel(m):
            for c in T.serial(HIDDEN // WIDE):
                at = T.meta_var(T.ramp(c * WIDE, 1, WIDE))
                Y[i, at] = W[I[i], at] + E[P[i], at] + D[K[i], at]

    return rooted(kernel)


def heads(n: int) -> Any:  # noqa: ANN401
    """y = x w^T + b for n outputs a row: x (m, HIDDEN), w (n, HIDDEN), b (n,), y (m, n)."""

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, w: T.handle, b: T.handle, y: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, HIDDEN), "float32")
        W = T.match_buffer(w, (n, HIDDEN), "float32")
        B = T.match_buffer(b, (n,), "float32")
        Y = T.match_buffer(y, (m, n), "float32")
        for i in T.parallel(m):
            for o in T.serial(n):
                part = stack(WIDE, "float32")
                part[T.ramp(0, 1, WIDE)] = _V.splat(0.0)
                for c in T.serial(HIDDEN // WIDE):
                    at = T.meta_var(T.ramp(c * WIDE, 1, WIDE))
                    part[T.ramp(0, 1, WIDE)] = part[T.ramp(0, 1, WIDE)] + X[i, at] * W[o, at]
                Y[i, o] = _V.total(part[T.ramp(0, 1, WIDE)]) + B[o]

    return rooted(kernel)
