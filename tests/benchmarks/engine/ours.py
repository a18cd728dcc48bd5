"""The product's chat model on random weights, driven through the Protocol the scheduler uses.

Run as `python -m tests.benchmarks.engine.ours` with TVM_NUM_THREADS set.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from appliance.engine.decoding.model import Append, Model
from tests.benchmarks.engine.pipes import serve
from tests.benchmarks.engine.product import load_bundle, load_model
from tests.benchmarks.engine.random_model import random_weights
from tests.benchmarks.engine.shapes import SHAPES, Shape, tokens


class Ours:
    """The tasks, by their names on the pipe."""

    def open(self, shape: str, *, exact: bool = False) -> None:
        self._shape: Shape = SHAPES[shape]
        self._model: Model = load_model(random_weights(self._shape), exact=exact)

    def decode(self, length: int, steps: int) -> float:
        """Median seconds a token, after `length` tokens."""
        ids = tokens(length + steps, self._shape)
        sequence = self._model.add()
        self._append(sequence, ids[:length])
        times = [self._append(sequence, [token]) for token in ids[length:]]
        self._model.remove(sequence)
        return statistics.median(times)

    def prefill(self, length: int) -> float:
        """Seconds for `length` tokens in a new sequence."""
        sequence = self._model.add()
        seconds = self._append(sequence, tokens(length, self._shape))
        self._model.remove(sequence)
        return seconds

    def keep_prefix(self, length: int) -> None:
        """Remembers a prefix; `after_prefix` goes on from it."""
        self._prefix = self._model.add()
        self._append(self._prefix, tokens(length, self._shape))

    def after_prefix(self, length: int) -> float:
        """Seconds to fork the prefix and append `length` tokens of a question."""
        question = tokens(length, self._shape, seed=2)
        started = time.perf_counter()
        sequence = self._model.fork(self._prefix, self._model.length(self._prefix))
        self._model.forward([Append(sequence, question)])
        seconds = time.perf_counter() - started
        self._model.remove(sequence)
        return seconds

    def together(self, requests: int, prompt: int, steps: int) -> float:
        """Seconds for all requests, each step of all of them in one forward pass."""
        prompts = self._prompts(requests, prompt)
        started = time.perf_counter()
        sequences = [self._model.add() for _ in prompts]
        logits = self._model.forward(
            [Append(s, ids) for s, ids in zip(sequences, prompts, strict=True)]
        )
        for _ in range(steps - 1):
            chosen = logits.argmax(axis=1).tolist()
            logits = self._model.forward(
                [Append(s, [token]) for s, token in zip(sequences, chosen, strict=True)]
            )
        seconds = time.perf_counter() - started
        for sequence in sequences:
            self._model.remove(sequence)
        return seconds

    def one_after_another(self, requests: int, prompt: int, steps: int) -> float:
        """Seconds for the same requests, each to its end before the next begins."""
        prompts = self._prompts(requests, prompt)
        started = time.perf_counter()
        for ids in prompts:
            sequence = self._model.add()
            logits = self._model.forward([Append(sequence, ids)])
            for _ in range(steps - 1):
                logits = self._model.forward([Append(sequence, [int(logits[0].argmax())])])
            self._model.remove(sequence)
        return time.perf_counter() - started

    def first_token(self, path: str, shape: str, length: int) -> int:
        """Loads a bundle and computes the first token's logits. Asked of a fresh process."""
        model = load_bundle(Path(path))
        model.forward([Append(model.add(), tokens(length, SHAPES[shape]))])
        return length

    def _prompts(self, requests: int, prompt: int) -> list[list[int]]:
        return [tokens(prompt, self._shape, seed=3 + n) for n in range(requests)]

    def _append(self, sequence: int, ids: Sequence[int]) -> float:
        started = time.perf_counter()
        self._model.forward([Append(sequence, ids)])
        return time.perf_counter() - started


def main() -> None:
    ours = Ours()
    names = ("open", "decode", "prefill", "keep_prefix", "after_prefix", "together",
             "one_after_another", "first_token")  # fmt: skip
    serve({name: getattr(ours, name) for name in names})


if __name__ == "__main__":
    main()
