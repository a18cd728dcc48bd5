"""A reader for safetensors files: a length, a JSON header, raw tensors.

Rules kept here: the header is untrusted. Its length, every name, type, shape and offset is bounded
and checked against the file before a byte of tensor data is looked at; tensors may not overlap.

Source: the format's description at huggingface/safetensors, README, "Format".
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

MAX_HEADER = 10_000_000
MAX_TENSORS = 10_000


class WeightsInvalid(Exception):
    """The file is not the safetensors file it should be."""


def read_floats(untrusted: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """The F32 tensors of a file, by name, as read-only views. Raises WeightsInvalid."""
    if len(untrusted) < 8:
        raise WeightsInvalid("The file is too short to be safetensors.")
    length = int.from_bytes(untrusted[:8], "little")
    if not 2 <= length <= min(MAX_HEADER, len(untrusted) - 8):
        raise WeightsInvalid("The header's length does not fit the file.")
    try:
        untrusted_header = json.loads(untrusted[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise WeightsInvalid("The header is not JSON.") from error
    if not isinstance(untrusted_header, dict) or len(untrusted_header) > MAX_TENSORS:
        raise WeightsInvalid("The header is not a table of tensors.")
    data = memoryview(untrusted)[8 + length :]
    found: dict[str, npt.NDArray[np.float32]] = {}
    taken: list[tuple[int, int]] = []
    for name, untrusted_entry in untrusted_header.items():
        if name == "__metadata__":
            continue
        kind, shape, start, end = _entry(name, untrusted_entry, len(data))
        taken.append((start, end))
        if kind == "F32":
            if end - start != 4 * prod(shape):
                raise WeightsInvalid(f"{name[:80]}: the shape does not fit the data.")
            found[name] = np.frombuffer(data[start:end], "<f4").reshape(shape)
    taken.sort()
    if any(a[1] > b[0] for a, b in pairwise(taken)):
        raise WeightsInvalid("Two tensors overlap.")
    return found


def _entry(name: str, untrusted: object, available: int) -> tuple[str, tuple[int, ...], int, int]:
    wrong = WeightsInvalid(f"{name[:80]}: the entry is not a type, a shape and two offsets.")
    if not isinstance(untrusted, dict):
        raise wrong
    kind, shape, offsets = (untrusted.get(k) for k in ("dtype", "shape", "data_offsets"))
    if not isinstance(kind, str) or not isinstance(shape, list) or not isinstance(offsets, list):
        raise wrong
    if len(offsets) != 2 or len(shape) > 8:
        raise wrong
    if any(type(n) is not int or not 0 <= n <= 1 << 40 for n in (*shape, *offsets)):
        raise wrong
    if not offsets[0] <= offsets[1] <= available:
        raise WeightsInvalid(f"{name[:80]}: the data lies outside the file.")
    return kind, tuple(shape), offsets[0], offsets[1]
