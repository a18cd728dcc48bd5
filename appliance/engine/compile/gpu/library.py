"""From a model's architecture and format to one library for a target.

Rules kept here: a build needs no GPU. A library for CUDA leaves this module only with machine code
in it for every architecture, checked; never with source for the driver to compile. The same
definition compiles for "llvm", which is how it is checked where there is no GPU.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tvm

from appliance.engine.compile.gpu import nvcc
from appliance.engine.compile.gpu.cuda_kernels import Cuda, require_kernels
from appliance.engine.compile.gpu.errors import GpuUnsupported
from appliance.engine.compile.gpu.model import Kernels, Portable, module
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.running.machine_code import ARCHITECTURES, check_machine_code

HOST = {"kind": "llvm", "mcpu": "x86-64-v3", "mtriple": "x86_64-unknown-linux-gnu"}
CUDA = {
    "kind": "cuda",
    "arch": ARCHITECTURES[0],
    "max_threads_per_block": 1024,
    "max_shared_memory_per_block": 49152,
    "thread_warp_size": 32,
    "libs": [],
}
"""What TVM generates for: the least of the architectures. nvcc compiles it for each."""
METAL = {
    "kind": "metal",
    "max_threads_per_block": 1024,
    "max_shared_memory_per_block": 32768,
    "thread_warp_size": 32,
}
MAC = {"kind": "llvm", "mtriple": "arm64-apple-macos"}
TARGETS = ("cuda", "metal", "llvm")


def compile_gpu(architecture: Architecture, form: Format, target: str, path: Path) -> None:
    """Writes the library for one of TARGETS; for "metal" an archive of the objects it is linked
    from on a Mac (packaging/metal/link.sh), whose shaders are source that macOS compiles.

    Raises GpuUnsupported for a model the target cannot run, CompilerMissing, CompilerFailed or
    MachineCodeMissing; then nothing is written.
    """
    if target == "cuda":
        _compile_cuda(architecture, form, path)
        return
    if target not in TARGETS:
        raise GpuUnsupported(f"There is no target {target}; there are {', '.join(TARGETS)}.")
    portable: dict[str, Kernels] = {"forward": Portable(architecture)}
    build = module(architecture, form, portable)
    if target == "llvm":
        tvm.compile(build, tvm.target.Target(HOST)).export_library(str(path))
        return
    metal = tvm.target.Target(METAL, host=MAC)
    with metal:
        executable = tvm.compile(build, metal)
    _write_objects(executable, path)


def _write_objects(executable: Any, path: Path) -> None:  # noqa: ANN401
    from tvm.support import tar  # registers nothing and links nothing: it puts files together

    with TemporaryDirectory(prefix="cloister-metal-") as folder:
        archive = Path(folder, "objects.tar")  # TVM goes by the suffix
        executable.export_library(str(archive), fcompile=tar.tar)
        shutil.copyfile(archive, path)


def _compile_cuda(architecture: Architecture, form: Format, path: Path) -> None:
    require_kernels(architecture, form)
    variants: dict[str, Kernels] = {
        "decode": Cuda(architecture, 8),
        "batch": Cuda(architecture, 32),
        "forward": Cuda(architecture, 128),
    }
    target = tvm.target.Target(CUDA, host=HOST)
    with nvcc.cuda_build(ARCHITECTURES):
        build = module(architecture, form, variants)
        executable: Any = tvm.compile(build, target)
        executable.export_library(str(path))
    try:
        check_machine_code(path)
    except Exception:
        path.unlink(missing_ok=True)
        raise
