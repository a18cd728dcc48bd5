"""From a model's architecture and format to one library for a target.

Rules kept here: a build needs no GPU. A library for CUDA leaves this module only with machine code
in it for every architecture, checked; never with source for the driver to compile. The same
definition compiles for "llvm", which is how it is checked where there is no GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tvm

from appliance.engine.compile.gpu import nvcc
from appliance.engine.compile.gpu.cuda_kernels import Cuda, require_kernels
from appliance.engine.compile.gpu.errors import GpuUnsupported
from appliance.engine.compile.gpu.machine_code import check_machine_code
from appliance.engine.compile.gpu.model import Kernels, Portable, module
from appliance.engine.models.architecture import Architecture, Format

HOST = {"kind": "llvm", "mcpu": "x86-64-v3", "mtriple": "x86_64-unknown-linux-gnu"}
CUDA = {
    "kind": "cuda",
    "arch": nvcc.ARCHITECTURES[0],
    "max_threads_per_block": 1024,
    "max_shared_memory_per_block": 49152,
    "thread_warp_size": 32,
    "libs": [],
}
"""What TVM generates for: the least of the architectures. nvcc compiles it for each."""


def compile_gpu(architecture: Architecture, form: Format, target: str, path: Path) -> None:
    """Writes the library. target is "cuda" or "llvm". Raises GpuUnsupported for a model the target
    cannot run, CompilerMissing, CompilerFailed or MachineCodeMissing; then nothing is written."""
    if target == "llvm":
        portable: dict[str, Kernels] = {"forward": Portable(architecture)}
        build = module(architecture, form, portable)
        tvm.compile(build, tvm.target.Target(HOST)).export_library(str(path))
    elif target == "cuda":
        _compile_cuda(architecture, form, path)
    else:
        raise GpuUnsupported(f"There is no target {target}; there are cuda and llvm.")


def _compile_cuda(architecture: Architecture, form: Format, path: Path) -> None:
    require_kernels(architecture, form)
    variants: dict[str, Kernels] = {
        "decode": Cuda(architecture, 8),
        "batch": Cuda(architecture, 32),
        "forward": Cuda(architecture, 128),
    }
    target = tvm.target.Target(CUDA, host=HOST)
    with nvcc.cuda_build(nvcc.ARCHITECTURES):
        build = module(architecture, form, variants)
        executable: Any = tvm.compile(build, target)
        executable.export_library(str(path))
    try:
        check_machine_code(path, nvcc.ARCHITECTURES)
    except Exception:
        path.unlink(missing_ok=True)
        raise
