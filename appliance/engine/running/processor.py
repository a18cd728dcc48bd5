"""A chat model on the processor: parameters, key-value cache and the forward pass.

Rules kept here: only `tvm_ffi` and the runtime library are needed, no compiler. The kernels trust
their input, so every size and token is checked here. Used from one thread.

The pass itself is `_layer`: it reads like the transformer's own diagram, one kernel a line.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.decoding.model import Append, Logits
from appliance.engine.models.architecture import Activation, Architecture, Rope
from appliance.engine.models.stored import Weights
from appliance.engine.running.arena import Arena, rounded
from appliance.engine.running.blocks import GROUP, HEAD_DIMS, PAGE
from appliance.engine.running.exporting import pack_export, unpack_export
from appliance.engine.running.loading import Blocks, arrange, padded
from appliance.engine.running.pages import Copy, Pages

CHUNK = 512
"""Rows of one pass through the layers; longer prompts take several."""
FEW = 4
"""Rows times heads that share a key-value head, up to which attention runs for few."""
SLOTS = 128
"""Sequences the cache holds at most."""
TILE = 16
"""Rows of one sequence that one task of attention takes."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Blocks as the kernels take them: (words, scales) or (numbers,)."""

    arguments: tuple[object, ...]
    rows: int
    packed: bool


