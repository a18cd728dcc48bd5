"""The passages nearest to a question, which are the hard ones: by meaning and by words.

Rules kept here: one search for all questions of a collection; kept on disk between runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rows import Pieces
from transformers import BertModel

LENGTH = 128
DEPTH = 24


@torch.no_grad()
def vectors(model: BertModel, texts: Sequence[str], pieces: Pieces) -> torch.Tensor:
    """Unit vectors (texts, 384) of what stands at their beginning."""
    coded = [[101, *pieces.of(text)[0][: LENGTH - 2], 102] for text in texts]
    order = sorted(range(len(coded)), key=lambda n: len(coded[n]))
    out = torch.zeros(len(texts), 384)
    for at in range(0, len(order), 64):
        part = order[at : at + 64]
        longest = max(len(coded[n]) for n in part)
        ids = torch.zeros(len(part), longest, dtype=torch.long)
        attend = torch.zeros_like(ids)
        for row, n in enumerate(part):
            ids[row, : len(coded[n])] = torch.tensor(coded[n])
            attend[row, : len(coded[n])] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = model(input_ids=ids, attention_mask=attend).last_hidden_state.float()
        mean = (states * attend[..., None]).sum(1) / attend.sum(1, keepdim=True)
        out[part] = torch.nn.functional.normalize(mean, dim=1)
    return out


def weighted_words(texts: Sequence[str], pieces: Pieces, frequencies: Counter[int]) -> torch.Tensor:
    """Sparse unit rows of word pieces, each by its rarity."""
    rows, columns, values = [], [], []
    for n, text in enumerate(texts):
        counts = Counter(pieces.of(text)[0][:400])
        weights = {
            piece: (1 + np.log(count)) * np.log(1e5 / (1 + frequencies[piece]))
            for piece, count in counts.items()
            if frequencies[piece] < 2e4
        }
        norm = float(np.sqrt(sum(w * w for w in weights.values()))) or 1.0
        for piece, weight in weights.items():
            rows.append(n)
            columns.append(piece)
            values.append(weight / norm)
    return torch.sparse_coo_tensor(
        torch.tensor([rows, columns]), torch.tensor(values, dtype=torch.float32),
        (len(texts), 30522),
    ).coalesce()  # fmt: skip


def nearest(
    questions: Sequence[str], passages: Sequence[str], model: BertModel, pieces: Pieces, kept: Path
) -> np.ndarray:
    """Indexes of passages, (questions, DEPTH): the two rankings by turns."""
    if kept.is_file():
        found = np.load(kept, allow_pickle=False)
        if found.shape[0] == len(questions):
            return np.asarray(found)
    frequencies = Counter(piece for text in passages for piece in set(pieces.of(text)[0]))
    table = vectors(model, passages, pieces)
    asked = vectors(model, questions, pieces)
    words = weighted_words(passages, pieces, frequencies).t().to_dense()
    worded = weighted_words(questions, pieces, frequencies)
    rows = []
    for at in range(0, len(questions), 512):
        meaning = (asked[at : at + 512] @ table.T).topk(DEPTH).indices.numpy()
        part = worded.index_select(0, torch.arange(at, min(at + 512, len(questions))))
        wording = torch.sparse.mm(part, words)
        lexical = wording.topk(DEPTH).indices.numpy()
        for a, b in zip(meaning, lexical, strict=True):
            mixed = list(dict.fromkeys(int(x) for pair in zip(a, b, strict=True) for x in pair))
            rows.append(mixed[:DEPTH])
    found = np.array(rows, np.int32)
    np.save(kept, found)
    return found
