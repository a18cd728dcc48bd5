"""The product's encoder, without its host: the forward pass alone, as the peer's is measured.

Run as `python -m tests.benchmarks.engine.encoder_ours` with TVM_NUM_THREADS set.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np

from appliance.engine.encoder.bundle import default_encoder_folder, open_bundle
from appliance.engine.encoder.layout import params_size
from appliance.engine.encoder.minilm import CAPACITY, Floats, MiniLM, aligned
from tests.benchmarks.engine.pipes import serve


class Ours:
    """The tasks, by their names on the pipe."""

    def open(self) -> str:
        """Loads the encoder. Returns the library's level."""
        bundle = open_bundle(default_encoder_folder())
        params = aligned((params_size(),), np.uint8)
        params[:] = np.fromfile(bundle.params, np.uint8)
        self._model = MiniLM(bundle.library, bundle.runtime, params)
        return bundle.level

    def encode(self, texts: list[list[int]], rounds: int) -> float:
        """Median seconds for all texts; several forward passes where they do not fit one."""
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            self._run(texts)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    def vectors(self, texts: list[list[int]]) -> list[list[float]]:
        found: list[list[float]] = self._run(texts).tolist()
        return found

    def _run(self, texts: list[list[int]]) -> Floats:
        return np.concatenate([self._model.encode(part) for part in _fitting(texts)])


def _fitting(texts: list[list[int]]) -> Iterator[list[list[int]]]:
    part: list[list[int]] = []
    for text in texts:
        if part and sum(map(len, part)) + len(text) > CAPACITY:
            yield part
            part = []
        part.append(text)
    yield part


def main() -> None:
    ours = Ours()
    serve({name: getattr(ours, name) for name in ("open", "encode", "vectors")})


if __name__ == "__main__":
    main()
