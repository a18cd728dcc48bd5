"""llama.cpp, measured through its C interface, so that no binding's bookkeeping counts.

Run as `python -m tests.benchmarks.peers.llama_cpp_peer FOLDER`. Two contexts on one model, with
flash attention and without: each work is measured on the one that is faster for it (`settle`).
"""

from __future__ import annotations

import ctypes
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_cpp import llama_cpp as c  # type: ignore[import-not-found]  # the peers' environment

from tests.benchmarks.engine.pipes import serve
from tests.benchmarks.engine.shapes import SHAPES, Shape, tokens
from tests.benchmarks.peers.gguf_model import write_model

CONTEXT = 2304


@c.llama_log_callback  # type: ignore[untyped-decorator]
def _unheard(_level: int, _text: bytes, _data: object) -> None:
    """llama.cpp talks much while it loads."""


class Model:
    """A model and its contexts, by whether they use flash attention."""

    def __init__(self, path: Path, threads: int, flash: Sequence[bool]) -> None:
        c.llama_log_set(_unheard, ctypes.c_void_p(0))
        c.llama_backend_init()
        settings = c.llama_model_default_params()
        settings.load_mode = c.LLAMA_LOAD_MODE_MMAP
        self._model = c.llama_model_load_from_file(str(path).encode(), settings)
        if not self._model:
            raise ValueError(f"llama.cpp cannot load {path}")
        self.contexts = {on: self._context(threads, on) for on in flash}

    def _context(self, threads: int, flash: bool) -> Any:  # noqa: ANN401 - a C pointer
        settings = c.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = CONTEXT, CONTEXT, 512
        settings.n_threads = settings.n_threads_batch = threads
        settings.flash_attn_type = (
            c.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash else c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        context = c.llama_init_from_model(self._model, settings)
        if not context:
            raise ValueError("llama.cpp cannot make a context")
        return context

    def clear(self, flash: bool) -> None:
        c.llama_memory_clear(c.llama_get_memory(self.contexts[flash]), False)

    def forward(self, flash: bool, ids: Sequence[int]) -> None:
        """Appends, computes, and waits for the last token's logits."""
        array = (c.llama_token * len(ids))(*ids)
        if c.llama_decode(self.contexts[flash], c.llama_batch_get_one(array, len(ids))):
            raise ValueError("llama.cpp could not decode")
        c.llama_get_logits(self.contexts[flash])


class Peer:
    """The tasks, by their names on the pipe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._flash: dict[str, bool] = {}

    def write(self, shape: str) -> str:
        """The path of the model's file, written if it is not there."""
        path = self._folder / f"{shape}.q4_0.gguf"
        if not path.exists():
            write_model(SHAPES[shape], path)
        return str(path)

    def open(self, shape: str, threads: int) -> str:
        """Loads the model. Returns what the library was compiled for."""
        self._shape: Shape = SHAPES[shape]
        self._model = Model(Path(self.write(shape)), threads, (False, True))
        return str(c.llama_print_system_info().decode()).strip()

    def settle(self, work: str, length: int, steps: int, runs: int) -> bool:
        """Measures the work both ways and keeps the faster one: the best of `runs`."""
        times = {}
        for on in (False, True):
            measured = [self._timed(on, length, steps) for _ in range(runs)]
            times[on] = min(run[work == "decode"] for run in measured)
        self._flash[f"{work}{length}"] = times[True] < times[False]
        return times[True] < times[False]

    def decode(self, length: int, steps: int) -> float:
        """Median seconds a token, after `length` tokens."""
        return self._timed(self._flash[f"decode{length}"], length, steps)[1]

    def prefill(self, length: int) -> float:
        """Seconds for `length` tokens in a new sequence."""
        return self._timed(self._flash[f"prefill{length}"], length, 0)[0]

    def _timed(self, flash: bool, length: int, steps: int) -> tuple[float, float]:
        ids = tokens(length + steps, self._shape)
        self._model.clear(flash)
        started = time.perf_counter()
        self._model.forward(flash, ids[:length])
        prefill = time.perf_counter() - started
        times = []
        for token in ids[length:]:
            started = time.perf_counter()
            self._model.forward(flash, [token])
            times.append(time.perf_counter() - started)
        return prefill, statistics.median(times) if times else 0.0

    def first_token(self, path: str, shape: str, length: int) -> int:
        """Loads a file and computes the first token's logits. Asked of a fresh process, which
        takes as many threads as there are cores."""
        model = Model(Path(path), len(os.sched_getaffinity(0)), (False,))
        model.forward(False, tokens(length, SHAPES[shape]))
        return length


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    peer = Peer(folder)
    names = ("write", "open", "settle", "decode", "prefill", "first_token")
    serve({name: getattr(peer, name) for name in names})


if __name__ == "__main__":
    main()
