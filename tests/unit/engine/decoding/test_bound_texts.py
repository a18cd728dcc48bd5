"""Real sentences: what can come of them under any logits, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import pytest

from appliance.engine.decoding.bound.automaton import unsupported_items
from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.detokenizing import vocabulary_of
from appliance.engine.decoding.model import Append, Logits
from appliance.engine.decoding.request import Evidence, Finished, Sampling
from tests.engine_model import HashModel
from tests.unit.engine.decoding.asking import run
from tests.unit.engine.decoding.bound_checker import strangers
from tests.unit.engine.decoding.bound_texts import TEXTS, Text
from tests.unit.engine.decoding.bound_vocabularies import end_of, tokenizer_of

KINDS = ("bytes", "glued")
PROMPT = 3
by_evidence = pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text.evidence))
numbers = count()


@by_evidence
def test_what_is_not_there_cannot_be_said_and_what_is_can(text: Text) -> None:
    evidence = Evidence((text.evidence,))
    for said in text.impossible:
        assert unsupported_items(f"It says {said}.", evidence), said
    for said in text.possible:
        assert unsupported_items(f"It says {said}.", evidence) == (), said


class Insisting(HashModel):
    """Wants to write one text, and whatever came instead, goes on to it from there."""

    def __init__(self, kind: str) -> None:
        self.pieces = vocabulary_of(tokenizer_of(kind)).pieces
        super().__init__(vocabulary=len(self.pieces), context=200, pages=200)
        self.wanted = b""
        self.end = end_of(kind)

    def forward(self, batch: Sequence[Append]) -> Logits:
        super().forward(batch)
        return np.stack([self._wishes(append.sequence) for append in batch])

    def _wishes(self, sequence: int) -> Logits:
        said = b"".join(self.pieces[token] for token in self.tokens(sequence)[1:])
        done = next(n for n in range(len(self.wanted), -1, -1) if said.endswith(self.wanted[:n]))
        rest = self.wanted[done:]
        wishes = np.zeros(self.vocabulary, np.float32)
        for token, piece in enumerate(self.pieces):
            if piece and rest.startswith(piece):
                wishes[token] = 50 + len(piece)
            elif rest and piece.startswith(rest):
                wishes[token] = 10
            elif not rest and token == self.end:
                wishes[token] = 100
        return wishes


DECODERS: dict[str, tuple[Decoder, Insisting]] = {}


def insisted(kind: str, wanted: str, evidence: Evidence) -> str:
    """What is shown of a model that will have its text, in up to 40 tokens."""
    if kind not in DECODERS:
        model = Insisting(kind)
        ends = frozenset({model.end})
        DECODERS[kind] = Decoder(model, tokenizer_of(kind), end_tokens=ends), model
    decoder, model = DECODERS[kind]
    model.wanted = wanted.encode()
    number = next(numbers)
    decoder.submit(number, [PROMPT], Sampling(max_tokens=60, evidence=evidence))
    said = run(decoder)[number]
    assert isinstance(said.last, Finished), said
    return said.text


@pytest.mark.parametrize("kind", KINDS)
@by_evidence
def test_a_model_that_insists_on_it_does_not_get_it(kind: str, text: Text) -> None:
    evidence = Evidence((text.evidence,))
    for wanted in text.impossible:
        said = insisted(kind, f"It says {wanted}.", evidence)
        assert unsupported_items(said, evidence) == (), wanted
        assert strangers(said, evidence.texts, 0) == [], wanted
        assert said != f"It says {wanted}."
    for wanted in text.possible:
        assert insisted(kind, f"It says {wanted}.", evidence) == f"It says {wanted}."
