"""Numbers rounded in groups of 32, as float32 again: what a kernel computes with, slowly.

Groups run along the last axis; what is left over at the end of a row is a group of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.models.stored import Packed

GROUP = 32
Floats = npt.NDArray[np.float32]


def int8(x: Floats) -> Floats:
    """Symmetric 8 bits: the largest of a group becomes 127."""
    groups = _grouped(x)
    scale = np.abs(groups).max(axis=-1, keepdims=True) / np.float32(127)
    safe = np.where(scale > 0, scale, np.float32(1))
    return _flat(np.rint(groups / safe) * scale, x.shape)


def four_bits(weight: Floats) -> Floats:
    """MLC's q4f16_1 there and back."""
    codes, scales = _codes(weight)
    return _flat((codes - 7) * scales[..., None].astype(np.float32), weight.shape)


def packed(weight: Floats) -> Packed:
    """MLC's q4f16_1, eight codes a word."""
    codes, scales = _codes(weight)
    rows, columns = weight.shape
    octets = codes.astype(np.uint32).reshape(rows, -1, 8)
    words = (octets << (4 * np.arange(8, dtype=np.uint32))).sum(axis=-1, dtype=np.uint32)
    return Packed(np.ascontiguousarray(words[:, : -(-columns // 8)]), scales, columns)


class Rounded:
    """A matrix whose input passes through int8 on its way in: stands where a weight stands, in
    `x @ weight.T` and in `weight[rows]`."""

    __array_ufunc__ = None  # numpy's @ then leaves the product to __rmatmul__

    def __init__(self, weight: Floats) -> None:
        self._weight = weight

    @property
    def T(self) -> Rounded:  # noqa: N802 - numpy's name
        return self

    def __rmatmul__(self, x: Floats) -> Floats:
        return int8(x) @ self._weight.T

    def __getitem__(self, rows: Any) -> Floats:  # noqa: ANN401 - whatever numpy takes
        found: Floats = self._weight[rows]
        return found


def _codes(weight: Floats) -> tuple[Floats, npt.NDArray[np.float16]]:
    """Codes 0 to 14 as floats, (rows, groups, GROUP), and scales, (rows, groups)."""
    groups = _grouped(weight)
    scales = (np.abs(groups).max(axis=-1) / np.float32(7)).astype(np.float16)
    wide = scales.astype(np.float32)[..., None]
    codes = np.rint(groups / np.where(wide > 0, wide, np.float32(1)) + 7)
    return np.clip(codes, 0, 14), scales


def _grouped(x: Floats) -> Floats:
    missing = -x.shape[-1] % GROUP
    if missing:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])
    return x.reshape(*x.shape[:-1], -1, GROUP)


def _flat(groups: Floats, shape: tuple[int, ...]) -> Floats:
    return groups.reshape(*shape[:-1], -1)[..., : shape[-1]]
