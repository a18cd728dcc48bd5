"""What binding an answer to its evidence costs a token, in CPU time.

  python packaging/bench_bound.py TOKENIZER.json [WORDS.json]

TOKENIZER.json is a chat model's; it is measured cut to its first 32,000 tokens, and whole. With
WORDS.json, a WordPiece tokenizer, a vocabulary of about 150,000 tokens is measured too: the first
one's, and the second one's words small, with a capital and in capitals, with and without a blank
before it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from appliance.engine.decoding.bound.masking import Bounds, Pieces
from appliance.engine.decoding.detokenizing import Vocabulary, vocabulary_of
from appliance.engine.decoding.request import Evidence

_ANSWERS, _TOKENS = 12, 60
_PASSAGE = (
    "Stop apixaban {0} hours before surgery; give {1} mg/kg warfarin twice daily (max. {2} mg per"
    " day). The form is NGH-CP-{0} of 12 March 20{1}. HbA1c must be ≥ 6.{2} %, and the room kept at"
    " {0} °C. Range {1} to {0} mL. Ward staff record the dose on the chart and tell the patient. "
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("words", type=Path, nargs="?")
    arguments = parser.parse_args()
    vocabulary = vocabulary_of(Tokenizer.from_file(str(arguments.tokenizer)))
    measure(Vocabulary((*vocabulary.pieces[:32_000], b""), vocabulary.strip))
    measure(vocabulary)
    if arguments.words is not None:
        words = json.loads(arguments.words.read_bytes())["model"]["vocab"]
        more = dict.fromkeys((*vocabulary.pieces, *_spelled(words)))
        measure(Vocabulary((*more, b""), vocabulary.strip))


def _spelled(words: dict[str, int]) -> Iterator[bytes]:
    for word in words:
        for spelling in (word, word.capitalize(), word.upper()):
            yield from (spelling.encode(), b" " + spelling.encode())


def measure(vocabulary: Vocabulary) -> None:
    """Answers of random allowed tokens, every other one with a digit or a unit where there is one;
    eight passages of about 200 tokens as evidence."""
    rows = len(vocabulary.pieces)
    begun = time.process_time()
    pieces = Pieces(vocabulary, rows, frozenset({rows - 1}))
    pieces.prepare()
    made = time.process_time() - begun
    telling = np.array([any(48 <= b < 58 for b in p) or b"mg" in p for p in vocabulary.pieces])
    said = np.array([bool(piece) for piece in vocabulary.pieces])
    logits, chance = np.zeros(rows, np.float32), np.random.default_rng(1)
    firsts, steps = list[float](), list[float]()
    for answer in range(_ANSWERS):
        texts = tuple((_PASSAGE * 3).format(n + 3, n + 11 * answer, 2 * n + 1) for n in range(8))
        begun = time.process_time()
        bounds = Bounds(pieces, Evidence(texts, 8))
        whole = bounds.holder()
        for step in range(_TOKENS):
            masked = np.where(bounds.mask(), logits, np.float32(-np.inf))
            spent = time.process_time() - begun
            allowed = np.isfinite(masked) & said
            liked = allowed & telling if step % 2 and (allowed & telling).any() else allowed
            token = int(chance.choice(np.flatnonzero(liked)))
            text = vocabulary.pieces[token].decode(errors="ignore")
            begun = time.process_time()
            bounds.accept(token)
            whole.push(text)
            spent += time.process_time() - begun
            (steps if step else firsts).append(spent)
            begun = time.process_time()
    steps.sort()
    all_in = (sum(firsts) + sum(steps)) / (_ANSWERS * _TOKENS)
    print(
        f"{rows} tokens: once a model {made:.2f} s; an answer's first mask"
        f" {1e3 * statistics.median(firsts):.1f} ms, then a token: median"
        f" {1e3 * statistics.median(steps):.3f} ms, mean {1e3 * statistics.mean(steps):.3f} ms, p95"
        f" {1e3 * steps[int(0.95 * len(steps))]:.3f} ms; all in, a token of {_TOKENS}:"
        f" {1e3 * all_in:.3f} ms"
    )


if __name__ == "__main__":
    main()
