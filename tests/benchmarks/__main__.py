"""`make bench`: every figure the product promises, in one run, into docs/benchmarks.md.

Medians over several rounds, with the machine and the date. Name modules to run only those (then
nothing is written).
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.engine.report import kept_part, with_part

MODULES = (
    "journey",
    "window_start",
    "log_appends",
    "memory_search",
    "fusion_quality",
    "encoder",
    "reading",
    "import_pages",
    "policy_decide",
    "api_calls",
    "quote_quality",
    "sample_quality",
)
AIMS = {
    "log appends, each durable": "3,000",
    "log appends, batches of 1024": "50,000",
    "ask p95, quote mode at 10,000 passages": "300",
    "start to usable window, process included (warm cache)": "1.5",
    "start to usable window, a vault there": "1.5",
}
"""What was promised, by the figure's name."""

NOTES = """
What is meant by each figure stands in the module that measures it (`tests/benchmarks/`). Quality of
quote mode on all held-out questions, and what falls short:
[decisions/0006-quote-mode.md](decisions/0006-quote-mode.md) and
[models/reader.md](models/reader.md).
"""
TARGET = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}"
    )


def main() -> None:
    chosen = tuple(sys.argv[1:]) or MODULES
    lines = [
        "# Benchmarks",
        "",
        "Measured by `make bench`, which writes this page. Medians; one machine; other work on it",
        "makes every figure worse (the load says how much there was before the run).",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Machine: {machine()}",
        f"- Load before the run: {os.getloadavg()[0]:.2f}",
    ]
    for name in chosen:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        title = (module.__doc__ or name).strip().splitlines()[0]
        print(f"\n{title}", flush=True)
        lines += ["", f"## {title}", "", "| figure | value | unit | aim |", "|---|---|---|---|"]
        for figure, value, unit in module.run():
            shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
            print(f"  {figure:60} {shown:>12} {unit}", flush=True)
            lines.append(f"| {figure} | {shown} | {unit} | {AIMS.get(figure, '')} |")
    if chosen == MODULES:
        old = TARGET.read_text("utf-8") if TARGET.exists() else ""
        page = "\n".join(lines) + "\n" + NOTES
        engine = kept_part(old)  # make bench-engine's, measured on its own
        TARGET.write_text(with_part(page, engine) if engine else page, encoding="utf-8")
        print(f"\nwritten to {TARGET.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
