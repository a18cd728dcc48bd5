# ruff: noqa: N806, C901, PLR0917, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""Matrix times activations in eight-bit integers, summed exactly.

Rules kept here: no sum can leave its type. Codes are -127 to 127 on both sides; 1,536 products of
them stay below 2^25. Without VNNI both are widened to int16 and multiplied in pairs (VPMADDWD).
VPDPBUSD takes the left side unsigned, so there activations are stored with 128 added, and every sum
begins at -128 times its column's codes. Both give the same integer, so every level gives the same
result. A row's result does not depend on the other rows.

Sources: Intel 64 and IA-32 SDM vol. 2 (VPDPBUSD, VPMADDWD, VPMOVSXBW).

Shapes: m rows, n columns of output, k products each.
  x  (m, k/QUAD)             four codes a number: int32 (VNNI, with 128 added) or int64 (int16 each)
  xs (m,) float32            what a row's codes are multiplied with
  w  (n/PANEL, k/QUAD, PANEL * QUAD) int8
  z  (n,) int32              where sums begin (VNNI)
  s  (n,) float32            what a column's codes are multiplied with
  b  (n,), r (m, n) or (1, 1), y (m, n) float32
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm import tirx
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.lanes import Lanes
from appliance.engine.compile.rooted import rooted, stack
from appliance.engine.encoder.layout import PANEL
from appliance.engine.reading.layout import QUAD


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How a level multiplies. lanes: int32 in a vector. A tile is `rows` rows times `parts` vectors
    of output columns; `chunk` tiles share its weights while they are in the cache. queries: rows an
    attention tile works on at once."""

    lanes: int
    vnni: bool
    rows: int
    parts: int
    chunk: int
    queries: int

    @property
    def codes(self) -> str:
        """The type of one rounded activation."""
        return "uint8" if self.vnni else "int16"

    @property
    def quad(self) -> str:
        """The type that holds four of them."""
        return "int32" if self.vnni else "int64"

    @property
    def sums(self) -> int:
        """Vectors of int32 that sum for one vector of output columns."""
        return 1 if self.vnni else 2

    def repeated(self, four: Any) -> Any:  # noqa: ANN401 - TVM has no types
        """Four codes in every lane (VNNI) or every other lane."""
        if self.vnni:
            return T.reinterpret(T.broadcast(four, self.lanes), dtype=f"int8x{4 * self.lanes}")
        return T.reinterpret(T.broadcast(four, self.lanes // 2), dtype=f"int16x{2 * self.lanes}")

    def add(self, total: Any, codes: Any, weights: Any) -> Any:  # noqa: ANN401
        """total + the products of each lane."""
        dtype = f"int32x{self.lanes}"
        if self.vnni:
            name = f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"
            return _llvm(name, dtype, total, codes, weights)
        name = "avx512.pmaddw.d.512" if self.lanes == 16 else "avx2.pmadd.wd"
        wide = T.Cast(f"int16x{2 * self.lanes}", weights)
        return total + _llvm(f"llvm.x86.{name}", dtype, codes, wide)

    def whole(self, sums: list[Any]) -> Any:  # noqa: ANN401
        """The sums of `lanes` output columns, in order."""
        if self.vnni:
            return sums[0]
        places = [[tirx.IntImm("int32", i) for i in range(o, 2 * self.lanes, 2)] for o in (0, 1)]
        return tirx.Shuffle(sums, places[0]) + tirx.Shuffle(sums, places[1])


def _llvm(name: str, dtype: str, *operands: Any) -> Any:  # noqa: ANN401
    return T.call_llvm_pure_intrin(T.llvm_lookup_intrinsic_id(name), *operands, dtype=dtype)


AVX2 = Arithmetic(lanes=8, vnni=False, rows=6, parts=1, chunk=20, queries=3)
AVX512 = Arithmetic(lanes=16, vnni=False, rows=6, parts=2, chunk=20, queries=6)
VNNI = Arithmetic(lanes=16, vnni=True, rows=6, parts=4, chunk=20, queries=6)


def gemm(a: Arithmetic, n: int, k: int, epilogue: str) -> Any:  # noqa: ANN401
    """y = s * xs * (codes of x times codes of w) + b, then nothing, GELU, or the residual r added
    (epilogue "none", "gelu", "add"). Rows past the end repeat the last one and are not stored."""
    v = Lanes(a.lanes)
    lanes, rows, parts, sums, chunk = a.lanes, a.rows, a.parts, a.sums, a.chunk
    tiles = n // (lanes * parts)
    bytes_ = QUAD * lanes // sums  # of weights one vector of products takes
    per_row = parts * sums
    add, gelu = epilogue == "add", epilogue == "gelu"

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle, xs: T.handle, w: T.handle, z: T.handle, s: T.handle, b: T.handle, r: T.handle, y: T.handle):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, m_r, n_r = T.int64(), T.int64(), T.int64()
        X = T.match_buffer(x, (m, k // QUAD), a.quad)
        XS = T.match_buffer(xs, (m,), "float32")
        W = T.match_buffer(w, (n // PANEL, k // QUAD, PANEL * QUAD), "int8")
        Z = T.match_buffer(z, (n,), "int32")
        S = T.match_buffer(s, (n,), "float32")
        B = T.match_buffer(b, (n,), "float32")
        R = T.match_buffer(r, (m_r, n_r), "float32")
        Y = T.match_buffer(y, (m, n), "float32")
        for task in T.parallel((m + rows * chunk - 1) // (rows * chunk) * tiles):
            left = T.meta_var(task % tiles * parts * lanes)
            top = T.meta_var(task // tiles * chunk * rows)
            for tile in T.serial(T.min(chunk, (m - top + rows - 1) // rows)):
                row = T.meta_var(top + tile * rows)
                acc = stack(rows * per_row * lanes, "int32")
                for i in T.unroll(rows):
                    for j in T.unroll(per_row):
                        at = T.meta_var(T.ramp((i * per_row + j) * lanes, 1, lanes))
                        if a.vnni:
                            acc[at] = Z[T.ramp(left + j * lanes, 1, lanes)]
                        else:
                            acc[at] = T.broadcast(T.int32(0), lanes)
                for c in T.serial(k // QUAD):
                    for i in T.unroll(rows):
                        for j in T.unroll(per_row):
                            at = T.meta_var(T.ramp((i * per_row + j) * lanes, 1, lanes))
                            first = T.meta_var(left * QUAD + j * bytes_)
                            inside = T.meta_var(T.ramp(first % (PANEL * QUAD), 1, bytes_))
                            acc[at] = a.add(
                                acc[at],
                                a.repeated(X[T.min(row + i, m - 1), c]),
                                W[first // (PANEL * QUAD), c, inside],
                            )
                for i in T.unroll(rows):
                    if row + i < m:
                        for p in T.unroll(parts):
                            to = T.meta_var(T.ramp(left + p * lanes, 1, lanes))
                            total = T.meta_var(
                                a.whole(
                                    [
                                        acc[T.ramp((i * per_row + p * sums + j) * lanes, 1, lanes)]
                                        for j in range(sums)
                                    ]
                                )
                            )
                            number = T.meta_var(
                                T.Cast(f"float32x{lanes}", total)
                                * (S[to] * T.broadcast(XS[row + i], lanes))
                                + B[to]
                            )
                            Y[row + i, to] = (
                                v.gelu(number)
                                if gelu
                                else number + R[row + i, to]
                                if add
                                else number
                            )

    return rooted(kernel)
