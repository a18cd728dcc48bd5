"""A reader for safetensors files: a length, a JSON header, raw tensors.

Rules kept here: the header is untrusted. Its length, every name, type, shape and offset is bounded
and checked against the file before a byte of tensor data is looked at; tensors may not overlap.

Source: the format's description at huggingface/safetensors, README, "Format".
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.errors import WeightsUnusable

MAX_HEADER = 100_000_000
MAX_TENSORS = 100_000

Floats: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float16]

_ITEM = {"F32": 4, "F16": 2, "BF16": 2}


class WeightsInvalid(WeightsUnusable):
    """The file is not the safetensors file it should be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of a file: start and end count from the end of the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


class TensorFile:
    """A file's tensors, mapped: memory is taken by what is read, and given back by the system."""

    def __init__(self, entries: Mapping[str, Entry], data: memoryview) -> None:
        self._entries = entries
        self._data = data

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of every tensor, by name."""
        return {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> Floats:
        """A tensor in float32, or in float16 where the file has it so. Raises WeightsInvalid for
        one that is not there or of another type."""
        entry = self._entries.get(name)
        if entry is None:
            raise WeightsInvalid(f"There is no tensor {name[:80]}.")
        if entry.kind not in _ITEM:
            raise WeightsInvalid(f"{name[:80]} is of type {entry.kind[:16]}, not F32, F16 or BF16.")
        return _numbers(self._data[entry.start : entry.end], entry)


def open_tensors(path: Path) -> TensorFile:
    """Raises WeightsInvalid for what is no such file, OSError for one that cannot be read."""
    with path.open("rb") as file:
        try:
            untrusted: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise WeightsInvalid(f"{path.name} is empty.") from error
    return TensorFile(*_parsed(memoryview(untrusted)))


def read_floats(untrusted: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """The F32 tensors of a file, by name, as read-only views. Raises WeightsInvalid."""
    entries, data = _parsed(memoryview(untrusted))
    return {
        name: np.frombuffer(data[entry.start : entry.end], "<f4").reshape(entry.shape)
        for name, entry in entries.items()
        if entry.kind == "F32"
    }


def _parsed(untrusted: memoryview) -> tuple[dict[str, Entry], memoryview]:
    if len(untrusted) < 8:
        raise WeightsInvalid("The file is too short to be safetensors.")
    length = int.from_bytes(untrusted[:8], "little")
    if not 2 <= length <= min(MAX_HEADER, len(untrusted) - 8):
        raise WeightsInvalid("The header's length does not fit the file.")
    try:
        untrusted_header = json.loads(bytes(untrusted[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise WeightsInvalid("The header is not JSON.") from error
    if not isinstance(untrusted_header, dict) or len(untrusted_header) > MAX_TENSORS:
        raise WeightsInvalid("The header is not a table of tensors.")
    data = untrusted[8 + length :]
    entries = {
        name: _entry(name, untrusted_entry, len(data))
        for name, untrusted_entry in untrusted_header.items()
        if name != "__metadata__"
    }
    taken = sorted((entry.start, entry.end) for entry in entries.values())
    if any(a[1] > b[0] for a, b in pairwise(taken)):
        raise WeightsInvalid("Two tensors overlap.")
    return entries, data


def _entry(name: str, untrusted: object, available: int) -> Entry:
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
    if kind in _ITEM and offsets[1] - offsets[0] != _ITEM[kind] * prod(shape):
        raise WeightsInvalid(f"{name[:80]}: the shape does not fit the data.")
    return Entry(kind, tuple(shape), offsets[0], offsets[1])


def _numbers(data: memoryview, entry: Entry) -> Floats:
    if entry.kind == "BF16":  # the upper two bytes of a float32
        upper = np.frombuffer(data, "<u2").astype(np.uint32)
        return (upper << np.uint32(16)).view(np.float32).reshape(entry.shape)
    if entry.kind == "F16":
        return np.frombuffer(data, "<f2").reshape(entry.shape)
    return np.frombuffer(data, "<f4").reshape(entry.shape)
