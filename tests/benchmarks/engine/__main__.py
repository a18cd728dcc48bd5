"""`make bench-engine`: measures all sections, or those named, and writes the engine's part of
docs/benchmarks.md after a whole run. `--quick` tries the machinery and writes nothing."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from tests.benchmarks.__main__ import TARGET, machine
from tests.benchmarks.engine import int8_accuracy, measures
from tests.benchmarks.engine.report import Section, part, write_part
from tests.benchmarks.engine.sides import Setup

SECTIONS = {measure.__name__: measure for measure in (*measures.SECTIONS, int8_accuracy.accuracy)}


def main() -> None:
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")]
    setup = Setup(quick="--quick" in sys.argv)
    unknown = set(chosen) - set(SECTIONS)
    if unknown:
        raise SystemExit(f"There is no {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
    # For the little model this very process measures; children are given their own.
    os.environ |= {"TVM_BIND_THREADS": "0", "TVM_NUM_THREADS": "1"}
    before, started = os.getloadavg()[0], time.monotonic()
    sections = []
    for name in chosen or SECTIONS:
        section = SECTIONS[name](setup)
        sections.append(section)
        _say(section)
    facts = (
        "Measured by `make bench-engine`, which writes this part: both sides in turns (A, B, A, "
        "B), medians; a ratio is the median of the rounds' own ratios, above 1 where ours is "
        "better.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Machine: {machine()}",
        f"Load before the run: {before:.2f}",
        f"The run took {(time.monotonic() - started) / 60:.0f} minutes",
    )
    if not chosen and not setup.quick:
        write_part(TARGET, part(facts, sections))
        print(f"\nwritten to {TARGET}")


def _say(section: Section) -> None:
    print(f"\n{section.title}", flush=True)
    for figure in section.figures:
        print(f"  {figure.row()}", flush=True)
    for note in section.notes:
        print(f"  {note}", flush=True)


if __name__ == "__main__":
    main()
