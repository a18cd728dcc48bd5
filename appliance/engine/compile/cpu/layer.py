# ruff: noqa: N806, PLR0915, PLR0917, ANN202
# TIR is loop nests over named buffers, not Python's control flow: a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""One row through one whole layer: what writing an answer does, token by token, layer by layer.

Rules kept here: the same parts as the kernels they come from, hence the same numbers. A part that
would cost less than waking the other threads runs on one; the products and attention run on all.
Layers with norms after their projections (Gemma) go through the kernels one by one.

Shapes as in projections.py, activations.py and attention.py, with m = 1.
"""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.cpu import activations, attention, projections
from appliance.engine.compile.cpu.isa import Isa
from appliance.engine.compile.rooted import rooted
from appliance.engine.running.blocks import BLOCK, GROUP, OCTETS, PAGE


def layer(isa: Isa, dims: int) -> Any:  # noqa: ANN401 - TVM has no types
    """x becomes what the layer makes of it; the row's key and value are kept. For q4f16_1,
    the format that is brought most: scales and cache are float16."""
    dtype = "float16"
    norm_row, int8_row = activations.norm_row(isa), activations.int8_row(isa)
    gated, tile = activations.gated(isa), projections.int8_tile(isa, 1)
    turned, attended = attention.turned_head(dims, dtype), attention.attended(isa, dims, dtype, isa.few)  # noqa: E501  # fmt: skip
    lanes = isa.lanes

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.handle, attention_norm: T.handle, qkv_codes: T.handle, qkv_scales: T.handle,
        bias: T.handle, qn: T.handle, kn: T.handle, turns: T.handle,
        out_codes: T.handle, out_scales: T.handle, mlp_norm: T.handle,
        gate_codes: T.handle, gate_scales: T.handle, down_codes: T.handle, down_scales: T.handle,
        tables: T.handle, keys: T.handle, values: T.handle, rows: T.handle, tiles: T.handle,
        normed: T.handle, n8: T.handle, ns: T.handle, nz: T.handle,
        heads: T.handle, h8: T.handle, hs: T.handle, hz: T.handle,
        inner: T.handle, i8: T.handle, s_i: T.handle, z_i: T.handle,
        qkv: T.handle, queries: T.handle, gates: T.handle,
        count: T.int32, head: T.int32, norming: T.int32, window: T.int32, gelu: T.int32,
        eps: T.float32, scale: T.float32, cap: T.float32,
    ):  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        g, go, gi = T.int64(), T.int64(), T.int64()  # groups of the three widths
        bq, bh = T.int64(), T.int64()  # blocks of rows
        h, kv, pages, nh, context, half2, sequences, most, t = (
            T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(), T.int64(),
            T.int64(), T.int64(),
        )  # fmt: skip
        X = T.match_buffer(x, (1, g * GROUP), "float32")
        AN = T.match_buffer(attention_norm, (g * GROUP,), "float32")
        QW = T.match_buffer(qkv_codes, (bq, g * OCTETS, BLOCK), "uint32")
        QS = T.match_buffer(qkv_scales, (bq, g, BLOCK), dtype)
        B = T.match_buffer(bias, (bq * BLOCK,), "float32")
        QN = T.match_buffer(qn, (nh,), "float32")
        KN = T.match_buffer(kn, (nh,), "float32")
        C = T.match_buffer(turns, (context, half2), "float32")
        OW = T.match_buffer(out_codes, (bh, go * OCTETS, BLOCK), "uint32")
        OS = T.match_buffer(out_scales, (bh, go, BLOCK), dtype)
        MN = T.match_buffer(mlp_norm, (g * GROUP,), "float32")
        GW = T.match_buffer(gate_codes, (2 * gi * GROUP // BLOCK, g * OCTETS, BLOCK), "uint32")
        GS = T.match_buffer(gate_scales, (2 * gi * GROUP // BLOCK, g, BLOCK), dtype)
        DW = T.match_buffer(down_codes, (bh, gi * OCTETS, BLOCK), "uint32")
        DS = T.match_buffer(down_scales, (bh, gi, BLOCK), dtype)
        R = T.match_buffer(rows, (1, 2), "int32")
        P = T.match_buffer(tables, (sequences, most), "int32")
        N = T.match_buffer(tiles, (t, 2), "int32")
        K = T.match_buffer(keys, (pages, kv, dims, PAGE), dtype)
        V = T.match_buffer(values, (pages, kv, PAGE, dims), dtype)
        NX = T.match_buffer(normed, (1, g * GROUP), "float32")
        N8 = T.match_buffer(n8, (1, g * GROUP), "int8")
        NS = T.match_buffer(ns, (1, g), "float32")
        NZ = T.match_buffer(nz, (1, g), "float32")
        HX = T.match_buffer(heads, (1, go * GROUP), "float32")
        H8 = T.match_buffer(h8, (1, go * GROUP), "int8")
        HS = T.match_buffer(hs, (1, go), "float32")
        HZ = T.match_buffer(hz, (1, go), "float32")
        IX = T.match_buffer(inner, (1, gi * GROUP), "float32")
        I8 = T.match_buffer(i8, (1, gi * GROUP), "int8")
        IS = T.match_buffer(s_i, (1, gi), "float32")
        IZ = T.match_buffer(z_i, (1, gi), "float32")
        QKV = T.match_buffer(qkv, (1, bq * BLOCK), "float32")
        Q = T.match_buffer(queries, (1, h, dims), "float32")
        G = T.match_buffer(gates, (1, 2 * gi * GROUP), "float32")
        row, one = T.meta_var(T.int64(0)), T.meta_var(T.int64(1))
        bi = T.meta_var(gi * (GROUP // BLOCK))

        norm_row(X, AN, NX, row, g * GROUP, count, eps, 0)
        int8_row(NX, N8, NS, NZ, row, g)
        for block in T.parallel(bq):
            tile(QW, QS, N8, NS, NZ, QKV, block, row, one, g, 0)
        for a in T.parallel(kv):
            turned(QKV, B, QN, KN, C, R, P, Q, K, V, row, a, h, kv, half2 // 2, head, norming, eps)
            attended(Q, K, V, R, P, N, HX, a, t, h, kv, head, window, scale, cap)
        int8_row(HX, H8, HS, HZ, row, go)
        for block in T.parallel(bh):
            tile(OW, OS, H8, HS, HZ, X, block, row, one, go, 1)
        norm_row(X, MN, NX, row, g * GROUP, count, eps, 0)
        int8_row(NX, N8, NS, NZ, row, g)
        for block in T.parallel(bi):
            tile(GW, GS, N8, NS, NZ, G, block, row, one, g, 0)
            tile(GW, GS, N8, NS, NZ, G, bi + block, row, one, g, 0)
            for p in T.unroll(BLOCK // lanes):
                at = T.meta_var(block * BLOCK + p * lanes)
                gated(G, IX, row, at, bi * BLOCK + at, at, gelu)
        int8_row(IX, I8, IS, IZ, row, gi)
        for block in T.parallel(bh):
            tile(DW, DS, I8, IS, IZ, X, block, row, one, gi, 1)

    return rooted(kernel)
