"""The reader as torch trains it: MiniLM with four heads, an exit after two layers, and its loss.

The product runs the same network from appliance/engine/reading, in eight bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from rows import UNKNOWN, Batch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from transformers import BertConfig, BertModel

EXIT = 2
HIDDEN = 384
POSITIONS = 384


class Reader(nn.Module):
    """Logits: relevance and exit (rows,), tokens (rows, length, 3): start, end, evidence."""

    def __init__(self) -> None:
        super().__init__()
        configuration = BertConfig(
            hidden_size=HIDDEN, num_hidden_layers=6, num_attention_heads=12,
            intermediate_size=1536, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            max_position_embeddings=POSITIONS,
        )  # fmt: skip
        self.bert = BertModel(configuration, add_pooling_layer=False)
        self.exit = nn.Linear(HIDDEN, 1)
        self.relevance = nn.Linear(HIDDEN, 1)
        self.token = nn.Linear(HIDDEN, 3)
        self.dropout = nn.Dropout(0.1)
        # What a word is like stays what the encoder says: the product keeps one table for both.
        self.bert.embeddings.word_embeddings.weight.requires_grad = False

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        states = self.bert(
            input_ids=batch.ids, token_type_ids=batch.types, attention_mask=batch.attend,
            output_hidden_states=True,
        ).hidden_states  # fmt: skip
        early, last = states[EXIT][:, 0].float(), states[-1].float()
        relevance = self.relevance(self.dropout(last[:, 0]))[:, 0]
        return relevance, self.exit(early)[:, 0], self.token(self.dropout(last))

    def begin_with(self, weights: Path) -> None:
        """Takes the encoder's published weights; the heads begin small."""
        stored = load_file(weights)
        state = {
            name: tensor[:POSITIONS] if name == "embeddings.position_embeddings.weight" else tensor
            for name, tensor in stored.items()
            if not name.startswith("pooler.") and name != "embeddings.position_ids"
        }
        self.bert.load_state_dict(state, strict=True)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """All that was trained, under the names the exporter knows."""
        state = {
            name.removeprefix("bert."): tensor.detach().float().numpy()
            for name, tensor in self.state_dict().items()
        }
        return {name: a for name, a in state.items() if "word_embeddings" not in name}


def loss(
    outputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor], batch: Batch
) -> Mapping[str, torch.Tensor]:
    relevance, early, tokens = outputs
    parts = {
        "span": _spans(tokens, batch),
        "sentence": _sentences(tokens, batch),
        "relevance": _relevance(relevance, batch),
        "exit": _relevance(early, batch),
    }
    return {
        **parts,
        "all": parts["span"] + parts["sentence"] + parts["relevance"] + 0.3 * parts["exit"],
    }


def _spans(tokens: torch.Tensor, batch: Batch) -> torch.Tensor:
    total = torch.zeros(())
    for column, target in ((0, batch.start), (1, batch.end)):
        logits = tokens[..., column].masked_fill(~batch.readable, -1e4)
        if (target >= 0).any():
            total = total + functional.cross_entropy(logits, target, ignore_index=-100)
    return total / 2


def _sentences(tokens: torch.Tensor, batch: Batch) -> torch.Tensor:
    logits = torch.sparse.mm(batch.averaging, tokens[..., 2].reshape(-1, 1))[:, 0]
    known = batch.labels != UNKNOWN
    weight = torch.where(batch.labels > 0, 3.0, 1.0)[known]
    return functional.binary_cross_entropy_with_logits(
        logits[known], batch.labels[known].float(), weight=weight
    )


def _relevance(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Each row by itself, and each group's answering row against its others."""
    alone = functional.binary_cross_entropy_with_logits(logits, batch.relevant.float())
    listed = []
    for group in range(int(batch.groups.max()) + 1):
        inside = batch.groups == group
        right = batch.relevant[inside] > 0
        if right.any() and not right.all():
            scores = logits[inside]
            listed.append(torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0))
    return 0.5 * alone + 0.5 * (torch.stack(listed).mean() if listed else torch.zeros(()))
