# ruff: noqa: N806, PLR0917, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""Rows of the embedding matrix, out of the blocks the head's projection reads (projections.py).

Shapes: ids (m,) int32; y (m, GROUP * g) float32, columns past `count`, the model's width, are zero:
codes there mean nothing.
"""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.rooted import rooted
from appliance.engine.running.blocks import BLOCK, GROUP, OCTETS


def embed_packed(scale: str) -> Any:  # noqa: ANN401 - TVM has no types
    """y = (code - 7) * scale * times of the rows `ids`."""

    @T.prim_func(s_tir=True)
    def kernel(ids: T.handle, codes: T.handle, scales: T.handle, y: T.handle, count: T.int32, times: T.float32):  # noqa: E501  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, b, g = T.int64(), T.int64(), T.int64()
        I = T.match_buffer(ids, (m,), "int32")  # noqa: E741
        W = T.match_buffer(codes, (b, g * OCTETS, BLOCK), "uint32")
        S = T.match_buffer(scales, (b, g, BLOCK), scale)
        Y = T.match_buffer(y, (m, g * GROUP), "float32")
        for i in T.serial(m):
            for c in T.serial(g * GROUP):
                block = T.meta_var(I[i] // BLOCK)
                lane = T.meta_var(I[i] % BLOCK)
                shift = T.meta_var(T.Cast("uint32", c % 8 * 4))
                code = T.meta_var(
                    T.bitwise_and(T.shift_right(W[block, c // 8, lane], shift), T.uint32(15))
                )
                weight = T.meta_var(T.Cast("float32", T.Cast("int32", code) - 7))
                scaled = T.meta_var(weight * T.Cast("float32", S[block, c // GROUP, lane]) * times)
                Y[i, c] = T.if_then_else(c < T.Cast("int64", count), scaled, T.float32(0))

    return rooted(kernel)


def embed_plain(weight: str) -> Any:  # noqa: ANN401
    """y = weight * times of the rows `ids`."""

    @T.prim_func(s_tir=True)
    def kernel(ids: T.handle, w: T.handle, y: T.handle, count: T.int32, times: T.float32):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m, b, k = T.int64(), T.int64(), T.int64()
        I = T.match_buffer(ids, (m,), "int32")  # noqa: E741
        W = T.match_buffer(w, (b, k, BLOCK), weight)
        Y = T.match_buffer(y, (m, k), "float32")
        for i in T.serial(m):
            for c in T.serial(k):
                scaled = T.meta_var(T.Cast("float32", W[I[i] // BLOCK, c, I[i] % BLOCK]) * times)
                Y[i, c] = T.if_then_else(c < T.Cast("int64", count), scaled, T.float32(0))

    return rooted(kernel)
