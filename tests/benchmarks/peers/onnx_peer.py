"""onnxruntime on MiniLM in float32.

Run as `python -m tests.benchmarks.peers.onnx_peer FOLDER`. Texts of a batch are padded to the
longest, with a mask, as usual. Of the plain and the fused graph the faster one is kept for each
batch (`settle`).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-not-found]  # in the peers' environment

from tests.benchmarks.engine.pipes import serve
from tests.benchmarks.peers.onnx_model import Array, read_weights, write_model


class Peer:
    """The tasks, by their names on the pipe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sessions: dict[bool, Any] = {}

    def open(self, weights: str, threads: int) -> str:
        """Loads both graphs. Returns the library's version."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        for fused in (False, True):
            path = self._folder / f"minilm-{'fused' if fused else 'plain'}.onnx"
            if not path.exists():
                write_model(read_weights(Path(weights)), path, fused=fused)
            self._sessions[fused] = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        return str(onnxruntime.__version__)

    def settle(self, texts: list[list[int]]) -> bool:
        """Whether the fused graph is faster for these texts; `encode` then uses the faster."""
        times = {}
        for fused in (False, True):
            self._fused = fused
            self.encode(texts, 2)
            times[fused] = self.encode(texts, 5)
        self._fused = times[True] < times[False]
        return self._fused

    def encode(self, texts: list[list[int]], rounds: int) -> float:
        """Median seconds for all texts in one batch, padding included."""
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            self._run(texts, self._fused)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    def vectors(self, texts: list[list[int]], fused: bool) -> list[list[float]]:
        found: list[list[float]] = self._run(texts, fused).tolist()
        return found

    def _run(self, texts: Sequence[Sequence[int]], fused: bool) -> Array:
        shape = len(texts), max(map(len, texts))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        found: Array = self._sessions[fused].run(None, {"ids": ids, "mask": mask})[0]
        return found


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    peer = Peer(folder)
    serve({name: getattr(peer, name) for name in ("open", "settle", "encode", "vectors")})


if __name__ == "__main__":
    main()
