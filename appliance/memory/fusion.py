"""Reciprocal rank fusion.

Rules kept here: only ranks count, so scores of different kinds never meet; equal scores are
ordered by key, so that the same question always gives the same order.

Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, TypeVar

RRF_K: Final = 60
"""The constant of the paper; see docs/decisions/0003-stores.md for what was measured."""

Key = TypeVar("Key", bound=Hashable)


def fuse(rankings: Sequence[Sequence[Key]], k: int = RRF_K) -> list[tuple[Key, float]]:
    """Every key of the rankings (best first, no key twice in one) with its sum of 1 / (k + rank),
    ranks from 1, best first. Equal sums keep the order of first appearance over the rankings."""
    scores: dict[Key, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
