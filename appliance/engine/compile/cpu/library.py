"""From the kernels to one shared library an instruction set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tvm

from appliance.engine.compile.cpu import activations, attention, embedding, layer, projections
from appliance.engine.compile.cpu.isa import LEVELS, Isa
from appliance.engine.compile.rooted import UNTOUCHED
from appliance.engine.running.blocks import HEAD_DIMS


def compile_cpu(level: str, path: Path) -> None:
    """Writes the library for `level`, whatever machine this runs on. The same on every run.

    Raises KeyError for a level that is not in isa.LEVELS."""
    isa = LEVELS[level]
    module = tvm.IRModule(
        {name: made.with_attr("global_symbol", name) for name, made in kernels(isa).items()}
    )
    with tvm.transform.PassContext(config=UNTOUCHED):
        tvm.compile(module, target_of(isa)).export_library(str(path))


def target_of(isa: Isa) -> tvm.target.Target:
    return tvm.target.Target(
        {
            "kind": "llvm",
            "mcpu": isa.processor,
            "mtriple": isa.triple,
            "mattr": list(isa.features),
            "num-cores": 2,
        }
    )


def kernels(isa: Isa) -> dict[str, Any]:
    """All kernels under the names appliance/engine/running/processor_model.py calls them by."""
    made = {
        "norm": activations.norm(isa),
        "gate": activations.gate(isa),
        "to_int8": activations.to_int8(isa),
    }
    for dims in HEAD_DIMS:
        made[f"layer_{dims}"] = layer.layer(isa, dims)
    for dtype in ("float16", "float32"):
        made[f"embed_packed_{dtype}"] = embedding.embed_packed(dtype)
        made[f"embed_plain_{dtype}"] = embedding.embed_plain(dtype)
        for rows, name in ((1, "one"), (isa.rows, "many")):
            made[f"int8_{dtype}_{name}"] = projections.packed_by_int8(isa, rows, dtype)
            made[f"exact_{dtype}_{name}"] = projections.packed_exactly(isa, rows, dtype)
            made[f"plain_{dtype}_{name}"] = projections.plain(isa, rows, dtype)
        for dims in HEAD_DIMS:
            made[f"turn_{dims}_{dtype}"] = attention.turn_and_keep(isa, dims, dtype)
            for queries, name in ((isa.few, "few"), (isa.many, "many")):
                made[f"attention_{dims}_{dtype}_{name}"] = attention.attention(
                    isa, dims, dtype, queries
                )
    return made
