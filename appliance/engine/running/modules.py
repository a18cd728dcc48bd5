"""Compiled modules, loaded from wherever their bytes are.

Rules kept here: a path says nothing about what a file is; sealed memory has no name with an ending.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def load_module(library: Path) -> Any:  # noqa: ANN401
    """As tvm_ffi.load_module loads what is called .so, and as long-lived."""
    import tvm_ffi  # late: the desk imports constants of this package, not the runtime

    module = tvm_ffi.get_global_func("ffi.Module.load_from_file.so")(os.fspath(library), "so")
    tvm_ffi.get_global_func("ffi.ModuleGlobalsAdd")(module)
    return module
