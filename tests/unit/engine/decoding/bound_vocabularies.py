"""Vocabularies that cut texts in every way: by bytes, with digits and blanks glued together, and as
real models do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from appliance.engine.decoding.bound.masking import Pieces
from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.detokenizing import vocabulary_of
from appliance.engine.decoding.model import Append, Logits
from tests import stories260k
from tests.engine_model import HashModel
from tests.unit.engine.decoding import tiny_tokenizers

SHARED = stories260k.SHARED.parent
_GLUED = (
    """
5|50|500|0.5|.5|0.|,0|00| 5| 50| 5 |5 m|5 mg| mg| mL|mg/|/kg|mg.|g daily|mg and|mg of the|5, 10
10 mL| and| of| the|the |
 to 10|. The|.\n|\n\n|  |), | (|) (| “|”| -| – |- |-5|–10| twice| daily
twice da|March| 2024|12 Mar|h 20|NGH-|-CP|P-01|014|A1|1c| ≥| £|£5|% |°| °C| warf|arin|
 Warfarin|apixa|ban
[1]|[1|1]|[| [|].|[2][|patient|'s|n't|s | a| I|ing | is given|hours| 48 hours before|8 h|micro|grams
""".replace("\n ", "| ")
    .strip("\n")
    .replace("\n", "|")
)


class Leaning(HashModel):
    """Likes some tokens better than what its hash says. Its logits are set by `secret`."""

    liking: Logits | float = 0.0

    def forward(self, batch: Sequence[Append]) -> Logits:
        return np.asarray(super().forward(batch) * 4 + self.liking, np.float32)


def byte_level(pieces: Iterable[str]) -> Tokenizer:
    """All bytes and these pieces."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: n for n, letter in enumerate(alphabet)}
    spelling = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for piece in pieces:
        spelled = "".join(part for part, _ in spelling.pre_tokenize_str(piece))
        vocabulary.setdefault(spelled, len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = spelling
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(tiny_tokenizers.END, special=True)])
    return tokenizer


def glued() -> Tokenizer:
    return byte_level(piece for piece in _GLUED.split("|") if piece)


def _minilm() -> Tokenizer:
    """The encoder's words, as a byte-level vocabulary."""
    folder = Path(__file__).resolve().parents[4] / ".cache" / "encoder"
    try:
        name = (folder / "current").read_text().strip()
        words = json.loads((folder / name / "tokenizer.json").read_bytes())["model"]["vocab"]
    except FileNotFoundError:
        pytest.skip("the encoder is not built")
    return byte_level(f" {word}" if word[:2] != "##" else word[2:] for word in words)


def _stories() -> Tokenizer:
    folder = SHARED / "stories260k"
    if not folder.is_dir():
        pytest.skip("the models beside the checkout are missing")
    vocabulary = stories260k.read_vocabulary((folder / "tok512.bin").read_bytes(), 512)
    return Tokenizer.from_str(json.dumps(stories260k.tokenizer(vocabulary)))


def _smollm() -> Tokenizer:
    path = SHARED / "smollm2-135m-mlc" / "tokenizer.json"
    if not path.is_file():
        pytest.skip("the models beside the checkout are missing")
    return Tokenizer.from_file(str(path))


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "letters": tiny_tokenizers.letters,
    "bytes": tiny_tokenizers.byte_level,
    "sentence_piece": tiny_tokenizers.sentence_piece,
    "glued": glued,
    "stories": _stories,
    "minilm": _minilm,
    "smollm": _smollm,
}


@cache
def tokenizer_of(kind: str) -> Tokenizer:
    return KINDS[kind]()


@cache
def end_of(kind: str) -> int:
    known = tokenizer_of(kind).token_to_id(tiny_tokenizers.END)
    return 2 if known is None else int(known)


@cache
def pieces_of(kind: str) -> Pieces:
    vocabulary = vocabulary_of(tokenizer_of(kind))
    return Pieces(vocabulary, len(vocabulary.pieces), frozenset({end_of(kind)}))


@cache
def decoder_of(kind: str) -> tuple[Decoder, Leaning]:
    """One for all tests, so that the vocabulary is looked through once."""
    rows = len(vocabulary_of(tokenizer_of(kind)).pieces)
    model = Leaning(vocabulary=rows, context=400, pages=200)
    return Decoder(model, tokenizer_of(kind), end_tokens=frozenset({end_of(kind)})), model


def liking(kind: str, characters: str, much: float) -> Logits:
    """Favours tokens with any of these characters."""
    pieces = vocabulary_of(tokenizer_of(kind)).pieces
    wanted = set(characters.encode())
    return np.array([much * bool(wanted & set(piece)) for piece in pieces], np.float32)
