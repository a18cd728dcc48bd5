"""From the reader's kernels to one shared library a processor level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tvm

from appliance.engine.compile.encoder.kernels import Tiling, attention
from appliance.engine.compile.reading import rows
from appliance.engine.compile.reading.products import AVX2, AVX512, VNNI, Arithmetic, gemm
from appliance.engine.compile.rooted import UNTOUCHED
from appliance.engine.encoder.layout import HIDDEN, INNER
from appliance.engine.reading.layout import HEADS_OUT, MAX_TOKENS

LEVELS: dict[str, tuple[Arithmetic, tuple[str, ...]]] = {
    "x86-64-v3": (AVX2, ()),
    "x86-64-v4": (AVX512, ()),
    "x86-64-v4-vnni": (VNNI, ("+avx512vnni",)),
}
"""Processor levels, how each multiplies, and what it has beyond its level of the x86-64 psABI."""


def module(a: Arithmetic) -> Any:  # noqa: ANN401 - TVM has no types
    """All kernels of the reader under the names `engine.reading.model` calls them by."""
    attending = Tiling(lanes=rows.WIDE, rows=0, vectors=0, queries=a.queries)
    functions = {
        "embed": rows.embed(),
        "norm_and_round": rows.norm_and_round(a),
        "round_hidden": rows.round_rows(a, HIDDEN),
        "round_inner": rows.round_rows(a, INNER),
        "gemm_qkv": gemm(a, 3 * HIDDEN, HIDDEN, "none"),
        "attention": attention(attending, MAX_TOKENS),
        "gemm_out": gemm(a, HIDDEN, HIDDEN, "add"),
        "gemm_up": gemm(a, INNER, HIDDEN, "gelu"),
        "gemm_down": gemm(a, HIDDEN, INNER, "add"),
        "exit": rows.heads(1),
        "heads": rows.heads(len(HEADS_OUT)),
    }
    return tvm.IRModule(
        {name: function.with_attr("global_symbol", name) for name, function in functions.items()}
    )


def target_of(level: str) -> Any:  # noqa: ANN401
    """Whatever machine this runs on."""
    return tvm.target.Target(
        {
            "kind": "llvm",
            "mcpu": level.removesuffix("-vnni"),
            "mtriple": "x86_64-unknown-linux-gnu",
            "num-cores": 2,
            "mattr": list(LEVELS[level][1]),
        }
    )


def compile_library(level: str, path: Path) -> None:
    """Writes the library for `level`. The same on every run."""
    with tvm.transform.PassContext(config=UNTOUCHED):
        executable = tvm.compile(module(LEVELS[level][0]), target_of(level))
    executable.export_library(str(path))
