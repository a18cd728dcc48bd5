"""From texts to rows of word pieces, and to batches: what the network reads.

Rules kept here: a row is `[CLS] question [SEP] place: text [SEP]`, cut where the product cuts it
(appliance/engine/reading); a target that was cut away is no target.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer

QUESTION, PLACE, ROW = 64, 32, 320
"""Word pieces. The product reads rows of up to 384."""
MASK = 103
CLS, SEP = 101, 102
UNKNOWN = -1.0


@dataclass(frozen=True, slots=True)
class Row:
    """relevant: 1, 0. spans: [start, end) of text, any of which answers; None where unknown.
    sentences: [start, end); labels: 1 answers, 0 does not, UNKNOWN."""

    question: str
    place: str
    text: str
    sentences: tuple[tuple[int, int], ...]
    labels: tuple[float, ...]
    relevant: float
    spans: tuple[tuple[int, int], ...] | None
    ranked: bool = True


@dataclass(slots=True)
class Pieces:
    """Word pieces of every text, computed once."""

    tokenizer: Tokenizer
    kept: dict[str, tuple[list[int], list[tuple[int, int]]]] = field(default_factory=dict)

    def of(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        if text not in self.kept:
            encoded = self.tokenizer.encode(text, add_special_tokens=False)
            self.kept[text] = (encoded.ids, encoded.offsets)
        return self.kept[text]


@dataclass(frozen=True, slots=True)
class Coded:
    """A row in word pieces. start, end: targets as positions; 0: no answer; -100: unknown.
    within: for each piece the sentence it begins in, or -1."""

    ids: list[int]
    types: list[int]
    within: list[int]
    labels: tuple[float, ...]
    first: int
    start: int
    end: int
    relevant: float
    ranked: bool


def coded(row: Row, pieces: Pieces, dice: random.Random, masked: float) -> Coded:
    question = pieces.of(row.question)[0][:QUESTION]
    before = pieces.of(f"{row.place}:")[0][:PLACE] if row.place else []
    ids, offsets = pieces.of(row.text)
    first = 2 + len(question) + len(before)
    room = ROW - first - 1
    ids, offsets = ids[:room], offsets[:room]
    within = [-1] * first + [_sentence(row.sentences, at) for at, _ in offsets] + [-1]
    whole = [CLS, *question, SEP, *before, *ids, SEP]
    types = [0] * (2 + len(question)) + [1] * (len(before) + len(ids) + 1)
    if masked:
        whole = [MASK if i not in (CLS, SEP) and dice.random() < masked else i for i in whole]
    start, end = _target(row, offsets, first, dice)
    return Coded(whole, types, within, row.labels, first, start, end, row.relevant, row.ranked)


def _sentence(spans: Sequence[tuple[int, int]], at: int) -> int:
    for n, (start, end) in enumerate(spans):
        if start <= at < end:
            return n
    return -1


def _target(
    row: Row, offsets: Sequence[tuple[int, int]], first: int, dice: random.Random
) -> tuple[int, int]:
    if row.spans is None:
        return -100, -100
    if not row.spans:
        return 0, 0
    start, end = dice.choice(row.spans)
    inside = [n for n, (a, b) in enumerate(offsets) if a < end and b > start]
    if not inside:
        return -100, -100
    return first + inside[0], first + inside[-1]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of a batch of groups. groups: for each row the group it is ranked in, -1 for none.
    averaging: (sentences, rows * length), rows of which sum to one."""

    ids: torch.Tensor
    types: torch.Tensor
    attend: torch.Tensor
    readable: torch.Tensor
    start: torch.Tensor
    end: torch.Tensor
    relevant: torch.Tensor
    groups: torch.Tensor
    averaging: torch.Tensor
    labels: torch.Tensor


def batch(groups: Sequence[Sequence[Coded]]) -> Batch:
    rows = [row for group in groups for row in group]
    longest = -(-max(len(row.ids) for row in rows) // 8) * 8
    count = len(rows)
    ids = np.zeros((count, longest), np.int64)
    types, attend = np.zeros_like(ids), np.zeros_like(ids)
    readable = np.zeros((count, longest), bool)
    labels: list[float] = []
    places: list[tuple[list[int], list[int]]] = []
    for n, row in enumerate(rows):
        size = len(row.ids)
        ids[n, :size], types[n, :size], attend[n, :size] = row.ids, row.types, 1
        readable[n, 0], readable[n, row.first : size - 1] = True, True
        inside: dict[int, list[int]] = {}
        for position, sentence in enumerate(row.within):
            if sentence >= 0:
                inside.setdefault(sentence, []).append(n * longest + position)
        for sentence, positions in inside.items():
            places.append(([len(labels)] * len(positions), positions))
            labels.append(row.labels[sentence])
    averaging = torch.sparse_coo_tensor(
        torch.tensor(
            [
                [r for rs, _ in places for r in rs],
                [c for _, cs in places for c in cs],
            ]
        ),
        torch.tensor([1 / len(rs) for rs, _ in places for _ in rs]),
        (len(labels), count * longest),
    )
    numbered = [n if row.ranked else -1 for n, group in enumerate(groups) for row in group]
    return Batch(
        ids=torch.from_numpy(ids), types=torch.from_numpy(types),
        attend=torch.from_numpy(attend), readable=torch.from_numpy(readable),
        start=torch.tensor([row.start for row in rows]),
        end=torch.tensor([row.end for row in rows]),
        relevant=torch.tensor([row.relevant for row in rows]),
        groups=torch.tensor(numbered), averaging=averaging, labels=torch.tensor(labels),
    )  # fmt: skip
