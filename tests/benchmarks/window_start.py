"""The window: from starting the process until it can be used, files in the cache

The process is started anew each time and ends by itself once the window was painted and its event
loop is idle: without a vault (the first run), and with one (the log-in). The median of the rounds
after the first, which warms the cache. Other work on the machine lengthens the time on the clock;
the processor's time says what the start itself costs.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "benchmarks need no secret at all"
ROUNDS = 8


def run() -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as folder:
        base = Path(folder)
        clock, processor = _median(base / "none")
        _vault(base / "vault")
        with_vault, _ = _median(base / "vault")
        return [
            ("start to usable window, process included (warm cache)", clock, "s"),
            ("the same, the processor's time", processor, "s"),
            ("start to usable window, a vault there", with_vault, "s"),
        ]


def _median(data: Path) -> tuple[float, float]:
    """On the clock, and of the processor."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    clock, processor = [], []
    for _ in range(ROUNDS):
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "gui", "--data", str(data), "--exit-when-usable"],
            check=True, capture_output=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        clock.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(clock[1:]), statistics.median(processor[1:])


def _vault(data: Path) -> None:
    """In a process of its own: the guard binds it for good."""
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.window_start", str(data)],
        check=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip


def _child(data: Path) -> None:
    from appliance.app import open_appliance

    appliance = open_appliance(data)
    appliance.create("Bench", PASSPHRASE)
    appliance.create_collection("Bench")
    appliance.close()


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
