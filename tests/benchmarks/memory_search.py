"""What finding, adding and opening cost.

Text and vectors are synthetic: words drawn by Zipf's law, random unit vectors. Both indexes do the
same work on them as on real ones, except that random vectors are the hardest case for the graph.
Run as: python -m tests.benchmarks.memory_search
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.memory.library import Library
from appliance.values import (
    VECTOR_SIZE,
    DocumentKind,
    Page,
    PageSpan,
    PassageDraft,
    StoreMark,
    Vectors,
)
from tests.unit.memory.material import KEY, NOON

SIZES = (1_000, 10_000)
PER_DOCUMENT = 20
WORDS = 200
VOCABULARY = 30_000
QUESTIONS = 200
LIMIT = 20


@dataclass
class Material:
    """Random text and vectors, the same ones each time."""

    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def __post_init__(self) -> None:
        shares = 1 / np.arange(1, VOCABULARY + 1)
        self._steps: npt.NDArray[np.float64] = np.cumsum(shares / shares.sum())

    def text(self, words: int) -> str:
        drawn = np.searchsorted(self._steps, self.chance.random(words))
        return " ".join(f"word{number:05d}x" for number in drawn)

    def vectors(self, count: int) -> Vectors:
        vectors = self.chance.normal(size=(count, VECTOR_SIZE)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class Newest:
    """Keeps the newest mark, as the log would."""

    def __init__(self) -> None:
        self.mark: StoreMark | None = None

    def __call__(self, mark: StoreMark) -> None:
        self.mark = mark


def run() -> list[tuple[str, float, str]]:
    """(name, value, unit) of each figure."""
    return [figure for size in SIZES for figure in measure(size)]


def measure(size: int) -> list[tuple[str, float, str]]:
    material, newest = Material(), Newest()
    with tempfile.TemporaryDirectory(prefix="memory-search-") as folder:
        library = Library(Path(folder) / "collections", Path(folder) / "spill", newest)
        library.create_collection("bench", KEY)
        adding = sum(_add(library, material, number) for number in range(size // PER_DOCUMENT))
        closing = _seconds(library.close)
        library = Library(Path(folder) / "collections", Path(folder) / "spill", newest)
        opening = _seconds(lambda: library.open_collection("bench", KEY, newest.mark))
        warming = _seconds(lambda: library.warm("bench"))
        times = sorted(_find(library, material) for _ in range(QUESTIONS))
        stored = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        library.close()
    name = f"{size:,} passages"
    return [
        (f"find p50, {name}", 1000 * times[QUESTIONS // 2], "ms"),
        (f"find p95, {name}", 1000 * times[QUESTIONS * 95 // 100], "ms"),
        (f"add to {name}", size / adding, "passages/s"),
        (f"open, {name}", 1000 * opening, "ms"),
        (f"read the indexes, {name}", 1000 * warming, "ms"),
        (f"close, {name}", 1000 * closing, "ms"),
        (f"on disk, {name}", stored / 1e6, "MB"),
    ]


def _add(library: Library, material: Material, number: int) -> float:
    """Seconds to add a document."""
    texts = [material.text(WORDS) for _ in range(PER_DOCUMENT)]
    vectors = material.vectors(PER_DOCUMENT)
    passages = tuple(
        PassageDraft(
            text, ((0, len(text)),), (f"Heading {number}",), (PageSpan(0, 1, 0, len(text)),)
        )
        for text in texts
    )
    return _seconds(
        lambda: library.add_document(
            "bench",
            title=f"Document {number}",
            kind=DocumentKind.PDF,
            paged=True,
            size=1,
            sha256=f"{number:064x}",
            added=NOON,
            pages=(Page(1, "\n".join(texts)),),
            passages=passages,
            vectors=vectors,
        )
    )


def _find(library: Library, material: Material) -> float:
    question, vector = material.text(12), material.vectors(1)
    return _seconds(lambda: library.find(question, vector, (), LIMIT))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    for name, value, unit in run():
        print(f"{name:40} {value:10.1f} {unit}")
