"""One definition of a model for every architecture and format, in Relax.

Rules kept here: sizes and switches come from the architecture, never from a family's name. The
parameters are those of models/parameters.py in its order, a packed matrix as two: its words, then
its scales. Which kernels do the heavy work is the `Kernels` given; everything else is the same for
every target, so what is checked on a processor is what runs on a GPU.

The functions of a module (n rows of b sequences, p page-table columns):

    forward  rows (int32 vectors of n: tokens, positions, owners, slots), sequences (starts b + 1,
             lengths b, last b), table (b, p), cache, parameters -> logits (b, vocabulary), f32
    read     numbers (m,), cache -> pages, a tensor a layer
    write    numbers (m,), pages, cache -> nothing new; the cache holds them

positions count from 0 in a row's own sequence; owners say which; slots say where its key and value
go (page * PAGE + offset); starts are first rows, lengths count tokens with these, last is the row
whose logits are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from tvm import relax, tirx

from appliance.engine.compile.gpu import operations, pages
from appliance.engine.models.architecture import Architecture, Format, LayerKind
from appliance.engine.models.parameters import parameters
from appliance.engine.running.copy_on_write import PAGE

Value = Any
"""A Relax variable; tvm ships no types."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a forward pass is told, as Relax variables."""

    tokens: Value
    positions: Value
    owners: Value
    slots: Value
    starts: Value
    lengths: Value
    last: Value
    table: Value


class Kernels(Protocol):
    """The two steps that cost time, to be emitted into a function that is being built."""

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
        """x (n, columns) times a matrix of `shape` (rows, columns), transposed; what is residual
        is added."""

    def attention(
        self, block: Value, kind: LayerKind, qkv: Value, cache: Value, batch: Batch
    ) -> Value:
        """(n, heads * head_dim) of the turned qkv and one layer's pages."""


class Portable:
    """Both as plain tensor expressions: right on every target, fast on none."""

    def __init__(self, architecture: Architecture) -> None:
        self._a = architecture

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
        y = block.emit_te(operations.matmul(*shape, out), x, *parts)
        return y if residual is None else block.emit_te(operations.add, y, residual)

    def attention(
        self, block: Value, kind: LayerKind, qkv: Value, cache: Value, batch: Batch
    ) -> Value:
        attend = operations.attention(self._a, kind)
        return block.emit_te(attend, qkv, cache, batch.positions, batch.owners, batch.table)


