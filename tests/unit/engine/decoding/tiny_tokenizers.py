"""Tokenizers small enough to read, of the two kinds that chat models have."""

from __future__ import annotations

import string

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

END = "<end>"


def letters() -> Tokenizer:
    """64 tokens, one a letter or digit, byte-level; 62 is the space, 63 the end token."""
    vocabulary = {letter: n for n, letter in enumerate(string.ascii_letters + string.digits + "Ġ")}
    return _byte_level(vocabulary, [])


def byte_level() -> Tokenizer:
    """Every byte, a few merges (one inside a character of three bytes, one across two), the end
    token, and an added token that is not special and not spelled in bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: n for n, letter in enumerate(alphabet)}
    euro, umlaut = _spelled("€"), _spelled("äa")
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "Ġ"), (euro[0], euro[1]), umlaut[1:3]]
    for first, second in merges:
        vocabulary[first + second] = len(vocabulary)
    tokenizer = _byte_level(vocabulary, [(str(a), str(b)) for a, b in merges])
    tokenizer.add_tokens([AddedToken("→ next", normalized=False)])
    return tokenizer


def sentence_piece() -> Tokenizer:
    """As Llama 2's: pieces with a mark for the space, every other byte by itself, and one space in
    front of a text that is not the text's."""
    vocabulary = {"<unk>": 0, **{f"<0x{byte:02X}>": 1 + byte for byte in range(256)}}
    for letter in "▁" + string.ascii_letters + string.digits + '{}[]":,.ü':
        vocabulary[letter] = len(vocabulary)
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("▁", "▁"), ("▁", "{"), ("{", '"')]
    for first, second in merges:
        vocabulary[first + second] = len(vocabulary)
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )  # fmt: skip
    tokenizer.add_special_tokens([AddedToken(END, special=True)])
    return tokenizer


def end_of(tokenizer: Tokenizer) -> int:
    end = tokenizer.token_to_id(END)
    if end is None:
        raise AssertionError("every tokenizer here has an end token")
    return int(end)


def _byte_level(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(END, special=True)])
    return tokenizer


def _spelled(text: str) -> tuple[str, ...]:
    """The byte-level spelling of a text, a character a byte."""
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return tuple("".join(piece for piece, _ in pieces.pre_tokenize_str(text)))
