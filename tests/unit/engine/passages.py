"""Passages for the tests of quote mode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from appliance.engine.encoder.client import EngineHost
from appliance.values import PageSpan, Passage, Scored


def passage(
    text: str, *, key: int = 0, title: str = "Guideline", headings: tuple[str, ...] = ()
) -> Passage:
    """A passage whose sentences end at ". ", "? " or ": - "."""
    cuts = [0, *(m.end() for m in re.finditer(r"(?<=[.?!]) ", text)), len(text)]
    sentences = tuple((a, a + len(text[a:b].rstrip())) for a, b in pairwise(cuts) if b > a)
    return Passage(
        collection="c", document="d", key=key, title=title, text=text, sentences=sentences,
        headings=headings, spans=(PageSpan(0, 1, 0, len(text)),),
    )  # fmt: skip


def found(question: str, passages: Sequence[Passage], engine: EngineHost) -> tuple[Scored, ...]:
    """As search hands them over, by cosine alone, and the reader ranks them."""
    vectors = engine.encode([question, *(f"{p.headings[-1:]} {p.text}" for p in passages)])
    cosines = [float(v @ vectors[0]) for v in vectors[1:]]
    order = sorted(range(len(passages)), key=lambda n: -cosines[n])
    scored = tuple(
        Scored(passages[n], 1 / (60 + rank), cosines[n], rank, rank)
        for rank, n in enumerate(order, start=1)
    )
    return engine.rank(question, scored)
