"""NVIDIA's compiler as TVM's CUDA build calls it, on a machine that need not have a GPU.

Rules kept here: one fat binary holds machine code for every architecture asked for, not
compressed, so that it can be checked without NVIDIA's tools; no intermediate code goes in, since
what a driver would make of it later was never checked. Fast math is off: the rope needs the sine of
large angles. A library that stands in for the driver is built only where there is none, in a
temporary folder, for the time of the build.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.engine.compile.gpu.errors import CompilerFailed, CompilerMissing

SOURCES = Path(__file__).with_name("cuda")
HEADERS = ("primitives.cuh", "matmul.cuh", "attention.cuh", "calls.cuh")
OPTIONS = ("--fatbin", "-O3", "-std=c++17", "--no-compress", "--expt-relaxed-constexpr")
TIMEOUT = 1800
DRIVER_CALLS = """cuDeviceGetName cuFuncSetAttribute cuGetErrorName cuGetErrorString
cuLaunchKernelEx cuModuleGetFunction cuModuleLoadData cuModuleUnload
cuTensorMapEncodeTiled""".split()
"""What TVM's runtime for CUDA wants of the driver. None is called during a build."""
NO_DEVICE = 100
"""CUDA_ERROR_NO_DEVICE."""


def require_nvcc() -> Path:
    """Raises CompilerMissing."""
    found = shutil.which("nvcc")
    if found is None:
        raise CompilerMissing("Building for NVIDIA GPUs needs the compiler nvcc; there is none.")
    return Path(found)


def compile_source(code: str, architectures: tuple[str, ...]) -> bytes:
    """A fat binary of `code`, with the hand-written kernels in front of it."""
    nvcc = require_nvcc()
    includes = "".join(f'#include "{header}"\n' for header in HEADERS)
    targets = [
        option
        for sm in architectures
        for option in ("-gencode", f"arch={sm.replace('sm', 'compute')},code={sm}")
    ]
    with tempfile.TemporaryDirectory(prefix="cloister-nvcc-") as folder:
        source, binary = Path(folder, "model.cu"), Path(folder, "model.fatbin")
        source.write_text(includes + code, encoding="utf-8")
        files = [f"-I{SOURCES}", "-o", os.fspath(binary), os.fspath(source)]
        _run([os.fspath(nvcc), *OPTIONS, *targets, *files])
        return binary.read_bytes()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        wrong = next((line for line in lines if "error" in line), (lines or ["no message"])[-1])
        raise CompilerFailed(f"{Path(command[0]).name} failed: {wrong.strip()}")


@contextmanager
def cuda_build(architectures: tuple[str, ...]) -> Iterator[None]:
    """While open, TVM compiles CUDA code with compile_source for these architectures."""
    import tvm_ffi

    require_nvcc()
    _load_runtime()
    # Errors do not keep their type on their way through TVM: the first one is kept here.
    failed: list[Exception] = []

    def callback(code: str, *_: Any) -> bytes:  # noqa: ANN401
        try:
            return compile_source(code, architectures)
        except Exception as error:
            failed.append(error)
            raise

    name = "tvm_callback_cuda_compile"
    before = tvm_ffi.get_global_func(name)
    tvm_ffi.register_global_func(name, callback, override=True)
    try:
        yield
    except Exception:
        if failed:
            raise failed[0] from None
        raise
    finally:
        tvm_ffi.register_global_func(name, before, override=True)


def _load_runtime() -> None:
    """TVM's runtime for CUDA, without which TVM would put CUDA's source in the library."""
    import tvm
    import tvm_ffi

    creator = "ffi.Module.create.cuda"
    if tvm_ffi.get_global_func(creator, allow_missing=True) is not None:
        return
    try:
        ctypes.CDLL("libcuda.so.1", ctypes.RTLD_GLOBAL)
    except OSError:
        _load_driver_stand_in()
    library = Path(tvm.__file__).parent / "lib" / "libtvm_runtime_cuda.so"
    try:
        ctypes.CDLL(os.fspath(library), ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise CompilerMissing(f"TVM's runtime for CUDA cannot be loaded: {error}") from error
    if tvm_ffi.get_global_func(creator, allow_missing=True) is None:
        raise CompilerMissing("TVM's runtime for CUDA was loaded and is not there.")


def _load_driver_stand_in() -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise CompilerMissing(
            "There is no NVIDIA driver here and no C compiler to build a stand-in for it with.",
            hint="Install gcc on the build machine.",
        )
    calls = "".join(f"int {name}(void) {{ return {NO_DEVICE}; }}\n" for name in DRIVER_CALLS)
    with tempfile.TemporaryDirectory(prefix="cloister-driver-") as folder:
        source, library = Path(folder, "driver.c"), Path(folder, "libcuda.so.1")
        source.write_text(calls, encoding="utf-8")
        shared = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"]
        _run([compiler, *shared, "-o", os.fspath(library), os.fspath(source)])
        ctypes.CDLL(os.fspath(library), ctypes.RTLD_GLOBAL)
