"""From a value for every word piece to sentences and the words that answer.

Rules kept here: pure. What is chosen is the first of the best: the earliest beginning, then the
shortest. Where nothing of the text was reached there is a value all the same: UNREAD, a low one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from appliance.engine.reading.layout import BREVITY, SPAN
from appliance.engine.reading.rows import Integers

Floats = npt.NDArray[np.float32]

UNREAD = -30.0
"""The evidence of a sentence of which no word piece was read."""


def evidence_of(evidence: Floats, sentence: Integers, count: int) -> tuple[float, ...]:
    """The mean evidence of each of `count` sentences. evidence, sentence: one entry a text piece,
    sentence -1 for a piece in none."""
    inside = sentence >= 0
    pieces = np.bincount(sentence[inside], minlength=count)
    sums = np.bincount(sentence[inside], evidence[inside].astype(np.float64), minlength=count)
    return tuple(np.where(pieces > 0, sums / np.maximum(pieces, 1), UNREAD).tolist())


def best_span(start: Floats, end: Floats, sentence: Integers) -> tuple[int, int, float] | None:
    """The pieces i <= j of one sentence, fewer than SPAN apart, where start[i] + end[j], less
    BREVITY for each further piece, is highest, and start[i] + end[j]. None where no piece is in a
    sentence."""
    if not (sentence >= 0).any():
        return None
    ahead = np.lib.stride_tricks.sliding_window_view
    ends = ahead(np.concatenate([end, np.zeros(SPAN - 1, np.float32)]), SPAN)
    others = ahead(np.concatenate([sentence, np.full(SPAN - 1, -1, np.int32)]), SPAN)
    together = (others == sentence[:, None]) & (sentence >= 0)[:, None]
    total = np.where(together, start[:, None] + ends, np.float32(-np.inf))
    shorter = BREVITY * np.arange(SPAN, dtype=np.float32)
    first, further = divmod(int((total - shorter).argmax()), SPAN)
    return first, first + further, float(total[first, further])


def characters_of(
    begins: Integers,
    ends: Integers,
    sentence: Integers,
    sentences: Sequence[tuple[int, int]],
    span: tuple[int, int],
) -> tuple[int, int]:
    """The characters [start, end) of the pieces span[0] to span[1], within their sentence: a word
    piece may reach over its sentence's end."""
    first, last = span
    edge = sentences[int(sentence[first])][1]
    start = int(begins[first])
    return start, max(start + 1, min(int(ends[last]), edge))
