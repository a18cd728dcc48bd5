"""One answer: from rows of logits to text.

Rules kept here: choose, look for the end, put into words, look for a stop string, hold back what is
not whole, in this order.
The answer's state is its own: it does not know sequences or caches, so an answer whose cache was
taken away goes on where it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.engine.decoding.bound.masking import Bounds
from appliance.engine.decoding.detokenizing import Detokenizer, Vocabulary
from appliance.engine.decoding.errors import EvidenceLacking
from appliance.engine.decoding.grammar import Grammar
from appliance.engine.decoding.model import Logits
from appliance.engine.decoding.request import Ending, Sampling
from appliance.engine.decoding.sampling import choose, penalise
from appliance.engine.decoding.stops import Stops


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row of logits led to. token: to be appended to the sequence if the answer goes on
    (None: an end token, which is not part of the answer)."""

    token: int | None
    text: str
    ending: Ending | None


class Answer:
    """`grammar`: what the answer must follow, or None. `bounds`: what it is bound to, or None; an
    item that could not be finished is not shown."""

    def __init__(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        vocabulary: Vocabulary,
        end_tokens: frozenset[int],
        grammar: Grammar | None = None,
        *,
        bounds: Bounds | None = None,
    ) -> None:
        self.sampling = sampling
        self.count = 0
        self._end_tokens = end_tokens
        self._known = max(len(vocabulary.pieces), *(token + 1 for token in end_tokens), 0)
        self._seen = np.zeros(max(self._known, max(prompt) + 1), np.bool_)
        self._seen[list(prompt)] = True
        self._detokenizer = Detokenizer(vocabulary)
        self._stops = Stops(sampling.stops)
        self._grammar = grammar
        self._bounds = bounds
        self._whole = bounds.holder() if bounds is not None else None

    @property
    def left(self) -> int:
        """Tokens that may still come."""
        return self.sampling.max_tokens - self.count

    def take(self, logits: Logits) -> Taken:
        """Chooses the next token. Raises LogitsInvalid, EvidenceLacking."""
        candidates = self._candidates(logits)
        if candidates is None:
            return Taken(None, self.cut_short(), Ending.STOP)
        token = choose(candidates, self.sampling, index=self.count)
        if self._grammar is not None:
            # A grammar knows characters by their length alone; those that UTF-8 forbids would be
            # shown as others, more of them than the schema may allow.
            while self._detokenizer.spoils(token):
                candidates[token] = -np.inf
                token = choose(candidates, self.sampling, index=self.count)
            self._grammar.accept(token)
        if token in self._end_tokens:
            return Taken(None, self.cut_short(), Ending.STOP)
        if self._bounds is not None:
            self._bounds.accept(token)
        self.count += 1
        self._seen[token] = True
        text = self._stops.push(self._detokenizer.push(token))
        if self._stops.found:
            return Taken(token, self._shown(text), Ending.STOP)
        if not self.left:
            return Taken(token, self._shown(text + self._stops.flush()), Ending.LENGTH)
        return Taken(token, self._shown(text), None)

    def cut_short(self) -> str:
        """No token can follow: the text that was held back."""
        return self._shown(self._stops.flush())

    def _shown(self, text: str) -> str:
        """What may be shown of it now."""
        return text if self._whole is None else self._whole.push(text)

    def _candidates(self, logits: Logits) -> Logits | None:
        """What may be chosen; a copy where something is masked. None: the answer is whole and
        nothing can follow. Rows beyond the tokenizer's tokens are padding."""
        known = logits[: self._known]
        if self._grammar is not None:
            known = self._grammar.mask(known)
        if self._bounds is not None:
            mask = self._bounds.mask()[: len(known)]
            if self._grammar is not None:
                mask &= np.isfinite(known)
                if not mask.any():
                    raise EvidenceLacking("The evidence does not hold what the schema asks for.")
            elif not mask.any():
                return None
            known = np.where(mask, known, np.float32(-np.inf))
        if self.sampling.repetition_penalty == 1.0:
            return known
        seen = np.flatnonzero(self._seen[: len(known)])
        return penalise(known, seen, self.sampling.repetition_penalty)
