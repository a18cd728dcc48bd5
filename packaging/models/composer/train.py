"""Trains the composer and builds the bundle that ships.

    python packaging/models/composer/train.py DATA [--work FOLDER] [--product PYTHON]
        [--steps N] [--threads N] [--no-build]

DATA is the folder of docs/models/composer.md. Needs packaging/models/requirements.txt; what belongs
to the product (pairs, building) runs in the product's own environment. Goes on where it was
stopped: pairs, tokenizer and checkpoint stay in the work folder.

Rules kept here: one seed; nothing that is held back is trained on; the bundle is built by `cloister
model build` from the Hugging Face folder, and signed with a key that is thrown away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from export import export
from learn import Learner, Plan
from model import Composer, Shape
from samples import Samples, read_pairs
from tokenizers import Tokenizer
from tokens import learn_from

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NAME, VERSION = "composer", "1"
LICENCE = "Apache-2.0"
SOURCE = "trained by packaging/models/composer/train.py; data: docs/models/composer.md"
PLACE = ROOT / "appliance" / "engine" / "composer"
STEPS = 2_400


def main() -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    given = _arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(given.threads)
    pairs = given.work / "pairs.jsonl"
    if not pairs.is_file():
        _product(given, HERE / "pairs.py", given.data, pairs)
    words = given.work / "tokenizer.json"
    tokenizer = (
        Tokenizer.from_file(str(words))
        if words.is_file()
        else learn_from(pairs.with_suffix(".txt"), words)
    )
    plan = Plan(steps=given.steps)
    torch.manual_seed(plan.seed)
    model = Composer(Shape(vocabulary=tokenizer.get_vocab_size()))
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million parameters", flush=True)
    samples = Samples(read_pairs(pairs), tokenizer, plan.seed)
    learner = Learner(model, samples, plan, given.work / "checkpoint.pt")
    learner.resume()
    learner.run()
    folder = given.work / "huggingface"
    export(model, tokenizer, folder)
    if given.build:
        build(given, folder)


def build(given: argparse.Namespace, folder: Path) -> None:
    """The bundle and its signer, in place of those that ship."""
    key, out = given.work / "key.json", given.work / f"{NAME}@{VERSION}"
    shutil.rmtree(out, ignore_errors=True)
    key.unlink(missing_ok=True)
    public = key.with_name("key.public.json")
    _product(given, "-m", "appliance", "model", "key", key, "--signer", "Cloister composer")
    try:
        _product(
            given, "-m", "appliance", "model", "build", folder, "--quant", "q4f16_1",
            "--target", "", "--as", NAME, "--version", VERSION, "--licence", LICENCE,
            "--source", SOURCE, "--key", key, "--out", out,
        )  # fmt: skip
    finally:
        key.unlink(missing_ok=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    shutil.copytree(out, PLACE / out.name)
    shutil.copyfile(public, PLACE / "signers.json")


def _product(given: argparse.Namespace, *command: object) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([given.product, *map(str, command)], check=True, cwd=ROOT, env=environment)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "train" / "composer")
    parser.add_argument("--product", default=str(ROOT / ".venv" / "bin" / "python"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-build", dest="build", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
