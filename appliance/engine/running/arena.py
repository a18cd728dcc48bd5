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

from appliance.engine.running.blocks import ALIGNMENT

Number = TypeVar("Number", bound=np.generic)


class Arena:
    """`size` bytes of zeros, handed out piece by piece and kept while any piece is.
    Several threads may take pieces."""

    def __init__(self, size: int) -> None:
        length = max(size, 1) + ALIGNMENT
        if hasattr(mmap, "MAP_PRIVATE"):
            # Private: memory that could be shared is not given in huge pages.
            self._map = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        else:
            self._map = mmap.mmap(-1, length)
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


def rounded(size: int) -> int:
    """The next multiple of ALIGNMENT."""
    return -(-size // ALIGNMENT) * ALIGNMENT
