"""Many requests, one model: every step is one forward pass.

Rules kept here: used from one thread; between two steps nothing goes on, so a cancelled request is
over before another token of it is used. What an answer says depends on its own request alone, not
on what runs beside it (to the model's rounding). Every request ends with exactly one Finished or
Rejected. If a pass fails, the requests in it are rejected and the others go on. The way through:
schedule, run, take.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from tokenizers import Tokenizer

from appliance.engine.decoding.answering import Answer
from appliance.engine.decoding.bound.masking import Bounds, Pieces
from appliance.engine.decoding.bound.structured import words_of
from appliance.engine.decoding.detokenizing import vocabulary_of
from appliance.engine.decoding.errors import (
    MemoryUsedUp,
    PromptTooLong,
    RequestUnusable,
    SchemaUnusable,
)
from appliance.engine.decoding.grammar import Grammar, Grammars
from appliance.engine.decoding.model import Append, CacheFull, Logits, Model
from appliance.engine.decoding.prefixes import Prefixes
from appliance.engine.decoding.request import (
    Ending,
    Finished,
    Piece,
    Rejected,
    Reply,
    Sampling,
)
from appliance.engine.decoding.sampling import require_usable
from appliance.engine.decoding.scheduler import Asked, Pace, Scheduler, Share
from appliance.errors import CloisterError, EngineFailed


class Decoder:
    """`end_tokens` end an answer (the bundle's configuration names them)."""

    def __init__(
        self,
        model: Model,
        untrusted_tokenizer: Tokenizer,
        *,
        end_tokens: frozenset[int],
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        """Raises TokenizerUnsupported; EngineFailed for an end token the model does not have."""
        if not all(0 <= token < model.vocabulary for token in end_tokens):
            raise EngineFailed("The bundle names an end token that the model does not have.")
        self._model = model
        self._vocabulary = vocabulary_of(untrusted_tokenizer)
        self._end_tokens = end_tokens
        self._pace = pace
        self._capacity = min(model.context, model.free_tokens())
        self._prefixes = Prefixes(model, most=pace.donors)
        self._scheduler = Scheduler(model, self._prefixes, pace)
        self._asked: dict[int, Asked] = {}
        self._replies: list[Reply] = []
        self._places = 0
        self._grammars: Grammars | None = None
        self._pieces: dict[bool, Pieces] = {}

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do or to say."""
        return bool(self._asked or self._replies)

    def prepare(self) -> None:
        """What answers bound to evidence need once, so that none of them waits for it."""
        with suppress(RequestUnusable):  # who asks for such an answer is told
            self._pieces_for(structured=False).prepare()

    def submit(self, request_id: int, prompt: Sequence[int], sampling: Sampling) -> None:
        """Its replies come with the next steps, a Rejected too. Raises ValueError for an id that is
        under way."""
        if request_id in self._asked:
            raise ValueError(f"Request {request_id} is under way.")
        try:
            require_usable(sampling)
            self._require_prompt(prompt)
            grammar = self._grammar(sampling.schema)
            bounds = self._bounds(sampling)
        except CloisterError as error:
            self._reject(request_id, error)
            return
        answer = Answer(
            prompt, sampling, self._vocabulary, self._end_tokens, grammar, bounds=bounds
        )
        self._places += 1
        asked = Asked(request_id, answer, list(prompt), len(prompt), self._places)
        self._asked[request_id] = asked
        self._scheduler.add(asked)

    def cancel(self, request_id: int) -> None:
        """Ends it at once. Nothing happens if it is over already."""
        asked = self._asked.get(request_id)
        if asked:
            self._finish(asked, Ending.CANCELLED)

    def pin(self, tokens: Sequence[int]) -> int:
        """Computes these tokens now and keeps them for every prompt that begins with them, until
        `unpin` of the number returned. Nothing else goes on meanwhile. Raises CacheFull,
        PromptTooLong, RequestUnusable."""
        pinned = self._prefixes.pinned(tokens)
        if pinned is not None:
            return pinned
        self._require_prompt(tokens)
        sequence, done = self._prefixes.open(tokens)
        try:
            while done < len(tokens):
                part = tokens[done : done + self._pace.chunk]
                self._prefixes.making_room(partial(self._model.forward, [Append(sequence, part)]))
                done += len(part)
        except BaseException:
            self._model.remove(sequence)
            raise
        self._prefixes.pin(sequence, tokens)
        return sequence

    def unpin(self, sequence: int) -> None:
        """Keeps it only as long as there is room."""
        self._prefixes.unpin(sequence)

    def export_prefix(self, tokens: Sequence[int]) -> bytes | None:
        """The cache of these tokens, for `adopt_prefix` some other day. None: not all of them are
        pinned or kept."""
        known = self._prefixes.longest(tokens)
        if known is None or known.length < len(tokens):
            return None
        return self._model.export(known.sequence, known.length)

    def adopt_prefix(self, tokens: Sequence[int], untrusted_cache: bytes) -> int:
        """Pins what was exported for these tokens. The cache does not say which tokens it is of:
        whoever stores it seals both together. Raises EngineFailed, CacheFull."""
        pinned = self._prefixes.pinned(tokens)
        if pinned is not None:
            return pinned
        self._require_prompt(tokens)
        sequence = self._prefixes.making_room(lambda: self._model.adopt(untrusted_cache))
        if self._model.length(sequence) != len(tokens):
            self._model.remove(sequence)
            raise EngineFailed("What was kept of the cache belongs to another prompt.")
        self._prefixes.pin(sequence, tokens)
        return sequence

    def step(self) -> list[Reply]:
        """One forward pass at most; what there is to say since the last step."""
        if self._asked:
            self._pass()
        replies, self._replies = self._replies, []
        return replies

    def _pass(self) -> None:
        stuck = self._scheduler.admit()
        if stuck is not None:
            self._give_up(stuck)
            return
        while True:
            shares = self._scheduler.schedule()
            try:
                logits = self._run(shares)
            except CacheFull:
                if self._scheduler.make_room():
                    continue
                self._give_up(shares[0].asked)
            except Exception as error:  # noqa: BLE001 - it ends the requests of this pass only
                for share in shares:
                    self._drop(share.asked, error)
            else:
                for row, share in zip(logits, shares, strict=True):
                    if share.last:
                        self._take(share.asked, row)
            return

    def _run(self, shares: Sequence[Share]) -> Logits:
        logits = self._model.forward([share.append for share in shares])
        if logits.shape != (len(shares), self._model.vocabulary):
            raise EngineFailed("The model's output has another shape than was asked for.")
        return logits

    def _take(self, asked: Asked, row: Logits) -> None:
        try:
            taken = asked.answer.take(row)
        except CloisterError as error:
            self._drop(asked, error)
            return
        self._say(asked, taken.text)
        if taken.token is not None:
            asked.tokens.append(taken.token)
        if taken.ending is not None:
            self._finish(asked, taken.ending)
        elif len(asked.tokens) > self._model.context:
            self._cut_short(asked)

    def _give_up(self, asked: Asked) -> None:
        """It has the cache for itself, and still there is no room."""
        if asked.answer.count:
            self._cut_short(asked)
        else:
            sentence = "The question with all it refers to does not fit in the model's memory."
            self._drop(asked, CacheFull(sentence))

    def _cut_short(self, asked: Asked) -> None:
        self._say(asked, asked.answer.cut_short())
        self._finish(asked, Ending.LENGTH)

    def _say(self, asked: Asked, text: str) -> None:
        if text:
            self._replies.append(Piece(asked.id, text))

    def _finish(self, asked: Asked, ending: Ending) -> None:
        del self._asked[asked.id]
        self._scheduler.remove(asked, keep=True)
        self._replies.append(
            Finished(asked.id, ending, asked.prompt, asked.cached or 0, asked.answer.count)
        )

    def _drop(self, asked: Asked, error: Exception) -> None:
        """Its part of the cache may be damaged; nobody is to reuse it."""
        del self._asked[asked.id]
        self._scheduler.remove(asked, keep=False)
        self._reject(asked.id, error)

    def _reject(self, request_id: int, error: Exception) -> None:
        if isinstance(error, MemoryError):
            error = MemoryUsedUp("The model has run out of memory.")
        if not isinstance(error, CloisterError):
            name = type(error).__name__
            error = EngineFailed(f"The model could not compute the answer ({name}).")
        self._replies.append(Rejected(request_id, error.code, error.sentence, error.next_step))

    def _require_prompt(self, prompt: Sequence[int]) -> None:
        if not prompt:
            raise RequestUnusable("The prompt is empty.")
        if len(prompt) > self._capacity:
            raise PromptTooLong(
                f"The question with all it refers to has {len(prompt)} tokens; the model can take"
                f" {self._capacity}."
            )
        if min(prompt) < 0 or max(prompt) >= self._model.vocabulary:
            raise RequestUnusable("The prompt has tokens that the model does not have.")

    def _grammar(self, schema: str) -> Grammar | None:
        if not schema:
            return None
        if not self._end_tokens:
            raise SchemaUnusable("The bundle names no end token, so no answer can be complete.")
        if self._grammars is None:
            self._grammars = Grammars(self._vocabulary, self._model.vocabulary, self._end_tokens)
        return self._grammars.start(schema)

    def _bounds(self, sampling: Sampling) -> Bounds | None:
        if sampling.evidence is None:
            return None
        evidence = sampling.evidence
        if sampling.schema:
            evidence = replace(evidence, texts=(*evidence.texts, *words_of(sampling.schema)))
        return Bounds(self._pieces_for(structured=bool(sampling.schema)), evidence)

    def _pieces_for(self, *, structured: bool) -> Pieces:
        if structured not in self._pieces:
            self._pieces[structured] = Pieces(
                self._vocabulary, self._model.vocabulary, self._end_tokens, structured=structured
            )
        return self._pieces[structured]
