"""Where everything is, and the children of both sides."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.engine.pipes import ROOT, Child
from tests.benchmarks.engine.shapes import LARGE, SMALL, TINY, Shape


@dataclass(frozen=True, slots=True)
class Setup:
    """quick tries the machinery: a tiny shape, one round, figures that mean nothing."""

    quick: bool = False

    @property
    def folder(self) -> Path:
        return ROOT / ".cache" / "bench-engine"

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (TINY,) if self.quick else (SMALL, LARGE)

    @property
    def largest(self) -> Shape:
        return self.shapes[-1]

    def rounds(self, usual: int) -> int:
        return 1 if self.quick else usual

    def ours(self, threads: int) -> Child:
        return _product("tests.benchmarks.engine.ours", threads)

    def encoder(self, threads: int) -> Child:
        return _product("tests.benchmarks.engine.encoder_ours", threads)

    def llama_cpp(self) -> Child:
        return self._peer("tests.benchmarks.peers.llama_cpp_peer")

    def onnxruntime(self) -> Child:
        return self._peer("tests.benchmarks.peers.onnx_peer")

    def _peer(self, module: str) -> Child:
        python = self.folder / "venv" / "bin" / "python"
        return Child([str(python), "-m", module, str(self.folder)])


def _product(module: str, threads: int) -> Child:
    environment = {
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
        "TVM_NUM_THREADS": str(threads),
        "TVM_BIND_THREADS": "0",
    }
    return Child([sys.executable, "-m", module], environment)


def cores() -> int:
    return len(os.sched_getaffinity(0))
