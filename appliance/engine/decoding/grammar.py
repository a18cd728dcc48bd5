"""Answers that follow a JSON schema: which tokens may come next.

Rules kept here: a token is allowed only if its bytes, those the reader will see, keep the answer a
beginning of some JSON text that follows the schema; an end token only once it is complete.
Compiling is bounded (schema.py), in memory too. If an answer is cut short by its length, it is
incomplete; Finished says so.
"""

from __future__ import annotations

import os
from typing import Protocol

import numpy as np
import numpy.typing as npt

from appliance.engine.decoding import xgrammar_alone
from appliance.engine.decoding.detokenizing import Vocabulary
from appliance.engine.decoding.errors import LogitsInvalid, SchemaUnusable
from appliance.engine.decoding.model import Logits
from appliance.engine.decoding.schema import require_schema

# Small models under a mask like to write blanks for ever; a line break with a deep indentation
# still fits.
_MOST_BLANKS = 24
# JSON has no use for these: tabs and carriage returns are blanks one can do without, and the others
# are forbidden, though xgrammar allows them in strings of bounded length.
_CONTROLS = frozenset(range(0x20)) - {0x0A}
_CACHE_BYTES = 64 * 1024 * 1024


class _Matcher(Protocol):
    """What is used of xgrammar's."""

    def fill_next_token_bitmask(self, bitmask: npt.NDArray[np.int32]) -> bool: ...

    def accept_token(self, token_id: int) -> bool: ...


class Grammars:
    """Compiles schemas for one model's vocabulary and remembers the last ones."""

    def __init__(self, vocabulary: Vocabulary, rows: int, end_tokens: frozenset[int]) -> None:
        self._xgrammar = xgrammar_alone.load()
        self._rows = rows
        # An empty piece is a special token to xgrammar: never part of an answer.
        pieces = [b"" if _CONTROLS & {*piece} else piece for piece in vocabulary.pieces[:rows]]
        pieces += [b""] * (rows - len(pieces))
        for token in end_tokens:
            pieces[token] = b""
        info = self._xgrammar.TokenizerInfo(
            pieces, self._xgrammar.VocabType.RAW, vocab_size=rows,
            stop_token_ids=sorted(end_tokens),
        )  # fmt: skip
        self._compiler = self._xgrammar.GrammarCompiler(
            info, max_threads=min(4, os.cpu_count() or 1), cache_limit_bytes=_CACHE_BYTES
        )

    def start(self, untrusted_schema: str) -> Grammar:
        """For one answer. Raises SchemaUnusable."""
        require_schema(untrusted_schema)
        try:
            compiled = self._compiler.compile_json_schema(
                untrusted_schema, max_whitespace_cnt=_MOST_BLANKS
            )
            matcher = self._xgrammar.GrammarMatcher(compiled)
        except (RuntimeError, ValueError, TypeError) as error:
            raise SchemaUnusable("No grammar can be made of the schema.") from error
        return Grammar(matcher, self._rows)


class Grammar:
    """Follows one answer."""

    def __init__(self, matcher: _Matcher, rows: int) -> None:
        self._matcher = matcher
        self._mask = np.zeros((1, -(-rows // 32)), np.int32)
        self._rows = rows

    def mask(self, logits: Logits) -> Logits:
        """The logits with -inf wherever a token may not come next; a copy."""
        self._matcher.fill_next_token_bitmask(self._mask)
        bits = np.unpackbits(self._mask.view(np.uint8)[0], bitorder="little")
        return np.where(bits[: len(logits)].astype(bool), logits, np.float32(-np.inf))

    def accept(self, token: int) -> None:
        """The token was chosen."""
        if not self._matcher.accept_token(token):
            raise LogitsInvalid("The answer left its schema.")
