"""What TVM's passes expect of a function whose loops and buffers stand as they are."""

from __future__ import annotations

from typing import Any

from tvm import s_tir, tirx
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with


def rooted(function: Any) -> Any:  # noqa: ANN401 - TVM has no types
    """The function with its body in a root block."""
    root = s_tir.SBlock([], [], [], "root", function.body)
    return function.with_body(s_tir.SBlockRealize([], tirx.const(True, "bool"), root))


def stack(count: int, dtype: str) -> Any:  # noqa: ANN401
    """Room for `count` numbers on the stack, from where LLVM takes them into registers.

    Left to itself TVM asks its allocator for them at every tile, which costs as much as reading a
    small tile's weights. Holds only where UNTOUCHED is in force."""
    lives = {"disable_lower_builtin": True}
    return T.alloc_buffer((count,), dtype, scope="local", annotations=lives)


UNTOUCHED = {"tirx.disable_storage_rewrite": True}
"""TVM's pass that merges buffers drops what `stack` says of its own."""
