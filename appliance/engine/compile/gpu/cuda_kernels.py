"""The hand-written CUDA kernels as steps of the model: who is launched, with how many blocks.

Rules kept here: what a kernel assumes of sizes is checked before anything is built
(`require_kernels`), and what its grid must be stands at the kernel (cuda/*.cuh). A kernel is called
with its buffers in the order given here and then its numbers (cuda/calls.cuh). The kernels' code
itself is put in front of TVM's when that is compiled (nvcc.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from tvm import relax, s_tir, tirx
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as build

from appliance.engine.compile.gpu.errors import GpuUnsupported
from appliance.engine.compile.gpu.model import Batch, Value
from appliance.engine.compile.gpu.operations import CODES, GROUP
from appliance.engine.models.architecture import Architecture, Format, LayerKind
from appliance.engine.running.copy_on_write import PAGE

WIDEST_HEAD = 256
NARROW, WIDE = 16, 128
"""Columns of y that a block of the narrow and of the tiled product makes."""
TILE = 64
"""Rows of one block of attention."""
SPLITS = 16
"""Parts that a single token's keys are taken in."""
OPAQUE = 8
"""TVM's kind of function that is fused with none."""

Buffer = tuple[tuple[Any, ...], str]


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


def launch(
    device: str,
    buffers: Sequence[Buffer],
    grid: Sequence[Any],
    threads: int,
    numbers: Sequence[Any],
) -> Any:  # noqa: ANN401
    """A function of TVM's that does nothing but launch `device` over a grid of blocks."""
    with IRBuilder() as builder, build.prim_func(is_private=True, s_tir=True):
        build.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True, "op_pattern": OPAQUE})
        given = [build.arg(f"b{n}", build.handle()) for n in range(len(buffers))]
        held = [build.match_buffer(g, *b) for g, b in zip(given, buffers, strict=True)]
        with ExitStack() as blocks:
            for axis, count in zip("xyz", grid, strict=False):
                blocks.enter_context(build.launch_thread(f"blockIdx.{axis}", count))
            blocks.enter_context(build.launch_thread("threadIdx.x", threads))
            pointers = [buffer.data for buffer in held]
            build.evaluate(build.call_extern("void", device, *pointers, *numbers))
    function = builder.get()
    # TVM's passes expect a scheduled function's body to stand in a root block.
    root = s_tir.SBlock([], [], [], "root", function.body)
    return function.with_body(s_tir.SBlockRealize([], tirx.const(True, "bool"), root))


def _int(value: Any) -> Any:  # noqa: ANN401
    return tirx.const(value, "int32") if isinstance(value, int) else tirx.Cast("int32", value)


def matmul(rows: int, shape: tuple[int, int], packed: bool, out: str, residual: bool) -> Any:  # noqa: ANN401
    """The kernel for so many rows of x: 8 (narrow), 32 or 128 (tiled)."""
    (n, k), m = shape, tirx.Var("m", "int64")
    matrix: list[Buffer] = [((n, k), "float16")]
    if packed:
        matrix = [((n, k // CODES), "uint32"), ((n, k // GROUP), "float16")]
    y: Buffer = ((m, n), out)
    buffers = [((m, k), "float16"), *matrix, *([y] if residual else []), y]
    number = "float" if out == "float32" else "half"
    device = f"cloister::{'packed' if packed else 'plain'}_matmul<{rows}, {number}>"
    grid = (-(-n // NARROW),) if rows == 8 else ((m + rows - 1) // rows, -(-n // WIDE))
    return launch(device, buffers, grid, 256, [_int(x) for x in (m, n, k)])


def attention(a: Architecture, kind: LayerKind, splits: int) -> Any:  # noqa: ANN401
    """The tiled kernel; with more than one split the keys of a query are shared among blocks."""
    n, pages, b, columns = (tirx.Var(x, "int64") for x in ("n", "pages", "b", "columns"))
    made: list[Buffer] = [((n, a.heads * a.head_dim), "float16")]
    device = f"cloister::attend_whole<{a.head_dim}>"
    if splits > 1:
        made = _parts(a, n)
        device = f"cloister::attend_parts<{a.head_dim}, {splits}>"
    buffers: list[Buffer] = [
        ((n, a.heads + 2 * a.kv_heads, a.head_dim), "float16"),
        ((pages, 2, a.kv_heads, PAGE, a.head_dim), "float16"),
        ((b + 1,), "int32"),
        ((b,), "int32"),
        ((b, columns), "int32"),
        *made,
    ]
    tiles = (n * (a.heads // a.kv_heads) + TILE - 1) // TILE + b
    factors = [tirx.const(x, "float32") for x in (a.attention_scale, a.score_cap)]
    sizes = [_int(x) for x in (b, columns, a.heads, a.kv_heads)]
    numbers = [*sizes, *factors, _int(kind.window)]
    return launch(device, buffers, (tiles, a.kv_heads, splits), 128, numbers)


def merge(a: Architecture) -> Any:  # noqa: ANN401
    n = tirx.Var("n", "int64")
    buffers: list[Buffer] = [*_parts(a, n), ((n, a.heads * a.head_dim), "float16")]
    device = f"cloister::merge<{a.head_dim}>"
    return launch(device, buffers, (n * a.heads,), 128, [_int(SPLITS)])


def _parts(a: Architecture, n: Any) -> list[Buffer]:  # noqa: ANN401
    """What the splits leave: their results, and the logarithms of their sums of weights."""
    parts: Buffer = ((n, a.heads, SPLITS, a.head_dim), "float32")
    return [parts, ((n, a.heads, SPLITS), "float32")]


class Cuda:
    """The heavy steps for forward passes of so many rows: 8, 32 or 128 in a tile."""

    def __init__(self, architecture: Architecture, rows: int) -> None:
        self._a, self._rows = architecture, rows

    def matmul(
        self,
        block: Value,
        x: Value,
        parts: tuple[Value, ...],
        shape: tuple[int, int],
        *,
        out: str,
        residual: Value | None = None,
    ) -> Value:
        # Logits are wanted of few rows, however many are taken in.
        rows = min(self._rows, 32) if out == "float32" else self._rows
        kernel = matmul(rows, shape, len(parts) == 2, out, residual is not None)
        given = [x, *parts] if residual is None else [x, *parts, residual]
        made = relax.TensorType((x.ty.shape[0], shape[0]), out)
        return block.emit(relax.call_tir(block.add_func(kernel, f"matmul_{rows}"), given, made))

    def attention(
        self, block: Value, kind: LayerKind, qkv: Value, cache: Value, batch: Batch
    ) -> Value:
        a, n = self._a, qkv.ty.shape[0]
        given = [qkv, cache, batch.starts, batch.lengths, batch.table]
        out = relax.TensorType((n, a.heads * a.head_dim), "float16")
        if self._rows != 8:
            name = block.add_func(attention(a, kind, 1), "attention")
            return block.emit(relax.call_tir(name, given, out))
        parts = [relax.TensorType(*buffer) for buffer in _parts(a, n)]
        name = block.add_func(attention(a, kind, SPLITS), "attention_parts")
        both = block.emit(relax.call_tir(name, given, parts))
        halves = [block.emit(relax.TupleGetItem(both, i)) for i in (0, 1)]
        return block.emit(relax.call_tir(block.add_func(merge(a), "merge"), halves, out))
