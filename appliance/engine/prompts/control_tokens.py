"""The tokens of a prompt in which only the template can write control tokens.

Rules kept here: what a person, a document or a model wrote is encoded by a copy of the tokenizer
that knows no added token, so that "<|im_end|>" in it is letters and nothing else. Everything else
comes out as the tokenizer itself would encode the whole: text is cut at the template's control
tokens, as it cuts, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from tokenizers import Tokenizer

from appliance.engine.errors import BundleDamaged


class TokensForged(BundleDamaged):
    """The tokenizer writes a control token without being told to. It is not used."""

    code = "tokens_forged"
    hint = "Install the model anew, or ask your IT department for another one."


class ControlTokens:
    """A tokenizer and its copies without control tokens. Used from one thread."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer: Final = tokenizer
        added = tokenizer.get_added_tokens_decoder()
        self._controls = {id for id, token in added.items() if token.content.strip()}
        special = {id for id, token in added.items() if token.special and token.content.strip()}
        text = tokenizer.to_str()
        self._first = _without_controls(text, prefix=True)
        self._later = _without_controls(text, prefix=False)
        unknown = json.loads(text)["model"].get("unk_token")
        self._never = special - {tokenizer.token_to_id(unknown) if unknown else -1}

    def encode(self, parts: Sequence[tuple[str, bool]]) -> list[int]:
        """(text, whether it is the template's own) one after another. No token is added before or
        behind. Raises TokensForged."""
        found: list[int] = []
        stretch = ""
        for text, ours in parts:
            for piece in self.split(text) if ours else (text,):
                if isinstance(piece, str):
                    stretch += piece
                    continue
                found += self._plain(stretch, first=not found)
                found.append(piece)
                stretch = ""
        return found + self._plain(stretch, first=not found)

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens `encode` makes of each text that is not the template's own."""
        encoded = self._first.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]

    def split(self, text: str) -> Iterator[str | int]:
        """The template's own text, with its control tokens as ids."""
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        at = 0
        for token, (start, end) in zip(encoded.ids, encoded.offsets, strict=True):
            if token in self._controls and end > start >= at:
                if start > at:
                    yield text[at:start]
                yield token
                at = end
        if at < len(text):
            yield text[at:]

    def _plain(self, text: str, *, first: bool) -> list[int]:
        if not text:
            return []
        tokenizer = self._first if first else self._later
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        if not self._never.isdisjoint(ids):
            raise TokensForged("The model's tokenizer makes control tokens out of plain text.")
        return ids


def _without_controls(text: str, *, prefix: bool) -> Tokenizer:
    """A copy without added tokens, but for those of the vocabulary that are white space alone
    (Gemma's line breaks). prefix: for the beginning of a prompt, where some tokenizers put a space
    that they put nowhere else."""
    described = json.loads(text)
    vocabulary = described["model"].get("vocab")
    known = vocabulary if isinstance(vocabulary, dict) else {}
    described["added_tokens"] = [
        token
        for token in described.get("added_tokens", ())
        if not token["content"].strip() and known.get(token["content"]) == token["id"]
    ]
    described["post_processor"] = None
    described["truncation"] = described["padding"] = None
    if not prefix:
        _never_prepend(described.get("pre_tokenizer"))
    copy: Tokenizer = Tokenizer.from_str(json.dumps(described))
    return copy


def _never_prepend(pre_tokenizer: object) -> None:
    if isinstance(pre_tokenizer, list):
        for one in pre_tokenizer:
            _never_prepend(one)
    elif isinstance(pre_tokenizer, dict):
        if pre_tokenizer.get("prepend_scheme") == "first":
            pre_tokenizer["prepend_scheme"] = "never"
        _never_prepend(pre_tokenizer.get("pretokenizers"))
