"""A parameter as it is stored: plain numbers, or a matrix in packed groups of four bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.models.architecture import Architecture, Format

Plain: TypeAlias = npt.NDArray[Any]
"""float16 or float32, row-major."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A matrix (rows, columns) in MLC's group quantisation q4f16_1 or q4f32_1.

    words: uint32, (rows, 4 * ceil(columns / 32)), eight 4-bit codes a word, the first in the
    lowest bits. scales: float16 or float32, (rows, ceil(columns / 32)). A weight is (code - 7) *
    scale. Codes past the last column mean nothing.
    """

    words: npt.NDArray[np.uint32]
    scales: Plain
    columns: int


Stored: TypeAlias = Plain | Packed


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's parameters: `stored` by the names of parameters.py, complete, in one format."""

    architecture: Architecture
    format: Format
    stored: dict[str, Stored]
