"""From the kernels to one shared library a processor level."""

from __future__ import annotations

from pathlib import Path

import tvm

from appliance.engine.compile.encoder import kernels
from appliance.engine.compile.rooted import UNTOUCHED

LEVELS = {"x86-64-v3": kernels.AVX2, "x86-64-v4": kernels.AVX512}
"""Processor levels of the x86-64 psABI and how the kernels are tiled for them."""


def compile_library(level: str, path: Path) -> None:
    """Writes the library for `level`, whatever machine this runs on. The same on every run."""
    target = tvm.target.Target(
        {"kind": "llvm", "mcpu": level, "mtriple": "x86_64-unknown-linux-gnu", "num-cores": 2}
    )
    with tvm.transform.PassContext(config=UNTOUCHED):
        executable = tvm.compile(kernels.module(LEVELS[level]), target)
    executable.export_library(str(path))
