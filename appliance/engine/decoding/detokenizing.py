"""From tokens to text, piece by piece.

Rules kept here: every token stands for bytes, known before the first answer is written; text is
what these bytes say in UTF-8, and only whole characters come out. Special tokens say nothing. The
pieces of an answer add up to what the tokenizer would decode from all its tokens, but for a last
character that was cut off (not shown), and for bytes that are no UTF-8: those become U+FFFD one by
one as they come, where a tokenizer with byte fallback would spoil their valid neighbours as well.
The tokenizer is the bundle's, hence untrusted; its size is bounded where it is read.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tokenizers import Tokenizer

from appliance.engine.decoding.errors import TokenizerUnsupported

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_Spell: TypeAlias = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each token says: `pieces[token]` is empty for special ones and for gaps. `strip`: how
    many spaces the tokenizer adds before a text and takes away again."""

    pieces: tuple[bytes, ...]
    strip: int


def vocabulary_of(untrusted_tokenizer: Tokenizer) -> Vocabulary:
    """Raises TokenizerUnsupported. Takes some tenths of a second for 150,000 tokens."""
    spell, strip = _speller(untrusted_tokenizer)
    tokens = untrusted_tokenizer.get_vocab(with_added_tokens=True)
    special = {
        token for token, added in untrusted_tokenizer.get_added_tokens_decoder().items()
        if added.special
    }  # fmt: skip
    highest = max(tokens.values(), default=-1)
    if not tokens or highest >= 2 * len(tokens) + 1024:
        raise TokenizerUnsupported("The bundle's tokenizer has no tokens, or numbers with gaps.")
    pieces = [b""] * (highest + 1)
    for text, token in tokens.items():
        if token not in special:
            pieces[token] = spell(text)
    return Vocabulary(tuple(pieces), strip)


def _speller(untrusted_tokenizer: Tokenizer) -> tuple[_Spell, int]:
    """How this tokenizer's decoder spells a token, and the spaces it strips off the front."""
    decoder = untrusted_tokenizer.decoder
    steps = _steps(json.loads(decoder.__getstate__())) if decoder is not None else []
    kinds = [step.get("type") for step in steps]
    if kinds == ["ByteLevel"]:
        return _byte_level, 0
    if kinds in (
        ["Replace", "ByteFallback", "Fuse"],
        ["Replace", "ByteFallback", "Fuse", "Strip"],
    ):
        blanks = (steps[0].get("pattern"), steps[0].get("content"))
        strip = steps[3] if len(steps) == 4 else {"content": " ", "start": 0, "stop": 0}
        start = strip.get("start")
        if (
            (*blanks, strip.get("content"), strip.get("stop")) == ({"String": "▁"}, " ", " ", 0)
            and isinstance(start, int)
            and 0 <= start <= 8
        ):
            return _sentence_piece, start
    raise TokenizerUnsupported("The bundle's tokenizer decodes its tokens in an unknown way.")


def _steps(decoder: dict[str, object]) -> list[dict[str, object]]:
    if decoder.get("type") != "Sequence":
        return [decoder]
    inner = decoder.get("decoders")
    return [step for step in inner if isinstance(step, dict)] if isinstance(inner, list) else []


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's spelling of bytes: printable ones stand for themselves, the others for U+0100 and
    what follows, in order."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printable)
    return {
        **{chr(byte): byte for byte in printable},
        **{chr(0x100 + n): byte for n, byte in enumerate(others)},
    }


_ALPHABET = _byte_alphabet()


def _byte_level(token: str) -> bytes:
    try:
        return bytes(map(_ALPHABET.__getitem__, token))
    except KeyError:  # an added token, which stands as it is
        return token.encode("utf-8")


def _sentence_piece(token: str) -> bytes:
    byte = _BYTE.fullmatch(token)
    if byte:
        return bytes([int(byte[1], 16)])
    return token.replace("▁", " ").encode("utf-8")


class Detokenizer:
    """Reads one answer."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._pieces = vocabulary.pieces
        self._strip = vocabulary.strip
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The characters that this token completes, often none. A number that is no token of the
        tokenizer says nothing."""
        piece = self._pieces[token] if token < len(self._pieces) else b""
        text = self._utf8.decode(piece)
        taken = min(self._strip, len(text) - len(text.lstrip(" ")))
        if text:
            # Spaces may come one by one; the first other character ends what is taken away.
            self._strip = self._strip - taken if taken == len(text) else 0
        return text[taken:]

    def spoils(self, token: int) -> bool:
        """Whether the token's bytes cannot follow those so far in any UTF-8 text. Changes
        nothing."""
        strict = codecs.getincrementaldecoder("utf-8")()
        strict.setstate(self._utf8.getstate())
        try:
            strict.decode(self._pieces[token] if token < len(self._pieces) else b"")
        except UnicodeDecodeError:
            return True
        # Python tells a surrogate (U+D800 to U+DFFF) by its third byte only; none can follow.
        pending = strict.getstate()[0]
        return pending[:1] == b"\xed" and pending[1:2] >= b"\xa0"
