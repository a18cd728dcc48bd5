"""A decoder-only transformer in plain numpy: the oracle that what runs models is tested against.

Written from the papers alone and sharing no code with the product but the architecture's values.
The whole sequence goes through every layer at once; there is no cache. It computes in the type of
its weights: float64 weights give a reference for float32 code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.models.architecture import Activation, Architecture, LayerKind, Rope

Array = npt.NDArray[Any]


def logits(a: Architecture, weights: Mapping[str, Array], tokens: Sequence[int] | Array) -> Array:
    """Logits after every token, (len(tokens), vocabulary). weights: by the names of parameters.py,
    matrices unpacked."""
    x = weights["embed"][np.asarray(tokens)]
    x = x * a.embedding_scale
    for n, kind in enumerate(a.layers):
        own = {name[len(f"{n}.") :]: w for name, w in weights.items() if name.startswith(f"{n}.")}
        mixed = _attention(a, kind, own, _norm(a, x, own["attention_norm"]))
        x = x + (_norm(a, mixed, own["attention_post_norm"]) if a.post_norms else mixed)
        fed = _feed_forward(a, own, _norm(a, x, own["mlp_norm"]))
        x = x + (_norm(a, fed, own["mlp_post_norm"]) if a.post_norms else fed)
    x = _norm(a, x, weights["norm"])
    return _capped(x @ weights["embed" if a.tied else "head"].T, a.logit_cap)


def greedy(
    a: Architecture, weights: Mapping[str, Array], prompt: Sequence[int], count: int
) -> list[int]:
    """The likeliest next tokens, one after the other, computed from nothing each time."""
    tokens = list(prompt)
    for _ in range(count):
        tokens.append(int(logits(a, weights, tokens)[-1].argmax()))
    return tokens[len(prompt) :]


def _norm(a: Architecture, x: Array, weight: Array) -> Array:
    """Zhang and Sennrich 2019, equation 4, over the last axis."""
    mean_square = np.mean(x * x, axis=-1, keepdims=True)
    normal: Array = x / np.sqrt(mean_square + a.norm_eps) * (weight + a.norm_offset)
    return normal


def _attention(a: Architecture, kind: LayerKind, own: Mapping[str, Array], x: Array) -> Array:
    length = len(x)
    qkv = x @ own["qkv"].T
    if a.qkv_bias:
        qkv = qkv + own["qkv_bias"]
    heads = qkv.reshape(length, a.heads + 2 * a.kv_heads, a.head_dim).transpose(1, 0, 2)
    q, k, v = np.split(heads, [a.heads, a.heads + a.kv_heads])
    if a.qk_norm:
        q, k = _norm(a, q, own["q_norm"]), _norm(a, k, own["k_norm"])
    rope = a.ropes[kind.rope]
    q, k = _turned(rope, q), _turned(rope, k)
    group = a.heads // a.kv_heads
    seen = _seen(length, kind.window)
    mixed = []
    for head in range(a.heads):
        scores = q[head] @ k[head // group].T * a.attention_scale
        scores = np.where(seen, _capped(scores, a.score_cap), -np.inf)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed.append(e / e.sum(axis=-1, keepdims=True) @ v[head // group])
    return np.concatenate(mixed, axis=-1) @ own["out"].T


def _turned(rope: Rope, x: Array) -> Array:
    """x: (heads, length, head_dim). Pair i is dimensions i and i + pairs; the rest stays."""
    pairs = len(rope.inverse_frequencies)
    angles = np.outer(np.arange(x.shape[1]), np.array(rope.inverse_frequencies))
    cos = (np.cos(angles) * rope.magnitude).astype(x.dtype)
    sin = (np.sin(angles) * rope.magnitude).astype(x.dtype)
    first, second, rest = np.split(x, [pairs, 2 * pairs], axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin, rest], axis=-1)


def _seen(length: int, window: int) -> Array:
    """(query, key): a query sees itself and what came before, `window` tokens in all."""
    back = np.arange(length)[:, None] - np.arange(length)
    seen = back >= 0
    return seen & (back < window) if window else seen


def _feed_forward(a: Architecture, own: Mapping[str, Array], x: Array) -> Array:
    gate, up = np.split(x @ own["gate_up"].T, 2, axis=-1)
    fed: Array = (_activated(a.activation, gate) * up) @ own["down"].T
    return fed


def _activated(activation: Activation, x: Array) -> Array:
    if activation is Activation.SILU:
        slope: Array = 1 / (1 + np.exp(-x))
    else:
        slope = 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * slope


def _capped(x: Array, cap: float) -> Array:
    capped: Array = cap * np.tanh(x / cap) if cap else x
    return capped
