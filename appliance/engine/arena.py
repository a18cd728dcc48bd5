"""Large aligned memory for parameters and caches.

Rules kept here: every array begins at a multiple of ALIGNMENT; memory is asked for in huge pages
where the system has them (a decoded token reads every weight: with small pages, looking up their
addresses costs as much as a tenth of the reading).
"""

from __future__ import annotations

import contextlib
import mmap
import threading
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from appliance.engine.errors import MemoryShort

ALIGNMENT = 64
"""Bytes: the kernels load whole vectors, and the runtime demands it of tensors."""
Number = TypeVar("Number", bound=np.generic)


class Arena:
    """`size` bytes of zeros, handed out piece by piece and kept while any piece is.
    Several threads may take pieces. Raises MemoryShort."""

    def __init__(self, size: int) -> None:
        self._map = _mapped(max(size, 1) + ALIGNMENT)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # a kernel without them: slower, not wrong
                self._map.madvise(mmap.MADV_HUGEPAGE)
        self._bytes = np.frombuffer(self._map, np.uint8)
        self._lock = threading.Lock()
        self._used = -self._bytes.ctypes.data % ALIGNMENT

    def take(self, shape: tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
        """The next array. Raises MemoryError when the arena is used up."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with self._lock:
            start = self._used
            if start + size > self._bytes.size:
                raise MemoryError("the arena is used up")
            self._used += rounded(size)
        return self._bytes[start : start + size].view(dtype).reshape(shape)


def aligned(shape: tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
    """A zeroed array in memory of its own. Raises MemoryShort."""
    return Arena(int(np.prod(shape)) * np.dtype(dtype).itemsize).take(shape, dtype)


def _mapped(length: int) -> mmap.mmap:
    try:
        if hasattr(mmap, "MAP_PRIVATE"):
            # Private: memory that could be shared is not given in huge pages.
            return mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return mmap.mmap(-1, length)
    except (OSError, MemoryError, OverflowError) as error:
        raise MemoryShort("The model does not fit into the memory that is free.") from error


def rounded(size: int) -> int:
    """The next multiple of ALIGNMENT."""
    return -(-size // ALIGNMENT) * ALIGNMENT
