# ruff: noqa: N806
# TIR is calls over named buffers here; a parser reads these functions.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""The hand-written CUDA kernels as steps of the model: who is launched, with how many blocks.

Rules kept here: what a kernel assumes of sizes is checked before anything is built
(`require_kernels`), and what its grid must be stands at the kernel (cuda/*.cuh). The kernels' code
itself is put in front of TVM's when that is compiled (nvcc.py).
"""

from __future__ import annotations

from typing import Any

from tvm import relax, s_tir, tirx
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.gpu.errors import GpuUnsupported
from appliance.engine.compile.gpu.model import Batch, Value
from appliance.engine.compile.gpu.operations import GROUP
from appliance.engine.models.architecture import Architecture, Format, LayerKind
from appliance.engine.running.paging import PAGE

WIDEST_HEAD = 256
NARROW, WIDE = 16, 128
"""Columns of y that a block of the narrow and of the tiled product makes."""
TILE = 64
"""Rows of one block of attention."""
SPLITS = 16
"""Parts that a single token's keys are taken in."""


def require_kernels(a: Architecture, form: Format) -> None:
    """Raises GpuUnsupported for what the kernels are not written for."""
    if form.dtype != "float16":
        raise GpuUnsupported(
            f"On a GPU models run in float16; {form.value} is for the processor.",
            hint="Build the model with q4f16_1 or q0f16, or leave it to the processor.",
        )
    if a.head_dim % 16 or a.head_dim > WIDEST_HEAD:
        raise GpuUnsupported(f"The GPU has no kernel for attention heads of {a.head_dim} numbers.")
    if a.hidden % GROUP or a.inner % GROUP or a.heads * a.head_dim % GROUP:
        raise GpuUnsupported("The GPU's kernels need matrices whose rows are multiples of 32.")


def _launched(function: Any) -> Any:  # noqa: ANN401
    """As TVM expects a scheduled function: in a root block, not to be fused with others."""
    root = s_tir.SBlock([], [], [], "root", function.body)
    body = s_tir.SBlockRealize([], tirx.const(True, "bool"), root)
    return function.with_body(body).with_attr("op_pattern", 8)


def matmul(rows: int, shape: tuple[int, int], packed: bool, out: str) -> Any:  # noqa: ANN401
    """The kernel for so many rows of x: 8 (narrow), 32 or 128 (tiled)."""
    n, k = shape
    kind = "float" if out == "float32" else "half"
    device = f"cloister::{'packed' if packed else 'plain'}_matmul<{rows}, {kind}>"
    across = -(-n // (NARROW if rows == 8 else WIDE))
    words, stored = ((n, k // 8), "uint32") if packed else ((n, k), "float16")

    def call(X: Any, parts: list[Any], Y: Any, m: Any) -> Any:  # noqa: ANN401
        sizes = (T.Cast("int32", m), T.int32(n), T.int32(k))
        return T.call_extern("void", device, X.data, *(part.data for part in parts), Y.data, *sizes)

    if packed:

        @T.prim_func(private=True, s_tir=True)
        def with_scales(  # noqa: ANN202
            x: T.handle, w: T.handle, s: T.handle, y: T.handle
        ):
            T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
            m = T.int64()
            X = T.match_buffer(x, (m, k), "float16")
            W = T.match_buffer(w, words, stored)
            S = T.match_buffer(s, (n, k // GROUP), "float16")
            Y = T.match_buffer(y, (m, n), out)
            T.launch_thread("blockIdx.x", across)
            T.launch_thread("blockIdx.y", 1 if rows == 8 else (m + rows - 1) // rows)
            T.launch_thread("threadIdx.x", 256)
            T.evaluate(call(X, [W, S], Y, m))

        return _launched(with_scales)

    @T.prim_func(private=True, s_tir=True)
    def plain(x: T.handle, w: T.handle, y: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        m = T.int64()
        X = T.match_buffer(x, (m, k), "float16")
        W = T.match_buffer(w, words, stored)
        Y = T.match_buffer(y, (m, n), out)
        T.launch_thread("blockIdx.x", across)
        T.launch_thread("blockIdx.y", 1 if rows == 8 else (m + rows - 1) // rows)
        T.launch_thread("threadIdx.x", 256)
        T.evaluate(call(X, [W], Y, m))

    return _launched(plain)


def attention(a: Architecture, kind: LayerKind) -> Any:  # noqa: ANN401
    """The tiled kernel, each query over all of its keys at once."""
    call = _attend(a, kind, f"cloister::attend_whole<{a.head_dim}>")
    share, dim, rows = a.heads // a.kv_heads, a.head_dim, a.heads + 2 * a.kv_heads

    @T.prim_func(private=True, s_tir=True)
    def kernel(  # noqa: ANN202
        qkv: T.handle, cache: T.handle, starts: T.handle, lengths: T.handle, table: T.handle,
        out: T.handle,
    ):  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        pages = T.int64()
        b = T.int64()
        columns = T.int64()
        X = T.match_buffer(qkv, (n, rows, dim), "float16")
        C = T.match_buffer(cache, (pages, 2, a.kv_heads, PAGE, dim), "float16")
        S = T.match_buffer(starts, (b + 1,), "int32")
        L = T.match_buffer(lengths, (b,), "int32")
        P = T.match_buffer(table, (b, columns), "int32")
        O = T.match_buffer(out, (n, a.heads * dim), "float16")  # noqa: E741
        T.launch_thread("blockIdx.x", (n * share + TILE - 1) // TILE + b)
        T.launch_thread("blockIdx.y", a.kv_heads)
        T.launch_thread("blockIdx.z", 1)
        T.launch_thread("threadIdx.x", 128)
        T.evaluate(call([X, C, S, L, P, O], b, columns))

    return _launched(kernel)


def attention_parts(a: Architecture, kind: LayerKind) -> Any:  # noqa: ANN401
    """The same with each query's keys shared among SPLITS blocks."""
    call = _attend(a, kind, f"cloister::attend_parts<{a.head_dim}, {SPLITS}>")
    share, dim, rows = a.heads // a.kv_heads, a.head_dim, a.heads + 2 * a.kv_heads

    @T.prim_func(private=True, s_tir=True)
    def kernel(  # noqa: ANN202
        qkv: T.handle, cache: T.handle, starts: T.handle, lengths: T.handle, table: T.handle,
        parts: T.handle, sums: T.handle,
    ):  # fmt: skip
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        pages = T.int64()
        b = T.int64()
        columns = T.int64()
        X = T.match_buffer(qkv, (n, rows, dim), "float16")
        C = T.match_buffer(cache, (pages, 2, a.kv_heads, PAGE, dim), "float16")
        S = T.match_buffer(starts, (b + 1,), "int32")
        L = T.match_buffer(lengths, (b,), "int32")
        P = T.match_buffer(table, (b, columns), "int32")
        R = T.match_buffer(parts, (n, a.heads, SPLITS, dim), "float32")
        M = T.match_buffer(sums, (n, a.heads, SPLITS), "float32")
        T.launch_thread("blockIdx.x", (n * share + TILE - 1) // TILE + b)
        T.launch_thread("blockIdx.y", a.kv_heads)
        T.launch_thread("blockIdx.z", SPLITS)
        T.launch_thread("threadIdx.x", 128)
        T.evaluate(call([X, C, S, L, P, R, M], b, columns))

    return _launched(kernel)


def merge(a: Architecture) -> Any:  # noqa: ANN401
    device = f"cloister::merge<{a.head_dim}>"

    @T.prim_func(private=True, s_tir=True)
    def kernel(parts: T.handle, sums: T.handle, out: T.handle):  # noqa: ANN202
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        n = T.int64()
        R = T.match_buffer(parts, (n, a.heads, SPLITS, a.head_dim), "float32")
        M = T.match_buffer(sums, (n, a.heads, SPLITS), "float32")
        O = T.match_buffer(out, (n, a.heads * a.head_dim), "float16")  # noqa: E741
        T.launch_thread("blockIdx.x", n * a.heads)
        T.launch_thread("threadIdx.x", 128)
        T.evaluate(T.call_extern("void", device, R.data, M.data, O.data, T.int32(SPLITS)))

    return _launched(kernel)


def _attend(a: Architecture, kind: LayerKind, device: str) -> Any:  # noqa: ANN401
    def call(buffers: list[Any], b: Any, columns: Any) -> Any:  # noqa: ANN401
        return T.call_extern(
            "void", device, *(buffer.data for buffer in buffers),
            T.Cast("int32", b), T.Cast("int32", columns), T.int32(a.heads), T.int32(a.kv_heads),
            T.float32(a.attention_scale), T.float32(a.score_cap), T.int32(kind.window),
        )  # fmt: skip

    return call


class Cuda:
    """The heavy steps for forward passes of so many rows: 8, 32 or 128 in a tile."""

    def __init__(self, architecture: Architecture, rows: int) -> None:
        self._a, self._rows = architecture, rows

    def matmul(
        self, block: Value, x: Value, parts: tuple[Value, ...], shape: tuple[int, int], out: str
    ) -> Value:
        # Logits are wanted of few rows, however many are taken in.
        rows = min(self._rows, 32) if out == "float32" else self._rows
        kernel = matmul(rows, shape, len(parts) == 2, out)
        name = block.add_func(kernel, f"matmul_{rows}")
        made = relax.TensorType((x.ty.shape[0], shape[0]), out)
        return block.emit(relax.call_tir(name, [x, *parts], made))

    def attention(
        self, block: Value, kind: LayerKind, qkv: Value, cache: Value, batch: Batch
    ) -> Value:
        a, n = self._a, qkv.ty.shape[0]
        given = [qkv, cache, batch.starts, batch.lengths, batch.table]
        out = relax.TensorType((n, a.heads * a.head_dim), "float16")
        if self._rows != 8:
            name = block.add_func(attention(a, kind), "attention")
            return block.emit(relax.call_tir(name, given, out))
        shapes = ((n, a.heads, SPLITS, a.head_dim), (n, a.heads, SPLITS))
        parts = [relax.TensorType(shape, "float32") for shape in shapes]
        name = block.add_func(attention_parts(a, kind), "attention_parts")
        both = block.emit(relax.call_tir(name, given, parts))
        halves = [block.emit(relax.TupleGetItem(both, i)) for i in (0, 1)]
        return block.emit(relax.call_tir(block.add_func(merge(a), "merge"), halves, out))
