"""How fast the compliance log takes records: each durable on its own, and in batches."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from appliance.audit import Log, Record
from appliance.audit.verify import verify

KEY = bytes(32)
RECORD = Record(
    "document.added",
    person="5f0c6f4e8d1b4e0c",
    role="curator",
    object="8b7f5c1d2a3e4f60/1c2d3e4f5a6b7c8d",
    outcome="added",
    details=(("pages", 12), ("passages", 48)),
)
ROUNDS = 7
DURABLE = 1500
BATCHED = 32_768


def run() -> list[tuple[str, float, str]]:
    """Name, value, unit. Medians of seven rounds; the log lies in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="log-appends-") as folder:
        log = Log.create(Path(folder) / "log", "bench.example/log", KEY, lambda: datetime.now(UTC))
        figures = [
            ("log appends, each durable", rate(DURABLE, lambda: each(log)), "1/s"),
            ("log append, median time", latency(log), "µs"),
            ("log appends, batches of 64", rate(BATCHED, lambda: batches(log, 64)), "1/s"),
            ("log appends, batches of 1024", rate(BATCHED, lambda: batches(log, 1024)), "1/s"),
        ]
        size, key = log.size, log.public_key
        log.close()
        begun = time.perf_counter()
        verify(Path(folder) / "log", key)
        figures.append(("log verified", size / (time.perf_counter() - begun), "records/s"))
        figures += opening(Path(folder) / "log", size)
    return figures


def rate(count: int, work: Callable[[], object]) -> float:
    return median(count / seconds(work) for _ in range(ROUNDS))


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def each(log: Log) -> None:
    for _ in range(DURABLE):
        log.append(RECORD)


def batches(log: Log, size: int) -> None:
    records = [RECORD] * size
    for _ in range(BATCHED // size):
        log.append_batch(records)


def latency(log: Log) -> float:
    return 1e6 * median(seconds(lambda: log.append(RECORD)) for _ in range(DURABLE))


def opening(folder: Path, size: int) -> list[tuple[str, float, str]]:
    """With the sealed index, and without it (every record is then read)."""

    def opened() -> float:
        begun = time.perf_counter()
        log = Log.open(folder, KEY, lambda: datetime.now(UTC))
        taken = time.perf_counter() - begun
        log.close()
        return 1000 * taken

    first = median(opened() for _ in range(ROUNDS))
    (folder / "index.sealed").unlink()
    name = f"log of {size:,} records opened"
    return [(name, first, "ms"), (f"{name}, index lost", opened(), "ms")]


if __name__ == "__main__":
    for name, value, unit in run():
        print(f"{name:50} {value:12,.0f} {unit}")
