"""Two sides measured in turns: A, B, A, B."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of both sides' seconds, and the median over rounds of theirs / ours: two neighbours
    in time see the same machine, whatever else it was doing that day."""

    ours: float
    theirs: float
    ratio: float


def alternate(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Pair:
    """Both measured `rounds` times; every other round begins with the other side."""
    seconds: list[tuple[float, float]] = []
    for turn in range(rounds):
        if turn % 2:
            second = theirs()
            seconds.append((ours(), second))
        else:
            first = ours()
            seconds.append((first, theirs()))
    return Pair(
        statistics.median(own for own, _ in seconds),
        statistics.median(other for _, other in seconds),
        statistics.median(other / own for own, other in seconds),
    )
