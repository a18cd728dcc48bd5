"""The throwaway child that touches the driver: which GPU is there, and does its memory work?

Rules kept here: it holds nothing and is asked nothing, so it may crash or hang. It speaks to the
driver alone (libcuda, the CUDA driver API), through ctypes; it needs no library of ours. It writes
one msgpack list to its standard output and ends.

Source: CUDA Driver API reference; the numbers are those of cuda.h.
"""

from __future__ import annotations

import ctypes
import os
import sys

import msgpack

LIBRARIES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
PROBE = 16 << 20
"""Bytes that are taken, filled and read back."""


class _Unusable(Exception):
    """Says why, as a part of a sentence; empty where there simply is no GPU."""


class _Driver:
    """Calls that raise what they return."""

    def __init__(self) -> None:
        for name in LIBRARIES:
            try:
                self._library = ctypes.CDLL(name)
                return
            except OSError:
                continue
        raise _Unusable("")

    def call(self, name: str, *arguments: object) -> None:
        status = getattr(self._library, name)(*arguments)
        if status == NO_DEVICE:
            raise _Unusable("")
        if status != 0:
            raise _Unusable(f"{name} of the driver fails with error {status}")


def look() -> list[object]:
    """What is said. Raises _Unusable."""
    driver = _Driver()
    driver.call("cuInit", ctypes.c_uint(0))
    count, device = ctypes.c_int(), ctypes.c_int()
    driver.call("cuDeviceGetCount", ctypes.byref(count))
    if count.value < 1:
        raise _Unusable("")
    driver.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
    name = ctypes.create_string_buffer(200)
    driver.call("cuDeviceGetName", name, ctypes.c_int(len(name)), device)
    _try_memory(driver, device)
    return ["gpu", name.value.decode("utf-8", "replace")]


def _try_memory(driver: _Driver, device: ctypes.c_int) -> None:
    """A context, an allocation, a fill by the GPU, a copy back."""
    context, place = ctypes.c_void_p(), ctypes.c_uint64()
    driver.call("cuCtxCreate_v2", ctypes.byref(context), ctypes.c_uint(0), device)
    driver.call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(PROBE))
    driver.call("cuMemsetD8_v2", place, ctypes.c_ubyte(0xA5), ctypes.c_size_t(PROBE))
    back = ctypes.create_string_buffer(PROBE)
    driver.call("cuMemcpyDtoH_v2", back, place, ctypes.c_size_t(PROBE))
    if back.raw != b"\xa5" * PROBE:
        raise _Unusable("its memory does not hold what is written to it")
    driver.call("cuMemFree_v2", place)


def main() -> None:
    # Drivers print; nothing but the answer may reach the pipe.
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        said = look()
    except _Unusable as error:
        said = ["none", str(error)]
    os.write(output, bytes(msgpack.packb(said)))


if __name__ == "__main__":
    main()
