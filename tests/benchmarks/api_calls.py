"""What the API costs beside the answer itself, and how fast a fleet's logs are proved and counted.

Rules kept here: what is timed is the product's own path: socket, HTTP, token, limits and reply on
the one hand, verifying every record and counting it on the other; answers are not in it.
"""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from appliance.api.client import Caller
from appliance.fleet import verified_fleet
from tests.unit.api.bench import Bench, serving
from tests.unit.audit.making import START, created, filled

_CALLS = 200
_RECORDS = 5_000


def run() -> list[tuple[str, float, str]]:
    """(name, value, unit) of each figure."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_calls(Path(folder)), *_fleet(Path(folder))]


def _calls(folder: Path) -> list[tuple[str, float, str]]:
    bench = Bench(folder)
    caller = Caller(folder / "s", bench.token_of())
    times = []
    with serving(bench, folder / "s", per_minute=1_000_000):
        for _ in range(_CALLS):
            started = time.perf_counter()
            reply = caller.call("GET", "/v1/models")
            times.append((time.perf_counter() - started) * 1e3)
            if reply.status != 200:
                raise RuntimeError(f"a call ended with {reply.status}")
    times.sort()
    return [
        (
            "api: a call with a connection of its own, without an answer, p50",
            times[_CALLS // 2],
            "ms",
        ),
        ("api: the same, p99", times[_CALLS * 99 // 100], "ms"),
    ]


def _fleet(folder: Path) -> list[tuple[str, float, str]]:
    log = created(folder / "log")
    filled(log, _RECORDS, payload_every=50)
    log.export(folder / "export")
    key = log.public_key
    log.close()
    started = time.perf_counter()
    found = verified_fleet(
        [folder / "export"],
        {key.partition("+")[0]: key},
        now=START + timedelta(days=1),
        silent_days=7,
    )
    seconds = time.perf_counter() - started
    if found.problems:
        raise RuntimeError(found.problems[0].sentence)
    return [("fleet: records verified and counted", found.seats[0].records / seconds, "/s")]
