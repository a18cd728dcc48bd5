"""Real weights: the smallest story teller, converted and continued by the reference alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from appliance.engine.compile.safetensors import read_floats
from appliance.engine.models.families import architecture_from_huggingface
from tests import stories260k
from tests.model_vectors import assembled
from tests.reference_model import greedy
from tests.stories260k import SHARED, Vocabulary

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the model is not beside this checkout"),
]

TOLD = (
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. "
    "One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
    "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad"
)
"""How the model's makers say it goes on at temperature 0 (doc/stories260K.md)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stories260k")
    stories260k.write_huggingface(made)
    return made


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return stories260k.read_vocabulary((SHARED / "tok512.bin").read_bytes(), 512)


def llama2c_tokens(vocabulary: Vocabulary, text: str) -> list[int]:
    """As llama2.c's `encode` goes about it: characters, then the best pair merged, and again."""
    token = {piece: n for n, piece in enumerate(vocabulary.pieces)}
    tokens = []
    for character in f" {text}" if text else "":
        piece = character.encode()
        tokens += [token[piece]] if piece in token else [byte + 3 for byte in piece]
    while True:
        pairs = [
            (vocabulary.scores[token[both]], -at, token[both])
            for at in range(len(tokens) - 1)
            if (both := vocabulary.pieces[tokens[at]] + vocabulary.pieces[tokens[at + 1]]) in token
        ]
        if not pairs:
            return [1, *tokens]
        _, back, merged = max(pairs)
        tokens[-back : 2 - back] = [merged]


def test_the_continuation_is_the_published_one(folder: Path, tokenizer: Tokenizer) -> None:
    architecture = architecture_from_huggingface(json.loads((folder / "config.json").read_text()))
    tensors = read_floats((folder / "model.safetensors").read_bytes())
    told = tokenizer.encode(TOLD).ids
    prompt = tokenizer.encode("Once upon a time").ids
    assert told[: len(prompt)] == prompt
    weights = assembled(architecture, tensors)
    assert greedy(architecture, weights, prompt, len(told) - len(prompt)) == told[len(prompt) :]


def test_every_tensor_of_the_folder_is_used(folder: Path) -> None:
    architecture = architecture_from_huggingface(json.loads((folder / "config.json").read_text()))
    tensors = read_floats((folder / "model.safetensors").read_bytes())
    weights = assembled(architecture, tensors)
    assert sum(w.size for w in weights.values()) == sum(t.size for t in tensors.values()) == 260_032


def test_the_tokenizer_decodes_what_it_encoded(tokenizer: Tokenizer) -> None:
    text = 'Lily said, "naïve 🦕"\nand left.'
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("text", ["Once upon a time", "", " ", TOLD, "Zoë’s 🦕\n\n  two  blanks"])
def test_the_tokenizer_encodes_as_llama2c(
    tokenizer: Tokenizer, vocabulary: Vocabulary, text: str
) -> None:
    assert tokenizer.encode(text).ids == llama2c_tokens(vocabulary, text)


@given(st.text("abcdehilnorstuwy ,.'\n\"TLéß🦕", max_size=60))
def test_the_tokenizer_encodes_anything_as_llama2c(
    tokenizer: Tokenizer, vocabulary: Vocabulary, text: str
) -> None:
    assert tokenizer.encode(text).ids == llama2c_tokens(vocabulary, text)
