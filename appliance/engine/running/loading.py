"""From stored parameters to the blocks the processor's kernels read.

Rules kept here: padding is zero where it counts (a scale, a plain weight, a norm), so that padded
rows and columns never contribute. A norm's offset is added here, once.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import Arena, rounded
from appliance.engine.models.architecture import Architecture
from appliance.engine.models.parameters import Parameter, parameters
from appliance.engine.models.stored import Packed, Stored, Weights
from appliance.engine.running.blocks import BLOCK, GROUP, OCTETS, padded

THREADS = min(4, os.cpu_count() or 1)
"""Copying waits for memory; more threads than this only wait together."""

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix in blocks of BLOCK rows (compile/cpu/projections.py): scales is None where the
    numbers are plain."""

    words: Array
    scales: Array | None

    @property
    def rows(self) -> int:
        return int(self.words.shape[0]) * BLOCK


def arrange(
    weights: Weights, *, consume: bool = False
) -> dict[str, Blocks | npt.NDArray[np.float32]]:
    """Every parameter as the kernels read it: matrices as Blocks, vectors padded, as float32.

    Gate and up rows are padded each for themselves, so that they stay aligned. consume: each
    parameter is taken out of `weights.stored` once it is rearranged, so that memory holds all of
    them once and few of them twice (the new ones get memory only as they are written)."""
    a = weights.architecture
    wanted = parameters(a)
    arena = Arena(sum(_bytes(weights.stored[p.name], p, a) for p in wanted))
    take = weights.stored.pop if consume else weights.stored.__getitem__

    def one(parameter: Parameter) -> Blocks | npt.NDArray[np.float32]:
        make = _matrix if parameter.is_matrix else _vector
        return make(take(parameter.name), parameter, a, arena)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="loading") as pool:
        return dict(zip((p.name for p in wanted), pool.map(one, wanted), strict=True))


def _parts(parameter: Parameter, a: Architecture) -> list[tuple[int, int, int]]:
    """(first row in the source, rows, first row in the blocks) of each part."""
    rows = parameter.shape[0]
    if parameter.name.endswith(".gate_up"):
        return [(0, a.inner, 0), (a.inner, a.inner, padded(a.inner, GROUP))]
    return [(0, rows, 0)]


def _rows(parameter: Parameter, a: Architecture) -> int:
    if parameter.name.endswith(".gate_up"):
        return 2 * padded(a.inner, GROUP)
    return padded(parameter.shape[0], GROUP)


def _bytes(stored: Stored, parameter: Parameter, a: Architecture) -> int:
    if not parameter.is_matrix:
        return rounded(4 * padded(parameter.shape[0], GROUP))
    rows, columns = _rows(parameter, a), padded(parameter.shape[1], GROUP)
    if isinstance(stored, Packed):
        scales = rows * columns // GROUP * stored.scales.itemsize
        return rounded(rows * columns // 2) + rounded(scales)
    return rounded(rows * columns * stored.itemsize)


def _vector(
    stored: Stored, parameter: Parameter, a: Architecture, arena: Arena
) -> npt.NDArray[np.float32]:
    if isinstance(stored, Packed):
        raise TypeError(f"{parameter.name} is a vector and cannot be packed")
    count = parameter.shape[0]
    vector = arena.take((padded(count, GROUP),), np.float32)
    vector[:count] = stored
    if parameter.name.endswith("norm"):
        vector[:count] += np.float32(a.norm_offset)
    return vector


def _matrix(stored: Stored, parameter: Parameter, a: Architecture, arena: Arena) -> Blocks:
    blocks, groups = _rows(parameter, a) // BLOCK, padded(parameter.shape[1], GROUP) // GROUP
    if isinstance(stored, Packed):
        words = arena.take((blocks, groups * OCTETS, BLOCK), np.uint32)
        scales = arena.take((blocks, groups, BLOCK), stored.scales.dtype.type)
        for first, count, to in _parts(parameter, a):
            _interleave(stored.words[first : first + count], words, to)
            _interleave(stored.scales[first : first + count], scales, to)
        return Blocks(words, scales)
    plain = arena.take((blocks, groups * GROUP, BLOCK), stored.dtype.type)
    for first, count, to in _parts(parameter, a):
        _interleave(stored[first : first + count], plain, to)
    return Blocks(plain, None)


def _interleave(source: Array, target: Array, row: int) -> None:
    """Rows of `source` (n, k) into target (blocks, k or more, BLOCK), beginning with `row`, which
    is a multiple of BLOCK."""
    rows, columns = source.shape
    whole = rows // BLOCK * BLOCK
    first = row // BLOCK
    side_by_side = source[:whole].reshape(-1, BLOCK, columns).transpose(0, 2, 1)
    target[first : first + whole // BLOCK, :columns] = side_by_side
    if whole < rows:
        target[first + whole // BLOCK, :columns, : rows - whole] = source[whole:].T
