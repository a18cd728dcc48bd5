# ruff: noqa: N806
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""What is written into the cache's pages in place: new keys and values, and whole pages."""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.models.architecture import Architecture
from appliance.engine.running.copy_on_write import PAGE


def append(a: Architecture, dtype: str) -> Any:  # noqa: ANN401
    """Keys and values of qkv (n, heads + 2 kv_heads, head_dim) to slots: page * PAGE + offset."""
    heads, kv, dim = a.heads, a.kv_heads, a.head_dim

    @T.prim_func(private=True, s_tir=True)
    def kernel(cache: T.handle, qkv: T.handle, slots: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True})
        n = T.int64()
        pages = T.int64()
        C = T.match_buffer(cache, (pages, 2, kv, PAGE, dim), dtype)
        X = T.match_buffer(qkv, (n, heads + 2 * kv, dim), dtype)
        S = T.match_buffer(slots, (n,), "int32")
        for i, w, h, d in T.grid(n, 2, kv, dim):
            with T.sblock("append"):
                vi, vw, vh, vd = T.axis.remap("SSSS", [i, w, h, d])
                C[S[vi] // PAGE, vw, vh, S[vi] % PAGE, vd] = X[vi, heads + vw * kv + vh, vd]

    return kernel


def scatter(a: Architecture, dtype: str) -> Any:  # noqa: ANN401
    """Whole pages (m, 2, kv_heads, PAGE, head_dim) to the pages of these numbers."""
    kv, dim = a.kv_heads, a.head_dim

    @T.prim_func(private=True, s_tir=True)
    def kernel(cache: T.handle, data: T.handle, numbers: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True})
        m = T.int64()
        pages = T.int64()
        C = T.match_buffer(cache, (pages, 2, kv, PAGE, dim), dtype)
        X = T.match_buffer(data, (m, 2, kv, PAGE, dim), dtype)
        P = T.match_buffer(numbers, (m,), "int32")
        for p, w, h, t, d in T.grid(m, 2, kv, PAGE, dim):
            with T.sblock("scatter"):
                vp, vw, vh, vt, vd = T.axis.remap("SSSSS", [p, w, h, t, d])
                C[P[vp], vw, vh, vt, vd] = X[vp, vw, vh, vt, vd]

    return kernel
