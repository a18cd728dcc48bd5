"""The steps of a forward pass as tensor expressions, for whatever TVM compiles to.

Rules kept here: rows are tokens, of several sequences one after another; nothing is padded. Sums
run in float32, results are of the model's own type. Keys and values lie in pages of PAGE tokens,
(pages, 2, kv_heads, PAGE, head_dim) a layer, keys first. A row sees what its own sequence holds
up to itself, through its sequence's line of the page table.
"""

from __future__ import annotations

from typing import Any

from tvm import te, tirx

from appliance.engine.models.architecture import Activation, Architecture, LayerKind, Rope
from appliance.engine.running.copy_on_write import PAGE

GROUP = 32
CODES = 8
LOWEST = -3.0e38

Tensor = Any
"""A tensor expression; tvm ships no types."""


def weight(parts: tuple[Tensor, ...], row: Any, column: Any) -> Any:  # noqa: ANN401
    """One number of a matrix: itself, or (code - 7) * scale where it is packed."""
    if len(parts) == 1:
        return parts[0][row, column]
    words, scales = parts
    shift = tirx.Cast("uint32", (column % CODES) * 4)
    code = tirx.bitwise_and(
        tirx.shift_right(words[row, column // CODES], shift), tirx.const(15, "uint32")
    )
    return (code.astype(scales.dtype) - tirx.const(7, scales.dtype)) * scales[row, column // GROUP]


def embed(a: Architecture, dtype: str) -> Any:  # noqa: ANN401
    def rows(tokens: Tensor, *parts: Tensor) -> Tensor:
        return te.compute(
            (tokens.shape[0], a.hidden),
            lambda i, j: weight(parts, tokens[i], j) * tirx.const(a.embedding_scale, dtype),
            name="embed",
        )

    return rows


def matmul(rows: int, columns: int, out: str) -> Any:  # noqa: ANN401
    """y[m, rows] = x[m, columns] W^T."""

    def product(x: Tensor, *parts: Tensor) -> Tensor:
        k = te.reduce_axis((0, columns), name="k")
        sums = te.compute(
            (x.shape[0], rows),
            lambda i, j: te.sum(
                x[i, k].astype("float32") * weight(parts, j, k).astype("float32"), axis=k
            ),
            name="matmul",
        )
        if out == "float32":
            return sums
        return te.compute(sums.shape, lambda i, j: sums[i, j].astype(out), name="cast")

    return product


def rms_norm(eps: float, offset: float) -> Any:  # noqa: ANN401
    """Over the last axis (Zhang and Sennrich 2019)."""

    def norm(x: Tensor, g: Tensor) -> Tensor:
        width = x.shape[-1]
        k = te.reduce_axis((0, width), name="k")

        def square(*at: Any) -> Any:  # noqa: ANN401
            value = x[(*at, k)].astype("float32")
            return te.sum(value * value, axis=k)

        squares = te.compute(x.shape[:-1], square, name="squares")

        def scaled(*at: Any) -> Any:  # noqa: ANN401
            mean = squares[at[:-1]] / tirx.Cast("float32", width)
            gain = g[at[-1]].astype("float32") + tirx.const(offset, "float32")
            root = tirx.rsqrt(mean + tirx.const(eps, "float32"))
            return (x[at].astype("float32") * root * gain).astype(x.dtype)

        return te.compute(x.shape, scaled, name="rms_norm")

    return norm


def bias(x: Tensor, b: Tensor) -> Tensor:
    return te.compute(x.shape, lambda i, j: x[i, j] + b[j], name="bias")


def add(x: Tensor, y: Tensor) -> Tensor:
    return te.compute(x.shape, lambda i, j: x[i, j] + y[i, j], name="add")


def gated(inner: int, activation: Activation) -> Any:  # noqa: ANN401
    """act(gate) * up, of the gate's columns and then the up's."""

    def act(value: Any) -> Any:  # noqa: ANN401
        if activation is Activation.SILU:
            return value * tirx.sigmoid(value)
        inside = 0.7978845608028654 * (value + 0.044715 * value * value * value)
        return 0.5 * value * (1.0 + tirx.tanh(inside))

    def product(x: Tensor) -> Tensor:
        return te.compute(
            (x.shape[0], inner),
            lambda i, j: (
                act(x[i, j].astype("float32")) * x[i, inner + j].astype("float32")
            ).astype(x.dtype),
            name="gated",
        )

    return product


def head_value(a: Architecture, qkv: Tensor, i: Any, h: Any, d: Any) -> Any:  # noqa: ANN401
    """One number of qkv, whether its heads are an axis of their own or not."""
    return qkv[i, h, d] if len(qkv.shape) == 3 else qkv[i, h * a.head_dim + d]


def turn(a: Architecture, rope: Rope) -> Any:  # noqa: ANN401
    """The rope, on the query and key heads of qkv; made (n, heads + 2 kv_heads, head_dim)."""
    half, turned = len(rope.inverse_frequencies), a.heads + a.kv_heads

    def rotate(qkv: Tensor, positions: Tensor, frequencies: Tensor) -> Tensor:
        def at(i: Any, h: Any, d: Any) -> Any:  # noqa: ANN401
            return head_value(a, qkv, i, h, d)

        def one(i: Any, h: Any, d: Any) -> Any:  # noqa: ANN401
            angle = positions[i].astype("float32") * frequencies[d % half]
            cosine, sine = (
                f(angle) * tirx.const(rope.magnitude, "float32") for f in (tirx.cos, tirx.sin)
            )
            here = at(i, h, d).astype("float32")
            partner = tirx.if_then_else(
                d < half,
                -at(i, h, tirx.min(d + half, a.head_dim - 1)).astype("float32"),
                at(i, h, tirx.max(d - half, 0)).astype("float32"),
            )
            rotated = (here * cosine + partner * sine).astype(qkv.dtype)
            return tirx.if_then_else(tirx.And(h < turned, d < 2 * half), rotated, at(i, h, d))

        shape = (qkv.shape[0], a.heads + 2 * a.kv_heads, a.head_dim)
        return te.compute(shape, one, name="rope")

    return rotate


def head_norm(a: Architecture) -> Any:  # noqa: ANN401
    """Each head's query and key normed, values left as they are; heads become an axis."""
    normed = a.heads + a.kv_heads

    def norm(qkv: Tensor, q: Tensor, k: Tensor) -> Tensor:
        d = te.reduce_axis((0, a.head_dim), name="d")

        def square(i: Any, h: Any) -> Any:  # noqa: ANN401
            value = head_value(a, qkv, i, h, d).astype("float32")
            return te.sum(value * value, axis=d)

        squares = te.compute((qkv.shape[0], normed), square, name="squares")

        def scaled(i: Any, h: Any, c: Any) -> Any:  # noqa: ANN401
            gain = tirx.if_then_else(h < a.heads, q[c], k[c]).astype("float32")
            mean = squares[i, tirx.min(h, normed - 1)] / float(a.head_dim)
            root = tirx.rsqrt(mean + tirx.const(a.norm_eps, "float32"))
            value = head_value(a, qkv, i, h, c)
            product = value.astype("float32") * root * (gain + a.norm_offset)
            return tirx.if_then_else(h < normed, product.astype(qkv.dtype), value)

        shape = (qkv.shape[0], normed + a.kv_heads, a.head_dim)
        return te.compute(shape, scaled, name="head_norm")

    return norm


def attention(a: Architecture, kind: LayerKind) -> Any:  # noqa: ANN401
    """softmax(q k) v over the pages of each row's sequence, written the plain way."""
    share = a.heads // a.kv_heads

    def attend(
        qkv: Tensor, cache: Tensor, positions: Tensor, owners: Tensor, table: Tensor
    ) -> Tensor:
        n, span = qkv.shape[0], table.shape[1] * PAGE
        d = te.reduce_axis((0, a.head_dim), name="d")

        def cached(i: Any, j: Any, which: int, h: Any, c: Any) -> Any:  # noqa: ANN401
            value = cache[table[owners[i], j // PAGE], which, h // share, j % PAGE, c]
            return value.astype("float32")

        def seen(i: Any, j: Any) -> Any:  # noqa: ANN401
            causal = j <= positions[i]
            return tirx.And(causal, j > positions[i] - kind.window) if kind.window else causal

        products = te.compute(
            (n, a.heads, span),
            lambda i, h, j: te.sum(qkv[i, h, d].astype("float32") * cached(i, j, 0, h, d), axis=d),
            name="products",
        )

        def score(i: Any, h: Any, j: Any) -> Any:  # noqa: ANN401
            value = products[i, h, j] * tirx.const(a.attention_scale, "float32")
            if a.score_cap:
                value = a.score_cap * tirx.tanh(value / a.score_cap)
            return tirx.if_then_else(seen(i, j), value, tirx.const(LOWEST, "float32"))

        scores = te.compute((n, a.heads, span), score, name="scores")
        j1, j2, j3 = (te.reduce_axis((0, span), name=f"j{x}") for x in (1, 2, 3))
        tops = te.compute((n, a.heads), lambda i, h: te.max(scores[i, h, j1], axis=j1), name="tops")
        shares = te.compute(
            (n, a.heads, span),
            lambda i, h, j: tirx.if_then_else(
                seen(i, j), tirx.exp(scores[i, h, j] - tops[i, h]), tirx.const(0.0, "float32")
            ),
            name="shares",
        )
        totals = te.compute(
            (n, a.heads), lambda i, h: te.sum(shares[i, h, j2], axis=j2), name="totals"
        )
        mixed = te.compute(
            (n, a.heads, a.head_dim),
            lambda i, h, c: te.sum(
                tirx.if_then_else(
                    seen(i, j3),
                    shares[i, h, j3] * cached(i, j3, 1, h, c),
                    tirx.const(0.0, "float32"),
                ),
                axis=j3,
            ),
            name="mixed",
        )
        return te.compute(
            (n, a.heads * a.head_dim),
            lambda i, c: (
                mixed[i, c // a.head_dim, c % a.head_dim] / totals[i, c // a.head_dim]
            ).astype(qkv.dtype),
            name="attended",
        )

    return attend


def take(x: Tensor, rows: Tensor) -> Tensor:
    return te.compute((rows.shape[0], x.shape[1]), lambda i, j: x[rows[i], j], name="take")


def cap(limit: float) -> Any:  # noqa: ANN401
    return lambda x: te.compute(
        x.shape, lambda i, j: limit * tirx.tanh(x[i, j] / limit), name="cap"
    )


def gather(cache: Tensor, pages: Tensor) -> Tensor:
    """Pages by number, one after another."""
    return te.compute(
        (pages.shape[0], *cache.shape[1:]),
        lambda p, *at: cache[(pages[p], *at)],
        name="gather",
    )
