"""Group quantisation to four bits, bit for bit as MLC packs it (q4f16_1, q4f32_1).

Rules kept here: every step is done in the type of the scales, and rounded to it, in MLC's order:
scale = max|w| / 7, code = w / scale + 7, rounded half to even (IEEE 754, 4.3.1), held to 0 … 14.
Groups are 32 weights of a row, the last one shorter where a row ends. A group of zeros has scale 0
and codes 0, as MLC's division gives it. Every matrix is quantised, embedding and head included;
norms and biases are stored in the type of the scales. What is not a finite number in that type is
refused, never stored.

Source: mlc-ai/mlc-llm, python/mlc_llm/quantization/group_quantization.py (`_quantize`).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.errors import WeightsUnusable
from appliance.engine.models.architecture import Format
from appliance.engine.models.parameters import Parameter
from appliance.engine.models.stored import Packed, Plain, Stored

GROUP = 32
CODES_A_WORD = 8
BITS = 4
ZERO = 7
"""The code of the weight 0."""
LARGEST = 2 * ZERO

_AT_ONCE = 1 << 20  # weights quantised in one go: bounds the memory this takes
_SHIFTS = np.arange(CODES_A_WORD, dtype=np.uint32) * np.uint32(BITS)


def store(parameter: Parameter, weights: npt.NDArray[Any], format: Format) -> Stored:
    """A parameter in a format: a matrix packed where the format quantises, else plain numbers.

    weights: float32 or float16, of the parameter's shape. Raises WeightsUnusable for another
    shape, and for a number that the format's type does not hold.
    """
    if weights.shape != parameter.shape:
        raise WeightsUnusable(
            f"{parameter.name} is of shape {weights.shape}, not {parameter.shape}."
        )
    if format.quantised and parameter.is_matrix:
        return quantise(weights, format, parameter.name)
    return _in_type(weights, format, parameter.name)


def quantise(matrix: npt.NDArray[Any], format: Format, name: str = "a matrix") -> Packed:
    """Packs a matrix (rows, columns). Raises WeightsUnusable, naming `name`."""
    rows, columns = matrix.shape
    words = np.empty((rows, words_of(columns)), np.uint32)
    scales = np.empty((rows, groups_of(columns)), format.dtype)
    step = max(1, _AT_ONCE // max(1, columns))

    def pack(start: int) -> None:
        part = slice(start, start + step)
        groups = _grouped(_in_type(matrix[part], format, name))
        scales[part] = np.abs(groups).max(axis=-1) / groups.dtype.type(ZERO)
        words[part] = _packed(_codes(groups, scales[part]), columns)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # arithmetic lets other threads run
        list(pool.map(pack, range(0, rows, step)))
    return Packed(words=words, scales=scales, columns=columns)


def dequantise(packed: Packed) -> npt.NDArray[np.float32]:
    """(code - 7) * scale, computed in float32, shape (rows, columns)."""
    codes = (packed.words[..., None] >> _SHIFTS) & np.uint32(LARGEST + 1)
    codes = codes.reshape(len(packed.words), -1)[:, : packed.columns]
    scales = np.repeat(packed.scales.astype(np.float32), GROUP, axis=1)[:, : packed.columns]
    return (codes.astype(np.float32) - np.float32(ZERO)) * scales


def groups_of(columns: int) -> int:
    return -(-columns // GROUP)


def words_of(columns: int) -> int:
    """Words of a row as Packed has it. MLC's files have whole groups: four words each."""
    return -(-columns // CODES_A_WORD)


def _in_type(weights: npt.NDArray[Any], format: Format, name: str) -> Plain:
    with np.errstate(over="ignore"):  # what does not fit becomes infinite and is refused
        converted = np.ascontiguousarray(weights, format.dtype)
    if not np.isfinite(converted).all():
        raise WeightsUnusable(f"{name} holds a number that {format.dtype} cannot hold.")
    return converted


def _grouped(matrix: Plain) -> Plain:
    """(rows, groups, 32), zeros behind the last column."""
    rows, columns = matrix.shape
    padded = np.zeros((rows, groups_of(columns) * GROUP), matrix.dtype)
    padded[:, :columns] = matrix
    return padded.reshape(rows, -1, GROUP)


def _codes(groups: Plain, scales: Plain) -> npt.NDArray[np.uint32]:
    # Half precision is computed in float32 and rounded after each step, which gives the same
    # (24 bits are enough for one division or sum of 11) and is several times as fast.
    dtype = groups.dtype
    wide: npt.NDArray[np.float32] = groups.astype(np.float32, copy=False)
    steps: npt.NDArray[np.float32] = scales.astype(np.float32, copy=False)[..., None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide = _rounded(wide / steps, dtype)
        wide = np.rint(_rounded(wide + np.float32(ZERO), dtype))
    # 0 / 0 gives no number; MLC's maximum takes the other operand then, which is 0.
    held = np.where(wide > 0, np.minimum(wide, LARGEST), 0)
    return held.astype(np.uint32).reshape(len(groups), -1)


def _rounded(
    numbers: npt.NDArray[np.float32], dtype: np.dtype[np.floating]
) -> npt.NDArray[np.float32]:
    return numbers.astype(dtype, copy=False).astype(np.float32, copy=False)


def _packed(codes: npt.NDArray[np.uint32], columns: int) -> npt.NDArray[np.uint32]:
    codes[:, columns:] = 0  # behind the last column MLC packs zeros
    of_words = codes.reshape(len(codes), -1, CODES_A_WORD)[:, : words_of(columns)]
    packed: npt.NDArray[np.uint32] = np.bitwise_or.reduce(of_words << _SHIFTS, axis=-1)
    return packed
