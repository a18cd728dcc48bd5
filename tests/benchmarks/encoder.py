"""Encoder: MiniLM on TVM's runtime, in its sandboxed process"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from tokenizers import Tokenizer

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost

QUESTION = "What should a patient do who has missed a dose of enoxaparin?"
SENTENCE = "The nurse writes the dose and the time into the chart and tells the doctor about it."


def _median(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _tokens(texts: Sequence[str]) -> int:
    tokenizer = Tokenizer.from_file(str(default_encoder_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return sum(len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts)))


def run() -> list[tuple[str, float, str]]:
    passages = [" ".join([SENTENCE] * 13)] * 32
    sentences = [SENTENCE] * 32
    started = time.perf_counter()
    host = EngineHost(default_encoder_folder())
    host.encode([QUESTION])
    start = time.perf_counter() - started
    one = _median(lambda: host.encode([QUESTION]), 60)
    batch = _median(lambda: host.encode(sentences), 9)
    long = _median(lambda: host.encode(passages), 5)
    host.close()
    return [
        ("start of the host to its first vector", start * 1000, "ms"),
        ("one question", one * 1000, "ms"),
        ("texts per second, one question at a time", 1 / one, "1/s"),
        ("texts per second, 32 sentences at once", 32 / batch, "1/s"),
        ("tokens per second, 32 sentences at once", _tokens(sentences) / batch, "1/s"),
        ("passages of 240 tokens per second", 32 / long, "1/s"),
        ("tokens per second, passages", _tokens(passages) / long, "1/s"),
    ]
