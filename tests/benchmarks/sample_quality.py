"""Answers on the sample library: held-out questions

104 answerable questions and 55 near misses nobody tuned on, asked of the hospital's and the bank's
documents through the whole product (tests/vectors/sample_questions.toml).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "tests" / "vectors" / "sample_questions.toml"


def run() -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as folder:
        child = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.sample_quality", folder],
            check=True, capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
    return [(name, value, unit) for name, value, unit in json.loads(child.stdout.splitlines()[-1])]


def _child(base: Path) -> None:
    from appliance.app import open_appliance
    from appliance.sample import SAMPLE_NAMES, sample_folder
    from appliance.values import Answered

    appliance = open_appliance(base / "data")
    appliance.create("Bench", "benchmarks need no secret at all")
    for name in SAMPLE_NAMES:
        list(appliance.add(appliance.create_collection(name).id, [sample_folder(name)]))
    with QUESTIONS.open("rb") as file:
        questions = tomllib.load(file)["question"]
    counts = dict.fromkeys(("asked", "answered", "right", "cited", "unanswerable", "refused"), 0)
    for question in questions:
        last = list(appliance.ask(question["text"]))[-1]
        if not isinstance(last, Answered):
            raise SystemExit(f"not answered: {last}")
        answer = last.answer
        if question["kind"] != "answer":
            counts["unanswerable"] += 1
            counts["refused"] += not answer.found
            continue
        counts["asked"] += 1
        counts["answered"] += answer.found
        said = " ".join(" ".join(s.text.split()) for s in answer.sentences).casefold()
        counts["right"] += " ".join(question["phrase"].split()).casefold() in said
        counts["cited"] += any(c.passage.title == question["document"] for c in answer.citations)
    appliance.close()
    refusals = counts["refused"] + counts["asked"] - counts["answered"]
    figures = [
        ("answerable questions answered", 100 * counts["answered"] / counts["asked"], "%"),
        ("… with the expected sentence quoted", 100 * counts["right"] / counts["asked"], "%"),
        ("… with the expected document cited", 100 * counts["cited"] / counts["asked"], "%"),
        ("near misses refused (refusal recall)",
         100 * counts["refused"] / counts["unanswerable"], "%"),
        ("refusals that were right (refusal precision)",
         100 * counts["refused"] / max(refusals, 1), "%"),
    ]  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
