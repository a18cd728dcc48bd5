"""The models beside the encoder: the reader, which ranks and marks words, and the composer, which
writes.

Rules kept here: the only file of the evaluation that knows how they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.client import EngineHost
from appliance.engine.errors import ModelMissing
from appliance.engine.quoting.evidence import answers_by
from appliance.engine.quoting.ranking import DEPTH
from appliance.values import Scored

ABSENT: Final = "not in this version"
RERANKED: Final = DEPTH
"""How many of the fused passages the reader looks at: as many as in the product."""


class Reader(Protocol):
    """May raise EngineFailed."""

    def rerank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        """The passages, the most relevant first."""


@dataclass(frozen=True, slots=True)
class HostReader:
    """The reader in the engine host."""

    host: EngineHost

    def rerank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        return self.host.rank(question, found)


def span(ranked: Sequence[Scored]) -> str:
    """The words that answer best, of the passages read for a question; "" for none."""
    read = [(answers_by(one.reading), one) for one in ranked if one.reading is not None]
    _, best = max(read, key=lambda entry: entry[0], default=(0.0, None))
    if best is None or best.reading is None:
        return ""
    start, end = best.reading.span
    return best.passage.text[start:end]


def reader_of(host: EngineHost) -> Reader | None:
    """The reader, None where its weights are not there."""
    return HostReader(host) if host.reads else None


def composer_of() -> ChatHost | None:
    """The composer that ships, started when it is first asked; None where there is none."""
    try:
        folder = shipped_composer()
    except ModelMissing:
        return None
    return ChatHost(folder, model=folder.name)
