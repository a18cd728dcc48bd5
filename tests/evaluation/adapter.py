"""The models a version may or may not have: the reader, which reranks and marks spans, and the
composer, which writes.

Rules kept here: the only file of the evaluation that knows how they are called; where a version
lacks one it is None here, and the tables say "not in this version".
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from appliance.engine.encoder.client import EngineHost
from appliance.values import Passage, Scored

ABSENT: Final = "not in this version"
READING: Final = "appliance.engine.reading"
RERANKED: Final = 50
"""How many of the fused passages the reader looks at."""


class Reader(Protocol):
    """Both may raise EngineFailed."""

    def rerank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        """The passages, the most relevant first."""

    def span(self, question: str, found: Sequence[Scored]) -> str:
        """The words that answer, "" for none."""


class Composer(Protocol):
    """Writes from evidence, and is judged by how faithful it stays to it."""

    @property
    def model(self) -> str:
        """Name and version."""


class ReadingHost(Protocol):
    """The engine host of a version with a reader. `passages` are its ToRead, what comes back its
    Readings."""

    def read(self, question: str, passages: Sequence[Any], keep: int) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class HostReader:
    """The reader in the engine host. to_read: its ToRead(place, text, sentences)."""

    host: ReadingHost
    to_read: Callable[..., Any]

    def rerank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        readings = self._read(question, found)
        order = sorted(range(len(found)), key=lambda n: -float(readings[n].relevance))
        return tuple(found[n] for n in order)

    def span(self, question: str, found: Sequence[Scored]) -> str:
        """Of the most relevant passage; none where its "no answer" weighs more."""
        readings = self._read(question, found)
        whole = [n for n in range(len(found)) if readings[n].whole]
        if not whole:
            return ""
        best = max(whole, key=lambda n: float(readings[n].relevance))
        reading = readings[best]
        start, end = reading.span
        answered = reading.span_score > reading.null
        return found[best].passage.text[start:end] if answered else ""

    def _read(self, question: str, found: Sequence[Scored]) -> Sequence[Any]:
        passages = [
            self.to_read(place_of(one.passage), one.passage.text, one.passage.sentences)
            for one in found
        ]
        return self.host.read(question, passages, len(passages))


def place_of(passage: Passage) -> str:
    """Title and innermost heading, once where they are the same."""
    innermost = passage.headings[-1] if passage.headings else ""
    return ". ".join(part for part in dict.fromkeys((passage.title, innermost)) if part)


def reader_of(host: EngineHost) -> Reader | None:
    """The reader, None where this version has none."""
    read = getattr(host, "read", None)
    if read is None or importlib.util.find_spec(READING) is None:
        return None
    to_read = getattr(importlib.import_module(READING), "ToRead", None)
    return None if to_read is None else HostReader(host, to_read)  # type: ignore[arg-type]


def composer_of(_host: EngineHost) -> Composer | None:
    """The composer that ships, None where this version has none: no version does yet."""
    return None
