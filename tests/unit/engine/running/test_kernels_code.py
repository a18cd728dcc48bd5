"""Which instructions the compiled kernels hold: those of their level, and those they are for."""

from __future__ import annotations

import re

import pytest
import tvm

from appliance.engine.compile.cpu import attention, projections
from appliance.engine.compile.cpu.isa import AVX2, DOTPROD, LEVELS, VNNI, Isa
from appliance.engine.compile.cpu.library import target_of
from appliance.engine.compile.rooted import UNTOUCHED


def assembly(isa: Isa) -> str:
    """Of a projection and of attention, which use all there is."""
    made = {
        "project": projections.packed_by_int8(isa, isa.rows, "float16"),
        "attend": attention.attention(isa, 64, "float16", isa.few),
    }
    module = tvm.IRModule({n: f.with_attr("global_symbol", n) for n, f in made.items()})
    with tvm.transform.PassContext(config=UNTOUCHED):
        return str(tvm.compile(module, target_of(isa)).mod.inspect_source("asm"))


@pytest.mark.parametrize("isa", LEVELS.values(), ids=LEVELS)
def test_no_tile_asks_for_memory(isa: Isa) -> None:
    """An allocation a tile once cost a quarter of the time of a token."""
    assert "AllocWorkspace" not in assembly(isa)


def test_avx2_code_needs_no_more_than_avx2() -> None:
    code = assembly(AVX2)
    assert "vpmaddubsw" in code
    assert not re.search(r"%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[1-7]|vpdpbusd", code)


def test_vnni_code_uses_the_dot_product_on_whole_vectors() -> None:
    assert re.search(r"vpdpbusd\s.*%zmm", assembly(VNNI))


def test_arm_code_uses_the_dot_product() -> None:
    """Compiled, never run: there is no such machine here."""
    assert re.search(r"\bsdot\s+v\d+\.4s", assembly(DOTPROD))