class ProcessorModel:
    """See decoding/model.py: Model."""

    def __init__(
        self,
        weights: Weights,
        library: Path,
        runtime: Path,
        *,
        identity: str,
        cache_tokens: int,
        context: int = 0,
        exact: bool = False,
    ) -> None:
        """identity: hex, of the weights and their format. cache_tokens: how many tokens all sequences hold together. context: of one sequence
        (the architecture's, if 0). exact: activations of packed weights stay float32."""
        import tvm_ffi  # late: constants of this module are imported where there is no runtime

        ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
        self._kernels = Kernels(tvm_ffi.load_module(os.fspath(library)), weights, exact=exact)
        self._view: Callable[[npt.NDArray[Any]], object] = tvm_ffi.from_dlpack
        self._a = a = weights.architecture
        self._exact = exact
        self._context = min(context or a.context, a.context, cache_tokens)
        self._pages = Pages(-(-cache_tokens // PAGE), SLOTS, self._context)
        self._load(weights)
        self._make_cache(weights, -(-cache_tokens // PAGE))
        self._spaces: dict[int, Workspace] = {}
        self._fingerprint = _fingerprint(identity, self._kernels.dims, exact=exact)

    def _load(self, weights: Weights) -> None:
        a = self._a
        self._kept = arrange(weights)
        self._p: dict[str, Any] = {
            name: self._matrix(made) if isinstance(made, Blocks) else self._view(made)
            for name, made in self._kept.items()
        }
        self._p.setdefault("head", self._p["embed"])
        self._nothing = self._view(_aligned((padded(a.qkv_rows, GROUP),), np.float32))
        self._turns = [self._view(_turns(rope, self._context)) for rope in a.ropes]

    def _matrix(self, blocks: Blocks) -> Matrix:
        parts = (blocks.words,) if blocks.scales is None else (blocks.words, blocks.scales)
        return Matrix(tuple(map(self._view, parts)), blocks.rows, blocks.scales is not None)

    def _make_cache(self, weights: Weights, pages: int) -> None:
        a, dims = self._a, self._kernels.dims
        dtype = np.float16 if weights.format.dtype == "float16" else np.float32
        each = (pages, a.kv_heads, dims * PAGE)
        size = rounded(int(np.prod(each)) * np.dtype(dtype).itemsize)
        arena = Arena(2 * size * len(a.layers))
        self._cache = [(arena.take(each, dtype), arena.take(each, dtype)) for _ in a.layers]
        keys, values = (pages, a.kv_heads, dims, PAGE), (pages, a.kv_heads, PAGE, dims)
        self._layers = [
            (self._view(k.reshape(keys)), self._view(v.reshape(values))) for k, v in self._cache
        ]
        self._tables = _aligned(self._pages.tables.shape, np.int32)
        self._tables[...] = self._pages.tables
        self._pages.tables = self._tables
        self._tables_view = self._view(self._tables)

    # --- sequences ------------------------------------------------------------------------

    @property
    def vocabulary(self) -> int:
        return self._a.vocabulary

    @property
    def context(self) -> int:
        return self._context

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def add(self) -> int:
        return self._pages.add()

    def fork(self, sequence: int, length: int) -> int:
        number, copy = self._pages.fork(sequence, length)
        self._copy(copy)
        return number

    def cut(self, sequence: int, length: int) -> None:
        self._copy(self._pages.cut(sequence, length))

    def remove(self, sequence: int) -> None:
        self._pages.remove(sequence)

    def length(self, sequence: int) -> int:
        return self._pages.length(sequence)

    def free_tokens(self) -> int:
        return self._pages.free_tokens()

    def _copy(self, copy: Copy | None) -> None:
        if copy is not None:
            for part in (part for layer in self._cache for part in layer):
                part[copy.target] = part[copy.source]

    def export(self, sequence: int, length: int) -> bytes:
        pages = self._pages.pages(sequence, length)
        parts = [part[pages] for layer in self._cache for part in layer]
        dims = self._kernels.dims
        if length % PAGE:  # what comes after must not travel along
            for keys in parts[0::2]:
                keys[-1].reshape(-1, dims, PAGE)[:, :, length % PAGE :] = 0
            for values in parts[1::2]:
                values[-1].reshape(-1, PAGE, dims)[:, length % PAGE :] = 0
        return pack_export(self._fingerprint, length, [part.tobytes() for part in parts])

    def adopt(self, untrusted: bytes) -> int:
        shape = self._cache[0][0].shape[1:]
        dtype = self._cache[0][0].dtype
        page_bytes = int(np.prod(shape)) * dtype.itemsize
        length, parts = unpack_export(
            untrusted,
            self._fingerprint,
            count=2 * len(self._cache),
            part_size=lambda tokens: -(-tokens // PAGE) * page_bytes,
            most=self._context,
        )
        sequence = self._pages.add()
        try:
            self._pages.append([(sequence, length)])
        except BaseException:
            self._pages.remove(sequence)
            raise
        pages = self._pages.pages(sequence, length)
        for kept, part in zip((p for layer in self._cache for p in layer), parts, strict=True):
            kept[pages] = np.frombuffer(part, dtype).reshape(len(pages), *shape)
        return sequence

    # --- the forward pass -----------------------------------------------------------------

    def forward(self, batch: Sequence[Append]) -> Logits:
        tokens = self._checked(batch)
        before = [self._pages.length(append.sequence) for append in batch]
        self._pages.append([(append.sequence, len(append.tokens)) for append in batch])
        rows = _rows(batch, before, [self._pages.slot(append.sequence) for append in batch])
        ends = np.cumsum([len(append.tokens) for append in batch]) - 1
        last = np.empty((len(batch), padded(self._a.hidden, GROUP)), np.float32)
        for start in range(0, len(tokens), CHUNK):
            stop = min(start + CHUNK, len(tokens))
            hidden = self._pass(tokens[start:stop], rows[start:stop])
            here = (ends >= start) & (ends < stop)
            last[here] = hidden[ends[here] - start]
        return np.concatenate(
            [self._logits(last[i : i + CHUNK]) for i in range(0, len(batch), CHUNK)]
        )

    def _checked(self, batch: Sequence[Append]) -> npt.NDArray[np.int32]:
        if not batch or len({append.sequence for append in batch}) != len(batch):
            raise ValueError("a batch has one sequence or more, each once")
        tokens = np.concatenate([np.asarray(append.tokens, np.int64) for append in batch])
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < self._a.vocabulary:
            raise ValueError("a token is not in the vocabulary")
        return tokens.astype(np.int32)

    def _space(self, rows: int) -> Workspace:
        space = self._spaces.get(rows)
        if space is None:
            if len(self._spaces) > 64:
                self._spaces.clear()
            space = self._spaces[rows] = Workspace(self, rows)
        return space

    def _pass(self, tokens: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> Floats:
        """The hidden states after the last layer, shape (len(tokens), padded hidden)."""
        s = self._space(len(tokens))
        s.ids[:] = tokens
        s.rows[:] = rows
        tiles, longest = s.tiles_of(rows)
        few = longest * (self._a.heads // self._a.kv_heads) <= FEW
        embed: Matrix = self._p["embed"]
        self._kernels.embed(s.v_ids, *embed.arguments, s.v_x, self._a.embedding_scale)
        for n in range(len(self._layers)):
            self._layer(n, s, self._kernels.attention[few], tiles)
        return s.x

    def _layer(self, n: int, s: Workspace, attention: Callable[..., object], tiles: object) -> None:
        a, p, k = self._a, self._p, self._kernels
        kind = a.layers[n]
        keys, values = self._layers[n]
        eps = a.norm_eps
        k.norm(s.v_x, p[f"{n}.attention_norm"], s.v_normed, a.hidden, eps, 0)
        k.project(p[f"{n}.qkv"], s.v_normed, s.narrow, s.v_qkv, 0, s.count)
        bias = p[f"{n}.qkv_bias"] if a.qkv_bias else self._nothing
        q_norm = p[f"{n}.q_norm"] if a.qk_norm else self._nothing
        k_norm = p[f"{n}.k_norm"] if a.qk_norm else self._nothing
        k.turn(
            s.v_qkv, bias, q_norm, k_norm, self._turns[kind.rope], s.v_rows, self._tables_view,
            s.v_q, keys, values, a.head_dim, int(a.qk_norm), eps,
        )  # fmt: skip
        attention(
            s.v_q, keys, values, s.v_rows, self._tables_view, tiles, s.v_heads,
            a.head_dim, kind.window, a.attention_scale, a.score_cap,
        )  # fmt: skip
        self._add(n, "out", "attention_post_norm", s.v_heads, s.wide, s)
        k.norm(s.v_x, p[f"{n}.mlp_norm"], s.v_normed, a.hidden, eps, 0)
        k.project(p[f"{n}.gate_up"], s.v_normed, s.narrow, s.v_gates, 0, s.count)
        k.gate(s.v_gates, s.v_inner, int(a.activation is Activation.GELU_TANH))
        self._add(n, "down", "mlp_post_norm", s.v_inner, s.inner8, s)

    def _add(
        self, n: int, matrix: str, post: str, x: object, x8: tuple[object, ...], s: Workspace
    ) -> None:
        """Adds a projection to the residual stream, through a norm of its own where there is one."""
        k, p = self._kernels, self._p
        if not self._a.post_norms:
            k.project(p[f"{n}.{matrix}"], x, x8, s.v_x, 1, s.count)
            return
        k.project(p[f"{n}.{matrix}"], x, x8, s.v_normed, 0, s.count)
        k.norm(s.v_normed, p[f"{n}.{post}"], s.v_x, self._a.hidden, self._a.norm_eps, 1)

    def _logits(self, hidden: Floats) -> Logits:
        a, k = self._a, self._kernels
        s = self._space(len(hidden))
        s.x[:] = hidden
        k.norm(s.v_x, self._p["norm"], s.v_normed, a.hidden, a.norm_eps, 0)
        logits = s.logits(self._p["head"].rows)
        k.project(self._p["head"], s.v_normed, s.narrow, logits[1], 0, s.count)
        found = logits[0][:, : a.vocabulary]
        if a.logit_cap > 0:
            return np.asarray(np.tanh(found / a.logit_cap) * np.float32(a.logit_cap), np.float32)
        return found.copy()


class Kernels:
    """The library's functions, chosen for one model."""

    def __init__(self, module: Any, weights: Weights, *, exact: bool) -> None:  # noqa: ANN401
        a, stored = weights.architecture, weights.format
        self.dims = next(dims for dims in HEAD_DIMS if dims >= a.head_dim)
        packed = stored.quantised
        self.norm = module["norm"]
        self.gate = module["gate"]
        self.embed = module[f"embed_{'packed' if packed else 'plain'}_{stored.dtype}"]
        self.turn = module[f"turn_{self.dims}_{stored.dtype}"]
        attention = f"attention_{self.dims}_{stored.dtype}"
        self.attention = {
            few: module[f"{attention}_{'few' if few else 'many'}"] for few in (True, False)
        }
        self._to_int8 = module["to_int8"] if packed and not exact else None
        kind = "plain" if not packed else "exact" if exact else "int8"
        self._one = module[f"{kind}_{stored.dtype}_one"]
        self._many = module[f"{kind}_{stored.dtype}_many"]
        self._few = module[f"int8_{stored.dtype}_few"] if kind == "int8" else self._many

    def project(
        self, w: Matrix, x: object, x8: tuple[object, ...], y: object, adding: int, count: int
    ) -> None:
        """y (+)= x W^T; x8 is room for x in eight bits, where that is how it is done."""
        run = self._one if count == 1 else self._few if count <= 8 else self._many
        if self._to_int8 is None:
            run(*w.arguments, x, y, adding)
            return
        self._to_int8(x, *x8)
        run(*w.arguments, *x8, y, adding)


class Workspace:
    """What lies between the kernels of one pass over `count` rows. Names with v_ are the views
    the kernels take."""

    def __init__(self, model: ProcessorModel, count: int) -> None:
        a, view = model._a, model._view
        self.count = count
        hidden, inner = padded(a.hidden, GROUP), padded(a.inner, GROUP)
        heads = padded(a.heads * a.head_dim, GROUP)
        self.x = _aligned((count, hidden), np.float32)
        self.ids = _aligned((count,), np.int32)
        self.rows = _aligned((count, 2), np.int32)
        self._tiles = _aligned((count, 2), np.int32)
        self._view = view
        self.v_x, self.v_ids, self.v_rows = map(view, (self.x, self.ids, self.rows))

        def room(width: int) -> object:
            return view(_aligned((count, width), np.float32))

        def room8(width: int) -> tuple[object, ...]:
            groups = width // GROUP
            return (view(_aligned((count, width), np.int8)), room(groups), room(groups))

        self.v_normed, self.v_heads, self.v_inner = room(hidden), room(heads), room(inner)
        self.v_qkv, self.v_gates = room(padded(a.qkv_rows, GROUP)), room(2 * inner)
        self.v_q = view(_aligned((count, a.heads, model._kernels.dims), np.float32))
        self.narrow, self.wide, self.inner8 = room8(hidden), room8(heads), room8(inner)
        self._logits: tuple[Floats, object] | None = None

    def logits(self, width: int) -> tuple[Floats, object]:
        if self._logits is None:
            made = _aligned((self.count, width), np.float32)
            self._logits = (made, self._view(made))
        return self._logits

    def tiles_of(self, rows: npt.NDArray[np.int32]) -> tuple[object, int]:
        """Runs of rows of one sequence, TILE at most, and the longest. Every second one first: the
        kernel gives the first half to one thread, and later rows are more work."""
        starts = [0, *(np.flatnonzero(np.diff(rows[:, 0])) + 1).tolist(), len(rows)]
        tiles = [
            (first, min(TILE, end - first))
            for start, end in zip(starts, starts[1:], strict=False)
            for first in range(start, end, TILE)
        ]
        ordered = tiles[0::2] + tiles[1::2]
        self._tiles[: len(ordered)] = ordered
        return self._view(self._tiles[: len(ordered)]), max(count for _, count in tiles)


def _rows(
    batch: Sequence[Append], before: Sequence[int], slots: Sequence[int]
) -> npt.NDArray[np.int32]:
    """Sequence slot and position of every row, shape (rows, 2)."""
    rows = np.empty((sum(len(append.tokens) for append in batch), 2), np.int32)
    at = 0
    for append, start, slot in zip(batch, before, slots, strict=True):
        end = at + len(append.tokens)
        rows[at:end, 0] = slot
        rows[at:end, 1] = np.arange(start, start + len(append.tokens))
        at = end
    return rows


def _turns(rope: Rope, context: int) -> Floats:
    """Cosines, then sines, of every position, shape (context, 2 * pairs)."""
    angles = np.outer(np.arange(context), np.asarray(rope.inverse_frequencies, np.float32))
    turns = _aligned((context, 2 * angles.shape[1]), np.float32)
    turns[:, : angles.shape[1]] = np.cos(angles) * rope.magnitude
    turns[:, angles.shape[1] :] = np.sin(angles) * rope.magnitude
    return turns


def _aligned(shape: tuple[int, ...], dtype: type[Any]) -> npt.NDArray[Any]:
    return Arena(int(np.prod(shape)) * np.dtype(dtype).itemsize).take(shape, dtype)


def _fingerprint(identity: str, dims: int, *, exact: bool) -> str:
    """Other weights, another arithmetic or another layout of the cache give another one."""
    content = f"processor/1 {identity} {PAGE} {dims} {exact}"
    return hashlib.sha256(content.encode()).hexdigest()
