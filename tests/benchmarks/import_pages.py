"""Documents: reading, cutting into passages, drawing a page

Rules kept here: the product's own sandboxed reader, one document after another in one thread; a
page is a PDF page, or a stretch of about 3,000 characters of what has no pages.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.documents import ReaderLimits, SandboxedReader
from appliance.values import ParsedDocument
from tests.unit.documents import samples

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLE = Path(__file__).resolve().parents[2] / "appliance" / "sample"
_STARTS = 5
_ROUNDS = 25
_LINE = "The nurse checks the dose of heparin twice, e.g. 5000 IU, and signs for it on the chart."


def run() -> list[tuple[str, float, str]]:
    """(name, value, unit) of each figure; those on real documents only where they are."""
    figures = [("reader: start a template process", _start_milliseconds(), "ms")]
    reader = SandboxedReader()
    try:
        figures += _small(reader)
        for name, folder, pattern in _folders():
            if folder.exists():
                figures += _library(reader, name, sorted(folder.glob(pattern)))
    finally:
        reader.close()
    return figures


def _folders() -> Iterator[tuple[str, Path, str]]:
    yield "sample library", SAMPLE, "*/*.*"
    yield "hospital (HTML)", DATA / "hospital", "*.html"
    yield "bank (PDF)", DATA / "bank", "*.pdf"
    yield "bank (HTML)", DATA / "bank", "*.html"


def _start_milliseconds() -> float:
    times = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        reader = SandboxedReader()
        reader.warm()
        times.append((time.perf_counter() - started) * 1e3)
        reader.close()
    return statistics.median(times)


def _small(reader: SandboxedReader) -> list[tuple[str, float, str]]:
    """What a document costs that is nearly empty, against a template of its own; and drawing."""
    page = samples.pdf([[_LINE] * 30])
    fork, drawing = [], []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        reader.parse(b"text", "a.txt")
        fork.append((time.perf_counter() - started) * 1e3)
        started = time.perf_counter()
        reader.render(page, "T", 1, [(0, 400)], 2.0)
        drawing.append((time.perf_counter() - started) * 1e3)
    fresh = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        single = SandboxedReader(ReaderLimits(documents_per_template=1))
        single.parse(b"text", "a.txt")
        fresh.append((time.perf_counter() - started) * 1e3)
        single.close()
    return [
        ("reader: a document of one word, forked from the template", statistics.median(fork), "ms"),
        ("reader: the same in a process started for it", statistics.median(fresh), "ms"),
        ("reader: draw a cited page at 2x with boxes", statistics.median(drawing), "ms"),
    ]


def _library(reader: SandboxedReader, name: str, paths: list[Path]) -> list[tuple[str, float, str]]:
    documents: list[ParsedDocument] = []
    started = time.perf_counter()
    for path in paths:
        if path.suffix in {".html", ".pdf", ".docx"}:
            documents.append(reader.parse(path.read_bytes(), path.name))
    reading = time.perf_counter() - started
    pages = sum(len(document.pages) for document in documents)
    started = time.perf_counter()
    passages = sum(len(reader.chunk(document)) for document in documents)
    cutting = time.perf_counter() - started
    return [
        (f"reader: {name}, {len(documents)} documents, read", pages / reading, "pages/s"),
        (f"reader: {name}, cut into {passages} passages", pages / cutting, "pages/s"),
    ]
