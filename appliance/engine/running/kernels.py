"""The library's kernels as one model calls them.

Rules kept here: which kernel serves is decided once, when the model is loaded, from its format and
head size, and then only from the number of rows.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import aligned
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.running.blocks import GROUP
from appliance.engine.running.budget import head_dims

View: TypeAlias = object
"""An array as the kernels take it."""
Kernel: TypeAlias = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in blocks: (codes, scales), or (numbers,). rows are padded."""

    blocks: tuple[View, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Room:
    """Rows of activations between two matrices, and room for them in eight bits."""

    rows: int
    floats: View
    int8: tuple[View, View, View]


class Runtime:
    """The runtime library, loaded, and views of arrays for it."""

    def __init__(self, runtime: Path) -> None:
        import tvm_ffi  # late: the desk imports constants of this package, not the runtime

        # The kernels' thread pool lives here; it must be there before they are loaded.
        ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
        self.view: Callable[[npt.NDArray[Any]], View] = tvm_ffi.from_dlpack

    def room(self, rows: int, width: int) -> Room:
        """Zeroed room for `width` (a multiple of GROUP) numbers a row."""
        groups = width // GROUP
        eight = self.view(aligned((rows, width), np.int8))
        scales = [self.view(aligned((rows, groups), np.float32)) for _ in range(2)]
        return Room(rows, self.space(rows, width), (eight, scales[0], scales[1]))

    def space(self, *shape: int) -> View:
        """A zeroed float32 array."""
        return self.view(aligned(shape, np.float32))


class Kernels:
    """The functions that suit one model. exact: activations of packed weights stay float32."""

    def __init__(self, module: Any, a: Architecture, form: Format, *, exact: bool) -> None:  # noqa: ANN401
        self.dims = head_dims(a)
        kind = ("exact" if exact else "int8") if form.quantised else "plain"
        self.norm: Kernel = module["norm"]
        self.gate: Kernel = module["gate"]
        self.embed: Kernel = module[f"embed_{'packed' if form.quantised else 'plain'}_{form.dtype}"]
        self.turn: Kernel = module[f"turn_{self.dims}_{form.dtype}"]
        attention = f"attention_{self.dims}_{form.dtype}"
        self.attention: Kernel = module[f"{attention}_many"]
        self.attention_few: Kernel = module[f"{attention}_few"]
        whole = form is Format.Q4F16_1 and not exact and not a.post_norms
        self.layer: Kernel | None = module[f"layer_{self.dims}"] if whole else None
        self._to_int8: Kernel | None = module["to_int8"] if kind == "int8" else None
        self._one: Kernel = module[f"{kind}_{form.dtype}_one"]
        self._many: Kernel = module[f"{kind}_{form.dtype}_many"]

    def project(self, matrix: Matrix, x: Room, y: View, *, adding: bool = False) -> None:
        """y = x W^T, or y += x W^T."""
        run = self._one if x.rows == 1 else self._many
        if self._to_int8 is None:
            run(*matrix.blocks, x.floats, y, int(adding))
            return
        self._to_int8(x.floats, *x.int8)
        run(*matrix.blocks, *x.int8, y, int(adding))
