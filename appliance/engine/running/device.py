"""A device that TVM's runtime knows, and tensors on it.

Rules kept here: only `tvm_ffi` and the runtime libraries are needed. A runtime that cannot be
loaded, or finds no device, is an error with a sentence; nothing else of the program is touched.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.running.modules import load_module
from appliance.errors import EngineFailed

INPUTS = 64
"""Input tensors that are kept."""
DEVICES = {"cpu": 1, "cuda": 2, "metal": 8}
"""DLPack's device types."""
POOLED = 2
Runtime: TypeAlias = Path | tuple[Path, ...]
"""libtvm_runtime, beside which lies what a device needs as well; or both, in that order."""


class GpuUnusable(EngineFailed):
    """The GPU, its driver or the library cannot be used."""

    code = "gpu_unusable"
    hint = "The processor is used instead. For the GPU, bring its driver up to date."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the driver says of the device: name, compute capability ("8.6", CUDA only), bytes of
    memory, and of those the free ones (0 where it does not say)."""

    name: str
    compute: str
    memory: int
    free: int


class Device:
    """Tensors on the device, made and read through the runtime's own functions."""

    def __init__(self, name: str, runtime: Runtime) -> None:
        import tvm_ffi  # late: what only names this module stays light

        _load_runtime(name, runtime)
        self.kind = DEVICES[name]
        self._shape = tvm_ffi.Shape
        self._device = tvm_ffi.device(name, 0)
        self._dtype = tvm_ffi.dtype
        self._empty = tvm_ffi.get_global_func("runtime.TVMTensorAllocWithScope")
        self._fill = tvm_ffi.get_global_func("runtime.TVMTensorCopyFromBytes")
        self._fetch = tvm_ffi.get_global_func("runtime.TVMTensorCopyToBytes")
        self._attribute = tvm_ffi.get_global_func("runtime.GetDeviceAttr")

    def facts(self) -> Facts:
        """Raises GpuUnusable where there is no such device."""
        values = [self._attribute(self.kind, 0, number) for number in (0, 4, 5, 14, 15)]
        exists, compute, name, total, free = values
        if not exists:
            raise GpuUnusable("There is no GPU that the runtime can use.")
        return Facts(str(name or "processor"), str(compute or ""), int(total or 0), int(free or 0))

    def executable(self, library: Path) -> Any:  # noqa: ANN401
        """The library's functions, set up on this device and, for sizes, the processor."""
        machine = load_module(library)["vm_load_executable"]()
        places = [self.kind, 0, POOLED]
        if self.kind != DEVICES["cpu"]:
            places += [DEVICES["cpu"], 0, POOLED]
        machine["vm_initialization"](*places)
        return machine

    def put(self, array: npt.NDArray[Any]) -> Any:  # noqa: ANN401
        shape, dtype = self._shape(array.shape), self._dtype(str(array.dtype))
        tensor = self._empty(shape, dtype, self._device, None)
        self.fill(tensor, array)
        return tensor

    def fill(self, tensor: Any, array: npt.NDArray[Any]) -> None:  # noqa: ANN401
        """Waits until what was asked of the device before is done."""
        array = np.ascontiguousarray(array)
        if array.nbytes:
            self._fill(tensor, ctypes.c_void_p(array.ctypes.data), array.nbytes)

    def get(self, tensor: Any, dtype: str) -> npt.NDArray[Any]:  # noqa: ANN401
        array = np.empty(tuple(tensor.shape), dtype)
        self._fetch(tensor, ctypes.c_void_p(array.ctypes.data), array.nbytes)
        return array


class Inputs:
    """Tensors for what a pass is told. They are used again: a driver takes longer to give memory
    than to compute a token. Keys are the input's place and shape."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._held: dict[tuple[int, tuple[int, ...]], Any] = {}

    def put(self, arrays: Sequence[npt.NDArray[Any]]) -> list[Any]:
        if len(self._held) > INPUTS:
            self._held.clear()
        return [self._one(place, array.astype(np.int32)) for place, array in enumerate(arrays)]

    def _one(self, place: int, array: npt.NDArray[np.int32]) -> Any:  # noqa: ANN401
        key = (place, array.shape)
        if key not in self._held:
            self._held[key] = self._device.put(array)
        else:
            self._device.fill(self._held[key], array)
        return self._held[key]


def _load_runtime(name: str, runtime: Runtime) -> None:
    libraries = list(runtime) if isinstance(runtime, tuple) else [runtime]
    if isinstance(runtime, Path) and name != "cpu":
        libraries.append(runtime.with_name(f"libtvm_runtime_{name}{runtime.suffix}"))
    for library in libraries:
        try:
            ctypes.CDLL(os.fspath(library), ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise GpuUnusable(f"A runtime library for {name} cannot be loaded: {error}") from error
