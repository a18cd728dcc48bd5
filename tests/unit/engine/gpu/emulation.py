"""The CUDA kernels' source compiled for the processor and run thread by thread."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt

import appliance.engine.compile.gpu
from appliance.engine.models.stored import Packed

SOURCES = Path(appliance.engine.compile.gpu.__file__).parent / "cuda"
COMPILER = shutil.which("g++")


@cache
def kernels() -> ctypes.CDLL:
    """Built once a run, into a folder that is removed with the temporary files."""
    if COMPILER is None:
        raise FileNotFoundError("g++")
    folder = Path(mkdtemp(prefix="cloister-emulated-"))
    try:
        library = folder / "emulated.so"
        source = Path(__file__).with_name("emulated.cpp")
        options = "-std=c++20 -O1 -Wall -Wno-unknown-pragmas -Werror -shared -fPIC".split()
        command = [COMPILER, *options, f"-I{SOURCES}", "-o", str(library), str(source)]
        subprocess.run(command, check=True, capture_output=True)
        return ctypes.CDLL(str(library))
    finally:
        shutil.rmtree(folder)


class Attention(ctypes.Structure):
    """The struct of attention.cuh."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in "qkv pages starts lengths table".split()),
        *((name, ctypes.c_int) for name in "sequences columns heads kv_heads".split()),
        ("scale", ctypes.c_float),
        ("cap", ctypes.c_float),
        ("window", ctypes.c_int),
    )


def _at(array: npt.NDArray[Any] | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def matmul(
    rows: int,
    x: npt.NDArray[np.float16],
    matrix: npt.NDArray[np.float16] | Packed,
    residual: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32]:
    """y = x W^T + residual by the kernel for so many rows: 8, 32 or 128."""
    packed = matrix if isinstance(matrix, Packed) else None
    n = len(matrix.words) if isinstance(matrix, Packed) else len(matrix)
    y = np.full((len(x), n), np.nan, np.float32)
    kernels().emulate_matmul(
        rows,
        _at(x),
        _at(matrix if isinstance(matrix, np.ndarray) else None),
        _at(packed.words if packed else None),
        _at(packed.scales if packed else None),
        _at(residual),
        _at(y),
        *(len(x), n, x.shape[1]),
    )
    return y


@dataclass(frozen=True, slots=True)
class Cache:
    """Pages, which of them are whose, and how many tokens each sequence has."""

    pages: npt.NDArray[np.float16]
    table: npt.NDArray[np.int32]
    lengths: list[int]


def attention(
    cache: Cache,
    qkv: npt.NDArray[np.float16],
    starts: list[int],
    how: Mapping[str, float],
    *,
    splits: int,
) -> npt.NDArray[np.float16]:
    """What new tokens come to, shape (n, heads, head_dim). how: scale, cap and window."""
    kv_heads, dim = cache.pages.shape[2], cache.pages.shape[4]
    heads = qkv.shape[1] - 2 * kv_heads
    edges, ends = np.array(starts, np.int32), np.array(cache.lengths, np.int32)
    out = np.full((len(qkv), heads, dim), np.nan, np.float16)
    told = Attention(
        *(array.ctypes.data for array in (qkv, cache.pages, edges, ends, cache.table)),
        *(len(ends), cache.table.shape[1], heads, kv_heads),
        *(how["scale"], how["cap"], int(how["window"])),
    )
    kernels().emulate_attention(dim, told, len(qkv), _at(out), splits)
    return out
