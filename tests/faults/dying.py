"""Dying at an exact call: at the nth that changes a file, before it, after it, or in the middle.

A random `kill -9` seldom falls into the microseconds in which a file is half written; this puts it
there. Works in a process that was started with the library of `dying.c` preloaded.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def build(folder: Path) -> Path:
    """Compiles the library; set-up brings the compiler."""
    library = folder / "dying.so"
    subprocess.run(
        ["c++", "-x", "c", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"],  # noqa: S607 - the compiler that set-up found on the PATH
        check=True,
    )  # fmt: skip
    return library


def environment(library: Path) -> dict[str, str]:
    """What a process is started with so that it can be armed."""
    return {**os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1"}


def arm(needle: str, at: int, quarters: int) -> None:
    """This process dies at the `at`th call, from now, that changes a file whose path holds
    `needle`; of what that call was to write, `quarters` quarters are written (in whole pages).

    Raises AttributeError where the library was not preloaded."""
    ctypes.CDLL(None).dying_arm(needle.encode(), ctypes.c_long(at), ctypes.c_int(quarters))
