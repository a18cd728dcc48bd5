"""The host's side of reading: a question and passages in, readings out.

Rules kept here: everything is loaded before the sandbox goes on. What a text says is never taken
for one of the tokenizer's own marks: `[SEP]` written in a document is three word pieces. A value
that is not finite is never sent.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from appliance.engine.encoder.bundle import Bundle
from appliance.engine.errors import BundleDamaged
from appliance.engine.processor import processor_features
from appliance.engine.reading.frames import ReadRequest
from appliance.engine.reading.layers import Layers
from appliance.engine.reading.layout import MAX_TOKENS
from appliance.engine.reading.levels import library_of
from appliance.engine.reading.model import Outcome, read_rows
from appliance.engine.reading.rows import Pieces, Row, row_of, sentences_of
from appliance.engine.reading.spans import (
    UNREAD,
    Floats,
    best_span,
    characters_of,
    evidence_of,
)
from appliance.engine.reading.weights import open_weights
from appliance.errors import EngineFailed
from appliance.values import Reading, ToRead


class PieceReader:
    """The encoder's tokenizer as the reader uses it. One thread."""

    def __init__(self, tokenizer: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(os.fspath(tokenizer))
        except Exception as error:  # the library raises bare Exception
            raise BundleDamaged("The encoder's tokenizer cannot be read.") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.encode_special_tokens = True

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """The first MAX_TOKENS word pieces of each text."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            Pieces(
                np.array(one.ids, np.int32),
                *np.array(one.offsets, np.int32).reshape(-1, 2).T,
            )
            for one in found
        ]

    def rows(self, question: str, passages: Sequence[ToRead]) -> list[Row]:
        """What the reader reads of each passage."""
        texts = [passage.text for passage in passages]
        asked, *rest = self.pieces([question, *(p.place for p in passages), *texts])
        places, found = rest[: len(passages)], rest[len(passages) :]
        return [
            row_of(asked.ids.tolist(), place.ids.tolist(), text)
            for place, text in zip(places, found, strict=True)
        ]


class TextReader:
    """Tokenizer, model and weights together. One thread."""

    def __init__(self, bundle: Bundle, weights: Path, words: Floats) -> None:
        """`words`: the encoder's word embeddings. Raises BundleMissing, BundleDamaged or
        MachineUnsupported."""
        parameters = open_weights(weights)
        library = library_of(bundle, processor_features())
        self._pieces = PieceReader(bundle.tokenizer)
        self._layers = Layers(library, bundle.runtime, words, parameters)

    def rows(self, question: str, passages: Sequence[ToRead]) -> list[Row]:
        return self._pieces.rows(question, passages)

    def read(self, request: ReadRequest) -> tuple[Reading, ...]:
        """One Reading a passage. Raises EngineFailed where a number is not finite."""
        rows = self.rows(request.question, request.passages)
        priors = [passage.prior for passage in request.passages]
        outcomes = read_rows(self._layers, rows, priors, request.keep)
        together = zip(rows, request.passages, outcomes, strict=True)
        return tuple(reading_of(row, passage, outcome) for row, passage, outcome in together)


def reading_of(row: Row, passage: ToRead, outcome: Outcome) -> Reading:
    """What a passage came to, from its row's values. Raises EngineFailed."""
    if outcome.relevance is None or outcome.tokens is None:
        _require_finite(outcome.exit)
        return Reading(outcome.exit, False, outcome.exit, 0.0, (), (0, 0), 0.0)
    _require_finite(outcome.exit, outcome.relevance, float(outcome.tokens.sum()))
    sentence = sentences_of(row, passage.sentences)
    text = outcome.tokens[row.text : row.text + len(row.begins)]
    best = best_span(text[:, 0], text[:, 1], sentence)
    span, score = (0, 0), 2 * UNREAD
    if best is not None:
        span = characters_of(row.begins, row.ends, sentence, passage.sentences, best[:2])
        score = best[2]
    return Reading(
        exit=outcome.exit,
        whole=True,
        relevance=outcome.relevance,
        null=float(outcome.tokens[0, 0] + outcome.tokens[0, 1]),
        sentences=evidence_of(text[:, 2], sentence, len(passage.sentences)),
        span=span,
        span_score=score,
    )


def _require_finite(*numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        raise EngineFailed("The reader has come to a number that is not finite.")
