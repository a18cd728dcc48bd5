"""A chat model on the processor: parameters, key-value cache and the forward pass.

Rules kept here: only `tvm_ffi` and the runtime library are needed, no compiler. The kernels trust
their input, so every size and token is checked here. Used from one thread.

The pass itself is `_layer`: it reads like the transformer's own diagram, one kernel a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import Arena, aligned, rounded
from appliance.engine.decoding.model import Append, Logits
from appliance.engine.models.architecture import Activation, Rope
from appliance.engine.models.stored import Weights
from appliance.engine.running.blocks import GROUP, PAGE, padded
from appliance.engine.running.budget import CHUNK, KEPT_ROWS, SLOTS
from appliance.engine.running.exporting import pack_export, unpack_export
from appliance.engine.running.kernels import Kernels, Matrix, Room, Runtime
from appliance.engine.running.loading import Blocks, arrange
from appliance.engine.running.modules import load_module
from appliance.engine.running.pages import Copy, Pages
from appliance.engine.running.workspace import Floats, Workspace


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
        consume: bool = False,
    ) -> None:
        """identity: hex, of the weights and their format. cache_tokens: how many tokens all
        sequences hold together. context: of one sequence (the architecture's, if 0). exact:
        activations of packed weights stay float32. consume: the weights are taken out of
        `weights.stored` one by one as they are rearranged, and not to be used again."""
        self._a = a = weights.architecture
        self._runtime = Runtime(runtime)
        module = load_module(library)
        self._kernels = Kernels(module, a, weights.format, exact=exact)
        self._context = min(context or a.context, a.context, cache_tokens)
        self._pages = Pages(-(-cache_tokens // PAGE), SLOTS, self._context)
        self._load(weights, consume=consume)
        self._make_cache(weights, -(-cache_tokens // PAGE))
        self._arguments()
        self._spaces: dict[int, Workspace] = {}
        self._fingerprint = _fingerprint(identity, self._kernels.dims, exact=exact)

    def _load(self, weights: Weights, *, consume: bool) -> None:
        a, view = self._a, self._runtime.view
        self._p: dict[str, Any] = {
            name: self._matrix(made) if isinstance(made, Blocks) else view(made)
            for name, made in arrange(weights, consume=consume).items()
        }
        self._p.setdefault("head", self._p["embed"])
        self._none = self._runtime.space(padded(a.qkv_rows, GROUP))
        self._turns = [view(_turns(rope, self._context)) for rope in a.ropes]

    def _matrix(self, blocks: Blocks) -> Matrix:
        parts = (blocks.words,) if blocks.scales is None else (blocks.words, blocks.scales)
        return Matrix(tuple(map(self._runtime.view, parts)), blocks.rows)

    def _make_cache(self, weights: Weights, pages: int) -> None:
        a, dims = self._a, self._kernels.dims
        dtype = np.float16 if weights.format.dtype == "float16" else np.float32
        each = (pages, a.kv_heads, dims * PAGE)
        size = rounded(int(np.prod(each)) * np.dtype(dtype).itemsize)
        arena = Arena(2 * size * len(a.layers))
        self._cache = [(arena.take(each, dtype), arena.take(each, dtype)) for _ in a.layers]
        keys, values = (pages, a.kv_heads, dims, PAGE), (pages, a.kv_heads, PAGE, dims)
        self._layers = [
            (self._runtime.view(k.reshape(keys)), self._runtime.view(v.reshape(values)))
            for k, v in self._cache
        ]
        self._tables = self._runtime.view(self._pages.tables)

    def _arguments(self) -> None:
        """What the kernel of a whole layer takes, layer by layer, beside the workspace's part."""
        a, p, none = self._a, self._p, self._none
        self._whole: list[tuple[object, ...]] = []
        self._numbers: list[tuple[object, ...]] = []
        gelu, normed = int(a.activation is Activation.GELU_TANH), int(a.qk_norm)
        for n, kind in enumerate(a.layers if self._kernels.layer else ()):
            blocks = {m: p[f"{n}.{m}"].blocks for m in ("qkv", "out", "gate_up", "down")}
            self._whole.append(
                (
                    p[f"{n}.attention_norm"], *blocks["qkv"], p.get(f"{n}.qkv_bias", none),
                    p.get(f"{n}.q_norm", none), p.get(f"{n}.k_norm", none),
                    self._turns[kind.rope], *blocks["out"], p[f"{n}.mlp_norm"],
                    *blocks["gate_up"], *blocks["down"], self._tables, *self._layers[n],
                )
            )  # fmt: skip
            self._numbers.append(
                (
                    a.hidden, a.head_dim, normed, kind.window, gelu, a.norm_eps,
                    a.attention_scale, a.score_cap,
                )
            )  # fmt: skip

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
        logits = [self._logits(last[i : i + CHUNK]) for i in range(0, len(batch), CHUNK)]
        return logits[0] if len(logits) == 1 else np.concatenate(logits)

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
            if sum(self._spaces) + rows > KEPT_ROWS:
                self._spaces.clear()
            space = Workspace(self._runtime, self._a, self._kernels.dims, rows)
            self._spaces[rows] = space
        return space

    def _pass(self, tokens: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> Floats:
        """The hidden states after the last layer, shape (len(tokens), padded hidden)."""
        s = self._space(len(tokens))
        s.take(tokens, rows)
        self._kernels.embed(
            s.ids, *self._p["embed"].blocks, s.x, self._a.hidden, self._a.embedding_scale
        )
        single = self._kernels.layer if len(tokens) == 1 else None
        for n in range(len(self._layers)):
            if single is None:
                self._layer(n, s)
            else:
                single(s.x, *self._whole[n], *s.whole, *self._numbers[n])
        return s.hidden

    def _layer(self, n: int, s: Workspace) -> None:
        a, p, k, none = self._a, self._p, self._kernels, self._none
        kind, (keys, values), eps = a.layers[n], self._layers[n], a.norm_eps
        attention = k.attention_few if s.few else k.attention
        k.norm(s.x, p[f"{n}.attention_norm"], s.normed.floats, a.hidden, eps, 0)
        k.project(p[f"{n}.qkv"], s.normed, s.qkv)
        k.turn(
            s.qkv, p.get(f"{n}.qkv_bias", none), p.get(f"{n}.q_norm", none),
            p.get(f"{n}.k_norm", none), self._turns[kind.rope], s.rows, self._tables,
            s.queries, keys, values, a.head_dim, int(a.qk_norm), eps,
        )  # fmt: skip
        attention(
            s.queries, keys, values, s.rows, self._tables, s.tiles, s.heads.floats,
            a.head_dim, kind.window, a.attention_scale, a.score_cap,
        )  # fmt: skip
        self._add(p[f"{n}.out"], s.heads, p.get(f"{n}.attention_post_norm"), s)
        k.norm(s.x, p[f"{n}.mlp_norm"], s.normed.floats, a.hidden, eps, 0)
        k.project(p[f"{n}.gate_up"], s.normed, s.gates)
        k.gate(s.gates, s.inner.floats, int(a.activation is Activation.GELU_TANH))
        self._add(p[f"{n}.down"], s.inner, p.get(f"{n}.mlp_post_norm"), s)

    def _add(self, matrix: Matrix, x: Room, post_norm: object, s: Workspace) -> None:
        """Adds a projection to the residual stream, through a norm where there is one."""
        if post_norm is None:
            self._kernels.project(matrix, x, s.x, adding=True)
            return
        self._kernels.project(matrix, x, s.normed.floats)
        self._kernels.norm(s.normed.floats, post_norm, s.x, self._a.hidden, self._a.norm_eps, 1)

    def _logits(self, hidden: Floats) -> Logits:
        a, k, head = self._a, self._kernels, self._p["head"]
        s = self._space(len(hidden))
        s.hidden[:] = hidden
        k.norm(s.x, self._p["norm"], s.normed.floats, a.hidden, a.norm_eps, 0)
        found, view = s.logits(head.rows)
        k.project(head, s.normed, view)
        logits = found[:, : a.vocabulary]
        if a.logit_cap > 0:
            return np.asarray(np.tanh(logits / a.logit_cap) * np.float32(a.logit_cap), np.float32)
        return logits.copy()


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
    turns = aligned((context, 2 * angles.shape[1]), np.float32)
    turns[:, : angles.shape[1]] = np.cos(angles) * rope.magnitude
    turns[:, angles.shape[1] :] = np.sin(angles) * rope.magnitude
    return turns


def _fingerprint(identity: str, dims: int, *, exact: bool) -> str:
    """Other weights, another arithmetic or another layout of the cache give another one."""
    content = f"processor/1 {identity} {PAGE} {dims} {exact}"
    return hashlib.sha256(content.encode()).hexdigest()
