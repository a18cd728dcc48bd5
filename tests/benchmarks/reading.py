"""Reader: question and passages read together, in its sandboxed process"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.engine.reading.host import PieceReader
from appliance.engine.reading.weights import are_there, default_reader_folder
from appliance.values import ToRead
from tests.unit.engine import reading_model

QUESTION = "What should a patient do who has missed a dose of enoxaparin?"
PLACE = "Anticoagulation > Missed doses"
SENTENCE = "The nurse writes the dose and the time into the chart and tells the doctor about it."
PASSAGES = 30


def passage(number: int) -> ToRead:
    """Some 250 word pieces together with the question."""
    sentences = [f"This is case number {number}.", *[SENTENCE] * 12]
    ranges, at = [], 0
    for sentence in sentences:
        ranges.append((at, at + len(sentence)))
        at += len(sentence) + 1
    return ToRead(PLACE, " ".join(sentences), tuple(ranges))


def _median(host: EngineHost, passages: list[ToRead], keep: int) -> float:
    times = []
    for _ in range(15):
        started = time.perf_counter()
        host.read(QUESTION, passages, keep)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def run() -> list[tuple[str, float, str]]:
    """Speed does not depend on what was learned: without weights one drawn by seed stands in."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = default_reader_folder()
        if not are_there(folder):
            folder = reading_model.write(Path(temporary))
        host = EngineHost(default_encoder_folder(), reader=folder)
        passages = [passage(n) for n in range(PASSAGES)]
        host.read(QUESTION, passages[:1], 1)
        whole = _median(host, passages, PASSAGES)
        twelve = _median(host, passages, 12)
        glance = _median(host, passages, 0)
        one = _median(host, passages[:1], 1)
        host.close()
    rows = PieceReader(default_encoder_folder() / "tokenizer.json").rows(QUESTION, passages)
    tokens = sum(len(row.ids) for row in rows)
    return [
        ("word pieces a passage", tokens / PASSAGES, ""),
        (f"{PASSAGES} passages, all read whole", whole * 1000, "ms"),
        (f"{PASSAGES} passages, 12 read whole", twelve * 1000, "ms"),
        (f"{PASSAGES} passages, none read whole", glance * 1000, "ms"),
        ("one passage", one * 1000, "ms"),
        ("word pieces per second, all read whole", tokens / whole, "1/s"),
    ]
