"""Pieces of text add up to what the tokenizer says, and are whole characters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from appliance.engine.decoding.detokenizing import Detokenizer, vocabulary_of
from appliance.engine.decoding.errors import TokenizerUnsupported
from tests.unit.engine.decoding import tiny_tokenizers

SMOL = Path(__file__).resolve().parents[5] / "shared/data/model/smollm2-135m-mlc/tokenizer.json"
KINDS = {
    "byte_level": tiny_tokenizers.byte_level(),
    "sentence_piece": tiny_tokenizers.sentence_piece(),
}
WORDS = st.text(st.sampled_from("the  {}€äaü日本👩‍⚕️\n.→ next")) | st.text(
    st.characters(exclude_categories=["Cs"])
)


def pieces(tokenizer: Tokenizer, tokens: list[int]) -> list[str]:
    reading = Detokenizer(vocabulary_of(tokenizer))
    return [reading.push(token) for token in tokens]


@pytest.mark.parametrize("kind", KINDS)
@given(text=WORDS)
def test_the_pieces_of_a_text_add_up_to_it(kind: str, text: str) -> None:
    tokenizer = KINDS[kind]
    tokens = tokenizer.encode(text).ids
    whole = pieces(tokenizer, tokens)
    assert "".join(whole) == tokenizer.decode(tokens)
    for piece in whole:
        piece.encode("utf-8")
        assert "\ufffd" not in piece or "\ufffd" in text


@given(tokens=st.lists(st.integers(0, KINDS["byte_level"].get_vocab_size() - 1), max_size=40))
def test_any_bytes_come_out_as_the_tokenizer_decodes_them(tokens: list[int]) -> None:
    tokenizer = KINDS["byte_level"]
    text, whole = "".join(pieces(tokenizer, tokens)), tokenizer.decode(tokens)
    assert whole in {text, text + "\ufffd"}  # a last character that was cut off is not shown


@given(tokens=st.lists(st.integers(257, KINDS["sentence_piece"].get_vocab_size() - 1), max_size=20))
def test_any_pieces_come_out_as_the_tokenizer_decodes_them(tokens: list[int]) -> None:
    tokenizer = KINDS["sentence_piece"]
    assert "".join(pieces(tokenizer, tokens)) == tokenizer.decode(tokens)


def test_a_character_of_several_tokens_comes_with_the_last() -> None:
    for tokenizer in KINDS.values():
        tokens = tokenizer.encode("👩").ids
        assert [piece for piece in pieces(tokenizer, tokens) if piece] == ["👩"]


def test_special_tokens_and_unknown_numbers_say_nothing() -> None:
    for tokenizer in KINDS.values():
        assert pieces(tokenizer, [tiny_tokenizers.end_of(tokenizer), 100_000]) == ["", ""]


@pytest.mark.parametrize(
    "decoder",
    [
        decoders.WordPiece,
        lambda: decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()]),
        lambda: decoders.Sequence(
            [decoders.Replace("_", " "), decoders.ByteFallback(), decoders.Fuse()]
        ),
        lambda: None,
    ],
    ids=["WordPiece", "no Replace", "another mark", "none"],
)
def test_a_tokenizer_of_another_kind_is_refused(decoder: Callable[[], decoders.Decoder]) -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0}, []))
    if (made := decoder()) is not None:
        tokenizer.decoder = made
    with pytest.raises(TokenizerUnsupported):
        vocabulary_of(tokenizer)


def test_numbers_far_apart_are_refused_before_memory_is_taken() -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 4_000_000_000}, []))
    tokenizer.decoder = decoders.ByteLevel()
    with pytest.raises(TokenizerUnsupported):
        vocabulary_of(tokenizer)


@pytest.mark.shared
@pytest.mark.skipif(not SMOL.exists(), reason="the real documents are not beside the checkout")
@pytest.mark.parametrize(
    "text",
    ["INR 2.5–3.5 → reduce dose by 10 %", "日本語と絵文字 👩‍⚕️🏥", "def f(x):\n\treturn  x\n", " a"],
)
def test_a_real_tokenizer_streams_what_it_decodes(text: str) -> None:
    tokenizer = Tokenizer.from_file(str(SMOL))
    tokens = tokenizer.encode(text).ids
    assert "".join(pieces(tokenizer, tokens)) == tokenizer.decode(tokens) == text
