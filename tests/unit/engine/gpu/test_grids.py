"""How many blocks each kernel is launched with: what its own comment asks for."""

from __future__ import annotations

from operator import add, floordiv, mul, sub
from typing import Any, TypeAlias

import pytest
import tvm

from appliance.engine.compile.gpu import cuda_kernels
from appliance.engine.compile.gpu.cuda_kernels import SPLITS
from tests.unit.engine.gpu.models import TINY

Function: TypeAlias = Any
"""Of TVM's, or a part of one; tvm ships no types."""


OPERATORS = {"Add": add, "Sub": sub, "Mul": mul, "FloorDiv": floordiv}


def launched(function: Function, **sizes: int) -> list[int]:
    """Blocks along each axis, then threads, with the symbolic sizes filled in."""
    found, body = [], function.body.block.body
    while isinstance(body, tvm.tirx.AttrStmt):
        if body.attr_key == "thread_extent":
            found.append(_filled_in(body.value, sizes))
        body = body.body
    return found


def _filled_in(extent: Function, sizes: dict[str, int]) -> int:
    if isinstance(extent, tvm.tirx.Var):
        return sizes[extent.name]
    if isinstance(extent, tvm.tirx.IntImm):
        return int(extent.value)
    operator = OPERATORS[type(extent).__name__]
    return int(operator(_filled_in(extent.a, sizes), _filled_in(extent.b, sizes)))


@pytest.mark.parametrize(
    ("rows", "m", "grid"),
    [(8, 5, [13, 256]), (32, 33, [2, 2, 256]), (128, 257, [3, 2, 256]), (128, 1, [1, 2, 256])],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_product_has_a_block_for_every_tile(
    rows: int, m: int, grid: list[int], packed: bool
) -> None:
    kernel = cuda_kernels.matmul(rows, (200, 64), packed, "float16", residual=False)
    assert launched(kernel, m=m) == grid


@pytest.mark.parametrize(("splits", "n", "b"), [(1, 100, 3), (SPLITS, 8, 8)])
def test_attention_has_a_block_for_every_tile_of_every_text(splits: int, n: int, b: int) -> None:
    kernel = cuda_kernels.attention(TINY, TINY.layers[0], splits)
    tiles = -(-n * 2 // 64) + b
    sizes = {"n": n, "b": b, "pages": 9, "columns": 8}
    assert launched(kernel, **sizes) == [tiles, TINY.kv_heads, splits, 128]


def test_splits_are_merged_for_every_query() -> None:
    assert launched(cuda_kernels.merge(TINY), n=7) == [7 * TINY.heads, 128]
