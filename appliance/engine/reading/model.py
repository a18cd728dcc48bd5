"""The reader: rows in, relevance and a value for every word piece out, with an exit on the way.

Rules kept here: what a row comes to does not depend on the other rows; they only decide whether it
goes on. Rows of any number are read in passes that fit the workspace.

Sources: Nogueira and Cho 2019 (a question and a passage in one row); Xin et al. 2020 (an exit
between layers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from appliance.engine.encoder.layout import HIDDEN, LAYERS
from appliance.engine.reading.layers import CAPACITY, Layers
from appliance.engine.reading.layout import EXIT
from appliance.engine.reading.rows import Row
from appliance.engine.reading.spans import Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row came to. relevance and tokens ((pieces, 3): start, end, evidence) are None for a
    row that did not go on."""

    exit: float
    relevance: float | None = None
    tokens: Floats | None = None


def read_rows(
    layers: Layers, rows: Sequence[Row], priors: Sequence[float], keep: int
) -> list[Outcome]:
    """One Outcome a row. The `keep` rows of the highest exit + prior go through all layers; of
    equals the earlier. Raises ValueError for a row the layers do not take."""
    exits = np.zeros(len(rows), np.float32)
    states: list[Floats] = [np.zeros((0, HIDDEN), np.float32)] * len(rows)
    for part in _passes(rows, range(len(rows))):
        places = layers.lay([len(rows[n].ids) for n in part])
        layers.embed([(rows[n].ids, rows[n].second) for n in part])
        layers.run(range(EXIT))
        exits[part] = layers.exits()
        for n, place in zip(part, places, strict=True):
            states[n] = layers.states[place].copy()
    outcomes = [Outcome(float(value)) for value in exits]
    chosen = np.argsort(-(exits + np.array(priors, np.float32)), kind="stable")[:keep]
    for part in _passes(rows, sorted(chosen.tolist())):
        places = layers.lay([len(rows[n].ids) for n in part])
        for n, place in zip(part, places, strict=True):
            layers.states[place] = states[n]
        layers.resume()
        layers.run(range(EXIT, LAYERS))
        values = layers.heads()
        for n, place in zip(part, places, strict=True):
            own = values[place]
            outcomes[n] = Outcome(float(exits[n]), float(own[0, 0]), own[:, 1:])
    return outcomes


def _passes(rows: Sequence[Row], chosen: Sequence[int]) -> Iterator[list[int]]:
    """Runs of the chosen rows that fit the workspace together."""
    part: list[int] = []
    tokens = 0
    for n in chosen:
        if part and tokens + len(rows[n].ids) > CAPACITY:
            yield part
            part, tokens = [], 0
        part.append(n)
        tokens += len(rows[n].ids)
    if part:
        yield part
