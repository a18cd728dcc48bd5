"""The journey: import, ask, memory

Each on the real product through the terminal's own code, in fresh processes, on generated text.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "benchmarks need no secret at all"
SUBJECTS = "dose limit approval review report transfer sample ward account device record".split()
VERBS = "requires allows follows precedes replaces excludes documents confirms".split()
ASKED = 50  # documents of twenty passages
FIRST = "apixaban heparin mortgage chargeback transfusion sepsis ledger audit isolation".split()


def run() -> list[tuple[str, float, str]]:
    figures: list[tuple[str, float, str]] = []
    figures += _samples()
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as folder:
        base = Path(folder)
        for passages in (1_000, 10_000):
            figures += _ask(base / str(passages), passages)
    return figures


def _samples() -> list[tuple[str, float, str]]:
    """The sample library (PDF, DOCX, HTML), read from the demonstration's own report."""
    rates = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-m", "appliance", "--json", "demo"],
            check=False, capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
        said = [json.loads(line) for line in done.stdout.splitlines()]
        imports = [line for line in said if "pages_per_second" in line]
        rates.append(sum(x["pages"] for x in imports) / sum(x["seconds"] for x in imports))
    return [("import of the sample library", statistics.median(rates), "pages/s")]


def _library(folder: Path, passages: int) -> None:
    """HTML documents of twenty sections each; a section becomes a passage. The first thousand
    passages, which the questions are about, have eight sentences, the rest two."""
    chance = random.Random(7)  # noqa: S311  reproducible text, not a secret
    folder.mkdir(parents=True)
    for number in range(passages // 20):
        sections = []
        for section in range(20):
            topic = f"{chance.choice(FIRST)}-{number}-{section}"
            text = " ".join(
                f"The {chance.choice(SUBJECTS)} of {topic} {chance.choice(VERBS)} a "
                f"{chance.choice(SUBJECTS)} of {chance.randint(1, 900)} units within "
                f"{chance.randint(1, 72)} hours."
                for _ in range(8 if number < ASKED else 2)
            )
            sections.append(f"<h2>About {topic}</h2><p>{text}</p>")
        (folder / f"{number:05}.html").write_text(
            f"<title>Document {number}</title><h1>Document {number}</h1>{''.join(sections)}"
        )


def _ask(base: Path, passages: int) -> list[tuple[str, float, str]]:
    _library(base / "documents", passages)
    child = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.journey", str(base)],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    said = json.loads(child.stdout.splitlines()[-1])
    return [(f"{name} at {passages:,} passages", value, unit) for name, value, unit in said]


def _child(base: Path) -> None:
    import resource

    from appliance.app import open_appliance
    from appliance.values import Answered, ImportFinished

    appliance = open_appliance(base / "data")
    appliance.create("Bench", PASSPHRASE)
    collection = appliance.create_collection("Bench")
    finished = None
    for event in appliance.add(collection.id, [base / "documents"]):
        if isinstance(event, ImportFinished):
            finished = event
    if finished is None or finished.failed:
        raise SystemExit("the import failed")
    chance = random.Random(11)  # noqa: S311
    count = sum(c.passages for c in appliance.collections())
    times = []
    for _ in range(110):
        number, section = chance.randrange(ASKED), chance.randrange(20)
        text = f"Within how many hours must the record of {FIRST[0]}-{number}-{section} be made?"
        started = time.perf_counter()
        last = list(appliance.ask(text))[-1]
        times.append(time.perf_counter() - started)
        if not isinstance(last, Answered):
            raise SystemExit(f"not answered: {last}")
    appliance.lock()
    started = time.perf_counter()
    appliance.unlock(PASSPHRASE)
    unlocked = time.perf_counter() - started
    appliance.close()
    times = sorted(times[10:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures = [
        ("import, short passages", count / finished.seconds, "passages/s"),
        ("ask p50, quote mode", times[len(times) // 2] * 1000, "ms"),
        ("ask p95, quote mode", times[int(len(times) * 0.95)] * 1000, "ms"),
        ("unlock", unlocked, "s"),
        ("peak memory of the desk", peak, "MiB"),
        ("peak memory of a child", children, "MiB"),
    ]
    print(json.dumps(figures))


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
