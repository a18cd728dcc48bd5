"""What TVM's passes expect of a function whose loops stand as they are."""

from __future__ import annotations

from typing import Any

from tvm import s_tir, tirx


def rooted(function: Any) -> Any:  # noqa: ANN401 - TVM has no types
    """The function with its body in a root block."""
    root = s_tir.SBlock([], [], [], "root", function.body)
    return function.with_body(s_tir.SBlockRealize([], tirx.const(True, "bool"), root))
