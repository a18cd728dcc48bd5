"""Training: batches in, a checkpoint out, from any step on again.

Rules kept here: one seed decides everything but the order of sums; a checkpoint is written whole or
not at all; nothing that is held back is looked at here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from model import Composer
from samples import Sample, Samples, Share, batches
from torch import Tensor
from torch.nn import functional

PAD = 0
POOL = 192
"""Samples that are drawn at once and sorted by length."""


@dataclass(frozen=True, slots=True)
class Plan:
    """steps: of `tokens` each. The first `short` of them have short samples, half of them of words
    at random. rounded: the share at the end that is learnt with weights of four bits."""

    steps: int
    seed: int = 20_261_128
    tokens: int = 6_144
    short: int = 250
    warm: int = 60
    matrix_rate: float = 0.02
    table_rate: float = 0.004
    rounded: float = 0.15
    falling: float = 0.5
    prompt: float = 0.1
    every: int = 100

    def rate(self, step: int) -> float:
        """Of its height: up, along, down."""
        left = (self.steps - step) / (self.falling * self.steps)
        return min(1.0, (step + 1) / self.warm, max(left, 0.0))


class Learner:
    def __init__(self, model: Composer, samples: Samples, plan: Plan, place: Path) -> None:
        self.model, self.samples, self.plan, self.place = model, samples, plan, place
        matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
        others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
        self.optimisers = (
            torch.optim.Muon(matrices, lr=plan.matrix_rate, weight_decay=0.01, momentum=0.95),
            torch.optim.AdamW(others, lr=plan.table_rate, betas=(0.9, 0.95), weight_decay=0.01),
        )
        self.rates = (plan.matrix_rate, plan.table_rate)
        self.step = 0
        self.seen = 0

    def resume(self) -> None:
        if not self.place.is_file():
            return
        kept = torch.load(self.place, weights_only=True)
        self.model.load_state_dict(kept["model"])
        for optimiser, state in zip(self.optimisers, kept["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.step, self.seen = kept["step"], kept["seen"]
        print(f"goes on from step {self.step}", flush=True)

    def save(self) -> None:
        part = self.place.with_suffix(".part")
        state = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "seen": self.seen,
        }
        torch.save(state, part)
        part.replace(self.place)

    def run(self) -> None:
        began, before, right, all_ = time.monotonic(), self.seen, 0.0, 0
        while self.step < self.plan.steps:
            for batch in self._pool(self.step):
                loss, hits, count = self.learn(batch)
                right, all_ = right + hits, all_ + count
                if self.step % 20 == 0:
                    speed = (self.seen - before) / (time.monotonic() - began)
                    print(
                        f"step {self.step} loss {loss:.3f} right {right / max(1, all_):.4f} "
                        f"{speed:,.0f} tokens/s",
                        flush=True,
                    )
                    right, all_ = 0.0, 0
                if self.step % self.plan.every == 0:
                    self.save()
                if self.step >= self.plan.steps:
                    break
        self.save()

    def _pool(self, step: int) -> Iterator[list[Sample]]:
        """The batches drawn at a step, in an order of their own."""
        short = step < self.plan.short
        share = Share(invented=0.5, others=0.1, nothing=0.02) if short else Share()
        drawn = self.samples.at(step, POOL, share, 160 if short else 900)
        made = list(batches(drawn, self.plan.tokens))
        order = torch.randperm(len(made), generator=torch.Generator().manual_seed(step))
        yield from (made[at] for at in order.tolist())

    def learn(self, batch: Sequence[Sample]) -> tuple[float, float, int]:
        """One step. Returns the loss, and how many of the answers' tokens were foretold of how
        many."""
        plan, model = self.plan, self.model
        model.round_weights(self.step >= plan.steps * (1 - plan.rounded))
        tokens, answers, prompts = _tensors(batch, self.step)
        with torch.autocast("cpu", torch.bfloat16):
            states = model.states(tokens[:, :-1])
            said = model.logits(states[answers]).float()
            asked = model.logits(states[prompts]).float()
        wanted = tokens[:, 1:][answers]
        loss = functional.cross_entropy(said, wanted)
        rest = functional.cross_entropy(asked, tokens[:, 1:][prompts])
        (loss + plan.prompt * rest).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        height = plan.rate(self.step)
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * height
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.seen += sum(len(sample.tokens) for sample in batch)
        hits = float((said.argmax(-1) == wanted).sum())
        if not math.isfinite(loss.item()):
            raise RuntimeError(f"the loss of step {self.step} is no number")
        return loss.item(), hits, len(wanted)


def _tensors(batch: Sequence[Sample], step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, and which of them are foretold: those of the answers, one in eight of a prompt."""
    longest = max(len(sample.tokens) for sample in batch)
    tokens = torch.full((len(batch), longest), PAD, dtype=torch.long)
    answers = torch.zeros((len(batch), longest - 1), dtype=torch.bool)
    prompts = torch.zeros_like(answers)
    drawn = torch.rand(answers.shape, generator=torch.Generator().manual_seed(step)) < 0.125
    for row, sample in enumerate(batch):
        tokens[row, : len(sample.tokens)] = torch.tensor(sample.tokens)
        answers[row, sample.answer - 1 : len(sample.tokens) - 1] = True
        prompts[row, : sample.answer - 1] = True
    prompts &= drawn
    prompts[0, 0] = True
    return tokens, answers, prompts
