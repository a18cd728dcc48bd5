"""An array that grows at its end at amortised constant cost."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)


class Growing(Generic[Scalar]):
    """Rows of a fixed shape. `rows` is a view that stays valid, and unchanged, while more come."""

    def __init__(self, kind: type[Scalar], width: int | None = None) -> None:
        self._shape = () if width is None else (width,)
        self._held: npt.NDArray[Scalar] = np.zeros((0, *self._shape), kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> npt.NDArray[Scalar]:
        return self._held[: self._count]

    def extend(self, more: npt.NDArray[Scalar]) -> None:
        needed = self._count + len(more)
        if needed > len(self._held):
            larger = np.zeros((max(needed, 2 * len(self._held)), *self._shape), self._held.dtype)
            larger[: self._count] = self.rows
            self._held = larger
        self._held[self._count : needed] = more
        self._count = needed
