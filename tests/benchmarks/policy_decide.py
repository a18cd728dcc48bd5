"""How long a decision takes, and the guard with its proof.

Rules kept here: what is timed is the product's own path: the signed baseline pack, the topics and
Cedar with its schema; the guard goes on in a fresh process, since it never comes off.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from appliance.policy import PolicyEngine, load_packs, shipped_folder
from appliance.values import Person, Question, Role

_ROOT = Path(__file__).resolve().parents[2]
_DECISIONS = 2_000
_STARTS = 9
_SHORT = "How often is the crash cart on the ward checked, and who signs for it?"
_LONG = ("The ward asks who signs for the crash cart, and how often. " * 140)[:8_000]
_GUARD = """
import json, sys, time
from pathlib import Path
started = time.perf_counter()
from appliance.airgap.guard import engage
engage((Path(sys.argv[1]),))
guarded = time.perf_counter()
from datetime import UTC, datetime
from appliance.airgap.selftest import prove
before = time.perf_counter()
report = prove(datetime.now(UTC))
print(json.dumps([report.holds, guarded - started, time.perf_counter() - before]))
"""


def run() -> list[tuple[str, float, str]]:
    """(name, value, unit) of each figure. Raises RuntimeError when the proof does not hold."""
    return [*_decisions(), *_guard()]


def _decisions() -> list[tuple[str, float, str]]:
    started = time.perf_counter()
    engine = PolicyEngine(load_packs([shipped_folder() / "baseline"]))
    loading = time.perf_counter() - started
    figures = [("policy: verify and load the baseline pack", loading * 1e3, "ms")]
    for name, text in (("a question", _SHORT), ("8,000 characters", _LONG)):
        person = Person("p", "P", (Role.MEMBER,))
        asked = Question("q", text, person, datetime(2026, 1, 5, 10, tzinfo=UTC))
        times = []
        for _ in range(_DECISIONS if text is _SHORT else _DECISIONS // 20):
            started = time.perf_counter()
            engine.decide(asked)
            times.append((time.perf_counter() - started) * 1e3)
        times.sort()
        figures.append((f"policy: decide, {name}, p50", times[len(times) // 2], "ms"))
        figures.append((f"policy: decide, {name}, p99", times[len(times) * 99 // 100], "ms"))
    return figures


def _guard() -> list[tuple[str, float, str]]:
    engaging, proving = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(_STARTS):
            done = subprocess.run(
                [sys.executable, "-c", _GUARD, folder],
                capture_output=True,
                cwd=_ROOT,
                check=True,
            )
            holds, engage, prove = json.loads(done.stdout)
            if not holds:
                raise RuntimeError("the air gap could not be proved on this machine")
            engaging.append(engage * 1e3)
            proving.append(prove * 1e3)
    return [
        ("air gap: put the guard on (with imports), median", statistics.median(engaging), "ms"),
        ("air gap: prove it (every route), median", statistics.median(proving), "ms"),
    ]
