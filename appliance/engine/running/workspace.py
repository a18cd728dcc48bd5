"""What lies between the kernels of one pass over a number of rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import aligned
from appliance.engine.models.architecture import Architecture
from appliance.engine.running.blocks import GROUP, padded
from appliance.engine.running.kernels import Runtime, View

Floats = npt.NDArray[np.float32]

TILE = 16
"""Rows of one sequence that one task of attention takes."""
FEW = 4
"""Rows times heads that share a key-value head, up to which attention runs for few."""


class Workspace:
    """Room for `count` rows. `hidden` is the residual stream, shape (count, padded hidden)."""

    def __init__(self, runtime: Runtime, a: Architecture, dims: int, count: int) -> None:
        self._runtime, self._a = runtime, a
        hidden, inner = padded(a.hidden, GROUP), padded(a.inner, GROUP)
        self.hidden: Floats = aligned((count, hidden), np.float32)
        self._ids = aligned((count,), np.int32)
        self._rows = aligned((count, 2), np.int32)
        self._tiles = aligned((count, 2), np.int32)
        self.x, self.ids, self.rows = map(runtime.view, (self.hidden, self._ids, self._rows))
        self.tiles: View = self.ids
        self.few = True
        self.normed = runtime.room(count, hidden)
        self.heads = runtime.room(count, padded(a.heads * a.head_dim, GROUP))
        self.inner = runtime.room(count, inner)
        self.qkv = runtime.space(count, padded(a.qkv_rows, GROUP))
        self.gates = runtime.space(count, 2 * inner)
        self.queries = runtime.space(count, a.heads, dims)
        self.whole: tuple[View, ...] = ()
        self._logits: tuple[Floats, View] | None = None

    def take(self, tokens: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> None:
        """Sets what this pass is about: ids, and each row's slot and position.

        Rows of one sequence make tiles of at most TILE. Every second tile comes first: the kernel
        gives the first half to one thread, and later rows are more work."""
        self._ids[:], self._rows[:] = tokens, rows
        starts = [0, *(np.flatnonzero(np.diff(rows[:, 0])) + 1).tolist(), len(rows)]
        tiles = [
            (first, min(TILE, end - first))
            for start, end in pairwise(starts)
            for first in range(start, end, TILE)
        ]
        ordered = tiles[0::2] + tiles[1::2]
        self._tiles[: len(ordered)] = ordered
        self.tiles = self._runtime.view(self._tiles[: len(ordered)])
        self.whole = (
            self.rows, self.tiles, self.normed.floats, *self.normed.int8, self.heads.floats,
            *self.heads.int8, self.inner.floats, *self.inner.int8, self.qkv, self.queries,
            self.gates,
        )  # fmt: skip
        longest = max(count for _, count in tiles)
        self.few = longest * (self._a.heads // self._a.kv_heads) <= FEW

    def logits(self, width: int) -> tuple[Floats, View]:
        """Room for logits, shape (count, width), made when first asked for."""
        if self._logits is None:
            made = aligned((len(self.hidden), width), np.float32)
            self._logits = (made, self._runtime.view(made))
        return self._logits
