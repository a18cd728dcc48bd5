"""From word pieces to the rows the reader reads.

Rules kept here: pure; what arrives is cut, never refused. A row is `[CLS] question [SEP] place :
text [SEP]`, the question cut at MAX_QUESTION word pieces, the place with its colon at MAX_PLACE
(without a place no colon), the row at MAX_TOKENS. Token type 0 up to and including the first [SEP],
1 after. The rows the model was trained on are made in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.reading.layout import MAX_PLACE, MAX_QUESTION, MAX_TOKENS

Integers: TypeAlias = npt.NDArray[np.int32]

BEGIN, SEPARATOR, COLON = 101, 102, 1024
"""[CLS], [SEP] and ":" in the encoder's vocabulary."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text's word pieces, without special ones: ids, and the characters [begin, end) each one
    stands for. Three arrays of one length."""

    ids: Integers
    begins: Integers
    ends: Integers


@dataclass(frozen=True, slots=True)
class Row:
    """What the reader reads at once. The pieces ids[text : text + len(begins)] are the text's
    first; `begins` and `ends` are their characters. `second` is the first of token type 1."""

    ids: Integers
    second: int
    text: int
    begins: Integers
    ends: Integers


def row_of(question: Sequence[int], place: Sequence[int], text: Pieces) -> Row:
    """The row of a question and a passage, from their word pieces."""
    head = [BEGIN, *question[:MAX_QUESTION], SEPARATOR]
    second = len(head)
    if len(place):
        head += [*place, COLON][:MAX_PLACE]
    room = MAX_TOKENS - len(head) - 1
    ids = np.concatenate([np.array(head, np.int32), text.ids[:room], np.array([SEPARATOR])])
    return Row(
        ids=ids.astype(np.int32),
        second=second,
        text=len(head),
        begins=text.begins[:room].astype(np.int32),
        ends=text.ends[:room].astype(np.int32),
    )


def sentences_of(row: Row, sentences: Sequence[tuple[int, int]]) -> Integers:
    """For each of the row's text pieces the sentence it begins in, -1 for none.

    sentences: ranges [start, end) in order and apart."""
    if not sentences:
        return np.full(len(row.begins), -1, np.int32)
    bounds = np.array(sentences, np.int32)
    found = np.searchsorted(bounds[:, 0], row.begins, side="right") - 1
    inside = (found >= 0) & (row.begins < bounds[found, 1])
    return np.where(inside, found, -1).astype(np.int32)