def stored_parts(a: Architecture, form: Format) -> tuple[tuple[str, tuple[int, ...], str], ...]:
    """Name, shape and type of every tensor of the parameters, in the order functions take them."""
    found: list[tuple[str, tuple[int, ...], str]] = []
    for p in parameters(a):
        if not (form.quantised and p.is_matrix):
            found.append((p.name, p.shape, form.dtype))
            continue
        rows, columns = p.shape
        words, groups = -(-columns // operations.CODES), -(-columns // operations.GROUP)
        found.append((f"{p.name}.words", (rows, words), "uint32"))
        found.append((f"{p.name}.scales", (rows, groups), form.dtype))
    return tuple(found)


def module(a: Architecture, form: Format, variants: dict[str, Kernels]) -> Value:
    """The IRModule: a forward pass under each name of `variants`, read and write."""
    block = relax.BlockBuilder()
    for name, kernels in variants.items():
        _Forward(a, form, kernels, block).build(name)
    _read(a, form, block)
    _write(a, form, block)
    return block.finalize()


def _cache(a: Architecture, form: Format, count: Value) -> tuple[Value, Value]:
    """The cache's variable, and the type of one layer of it."""
    layer = relax.TensorType((count, 2, a.kv_heads, PAGE, a.head_dim), form.dtype)
    return relax.Var("cache", relax.TupleType([layer] * len(a.layers))), layer


def _read(a: Architecture, form: Format, block: Value) -> None:
    count, m = tirx.Var("pages", "int64"), tirx.Var("m", "int64")
    cache, _ = _cache(a, form, count)
    numbers = relax.Var("numbers", relax.TensorType((m,), "int32"))
    with block.function("read", [numbers, cache]):
        found = [
            block.emit_te(operations.gather, block.emit(relax.TupleGetItem(cache, n)), numbers)
            for n in range(len(a.layers))
        ]
        block.emit_func_output(relax.Tuple(found))


def _write(a: Architecture, form: Format, block: Value) -> None:
    count, m = tirx.Var("pages", "int64"), tirx.Var("m", "int64")
    cache, layer = _cache(a, form, count)
    data_type = relax.TensorType((m, 2, a.kv_heads, PAGE, a.head_dim), form.dtype)
    data = relax.Var("data", relax.TupleType([data_type] * len(a.layers)))
    numbers = relax.Var("numbers", relax.TensorType((m,), "int32"))
    with block.function("write", [numbers, data, cache]):
        kernel = block.add_func(pages.scatter(a, form.dtype), "scatter")
        written = []
        for n in range(len(a.layers)):
            old, new = (block.emit(relax.TupleGetItem(v, n)) for v in (cache, data))
            call = relax.op.call_tir_inplace(kernel, [old, new, numbers], 0, layer)
            written.append(block.emit(call))
        block.emit_func_output(relax.Tuple(written))


class _Forward:
    """One forward pass while it is written."""

    def __init__(self, a: Architecture, form: Format, kernels: Kernels, block: Value) -> None:
        self._a, self._dtype, self._kernels, self._block = a, form.dtype, kernels, block
        self._form = form
        self._parts: dict[str, Value] = {}

    def build(self, name: str) -> None:
        a, block = self._a, self._block
        n, b, p, count = (tirx.Var(x, "int64") for x in ("n", "b", "p", "pages"))

        def integers(title: str, *shape: Value) -> Value:
            return relax.Var(title, relax.TensorType(shape, "int32"))

        batch = Batch(
            tokens=integers("tokens", n),
            positions=integers("positions", n),
            owners=integers("owners", n),
            slots=integers("slots", n),
            starts=integers("starts", b + 1),
            lengths=integers("lengths", b),
            last=integers("last", b),
            table=integers("table", b, p),
        )
        told = [getattr(batch, field.name) for field in fields(batch)]
        cache, layer_type = _cache(a, self._form, count)
        stored = stored_parts(a, self._form)
        weights = relax.Var(
            "parameters", relax.TupleType([relax.TensorType(s, t) for _, s, t in stored])
        )
        with block.function(name, [*told, cache, weights]):
            with block.dataflow():
                for at, (title, _, _) in enumerate(stored):
                    self._parts[title] = block.emit(relax.TupleGetItem(weights, at))
                step = operations.embed(a, self._dtype)
                x = block.emit_te(step, batch.tokens, *self._matrix("embed"))
                for at in range(len(a.layers)):
                    pages_of = block.emit(relax.TupleGetItem(cache, at))
                    x = self._attention(x, at, pages_of, layer_type, batch)
                    x = self._feed_forward(x, at)
                logits = block.emit_output(self._logits(x, batch))
            block.emit_func_output(logits)

    def _matrix(self, name: str) -> tuple[Value, ...]:
        if self._form.quantised:
            return self._parts[f"{name}.words"], self._parts[f"{name}.scales"]
        return (self._parts[name],)

    def _norm(self, x: Value, name: str) -> Value:
        a = self._a
        step = operations.rms_norm(a.norm_eps, a.norm_offset)
        return self._block.emit_te(step, x, self._parts[name])

    def _multiply(
        self, x: Value, name: str, shape: tuple[int, int], residual: Value | None = None
    ) -> Value:
        matrix = self._matrix(name)
        return self._kernels.matmul(
            self._block, x, matrix, shape, out=self._dtype, residual=residual
        )

    def _joined(
        self, x: Value, inner: Value, name: str, shape: tuple[int, int], norm: str
    ) -> Value:
        """The residual sum of x and a product, which is normed first where the family does so."""
        if not self._a.post_norms:
            return self._multiply(inner, name, shape, residual=x)
        normed = self._norm(self._multiply(inner, name, shape), norm)
        return self._block.emit_te(operations.add, x, normed)

    def _attention(self, x: Value, n: int, cache: Value, layer: Value, batch: Batch) -> Value:
        a, block, kind = self._a, self._block, self._a.layers[n]
        normed = self._norm(x, f"{n}.attention_norm")
        qkv = self._multiply(normed, f"{n}.qkv", (a.qkv_rows, a.hidden))
        if a.qkv_bias:
            qkv = block.emit_te(operations.bias, qkv, self._parts[f"{n}.qkv_bias"])
        if a.qk_norm:
            gains = (self._parts[f"{n}.q_norm"], self._parts[f"{n}.k_norm"])
            qkv = block.emit_te(operations.head_norm(a), qkv, *gains)
        rope = a.ropes[kind.rope]
        frequencies = relax.const(np.array(rope.inverse_frequencies, np.float32))
        qkv = block.emit_te(operations.turn(a, rope), qkv, batch.positions, frequencies)
        append = block.add_func(pages.append(a, self._dtype), "append")
        call = relax.op.call_tir_inplace(append, [cache, qkv, batch.slots], 0, layer)
        cache = block.emit(call)
        mixed = self._kernels.attention(block, kind, qkv, cache, batch)
        shape = (a.hidden, a.heads * a.head_dim)
        return self._joined(x, mixed, f"{n}.out", shape, f"{n}.attention_post_norm")

    def _feed_forward(self, x: Value, n: int) -> Value:
        a, block = self._a, self._block
        both = self._multiply(
            self._norm(x, f"{n}.mlp_norm"), f"{n}.gate_up", (2 * a.inner, a.hidden)
        )
        inner = block.emit_te(operations.gated(a.inner, a.activation), both)
        return self._joined(x, inner, f"{n}.down", (a.hidden, a.inner), f"{n}.mlp_post_norm")

    def _logits(self, x: Value, batch: Batch) -> Value:
        a, block = self._a, self._block
        x = self._norm(block.emit_te(operations.take, x, batch.last), "norm")
        name = "embed" if a.tied else "head"
        shape = (a.vocabulary, a.hidden)
        logits = self._kernels.matmul(block, x, self._matrix(name), shape, out="float32")
        if a.logit_cap:
            logits = block.emit_te(operations.cap(a.logit_cap), logits)
        return logits
