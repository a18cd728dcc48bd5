"""The answerer of the main path: the encoder's host quotes, a chat model's host writes.

Rules kept here: without a chat model everything but writing works; what a model writes is drafted
here and believed nowhere before citations.check has seen it. A composer is given the sentences that
would be quoted, any other model the passages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from appliance.engine.chat.errors import PromptRejected
from appliance.engine.decoding.request import (
    Ending,
    Evidence,
    Finished,
    Message,
    Piece,
    Sampling,
)
from appliance.engine.prompts import composed
from appliance.engine.prompts.citing import Draft, at_marks
from appliance.engine.prompts.filling import FORM_TOKENS, filling
from appliance.engine.prompts.grounded import PromptTooLong, grounded
from appliance.errors import CannotWrite, EngineFailed
from appliance.values import Answer, Scored, Turn, Vectors


class Reader(Protocol):
    """What encodes, ranks and quotes: the encoder's host."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...

    def rank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]: ...

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer: ...


class Writer(Protocol):
    """What writes: a chat model's host. All may raise EngineFailed."""

    @property
    def model(self) -> str:
        """Name and version, for people and for the log."""

    @property
    def problem(self) -> EngineFailed | None:
        """Why it cannot be started and is not tried again for now; None where it may be asked."""

    def wait(self, go_on: Callable[[], None]) -> None:
        """Until it can be asked. What `go_on`, called several times a second, raises comes out."""

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may take together."""

    def count(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text."""

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, go_on: Callable[[], None]
    ) -> Iterator[Piece | Finished]:
        """Finished comes last. What `go_on` raises cancels the request and comes out."""


def _nobody_counts(_tokens: int, _seconds: float) -> None:
    """Where nobody measures."""


class WriterMissing(CannotWrite):
    code = "no_language_model"
    hint = "Your IT department can add one with `cloister model install`."


class Answering:
    """Safe to call from several threads, as its two hosts are."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer | None,
        *,
        composes: bool = False,
        on_written: Callable[[int, float], None] = _nobody_counts,
    ) -> None:
        """composes: whether the writer is a composer (engine/prompts/composed.py). on_written: told
        of each text that was written to its end how many tokens it has, and in how many seconds."""
        self._reader = reader
        self._writer = writer
        self._composes = composes
        self._on_written = on_written

    @property
    def can_generate(self) -> bool:
        return self._writer is not None and self._writer.problem is None

    @property
    def rewords(self) -> bool:
        return self._composes

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._reader.encode(texts)

    def rank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        return self._reader.rank(question, found)

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
        return self._reader.quote(question, passages)

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        """As protocols.Answerer says. The likeliest token is taken each time: the same question
        over the same passages is answered the same way."""
        writer = self._writer
        if writer is None:
            raise WriterMissing("No language model is installed.")
        try:
            writer.wait(go_on)
        except EngineFailed as error:
            raise CannotWrite(error.sentence, hint=error.next_step) from error
        if self._composes:
            asked = self._composing(writer, question, passages, go_on)
        else:
            asked = _grounding(writer, question, passages, earlier)
        go_on()
        draft, begun, tokens = asked.draft, False, 0
        evidence = asked.evidence if bound else None
        sampling = Sampling(max_tokens=asked.answer_tokens, evidence=evidence)
        started = time.monotonic()
        try:
            for reply in writer.generate(asked.messages, sampling, go_on):
                if isinstance(reply, Finished):
                    tokens = reply.new_tokens
                    self._on_written(tokens, time.monotonic() - started)
                else:
                    text = reply.text if begun else reply.text.lstrip()
                    begun = begun or bool(text)
                    yield from draft.add(text)
        except PromptRejected as error:  # before the first piece
            raise CannotWrite(error.sentence, hint=error.next_step) from error
        for step in draft.finish():
            yield step if isinstance(step, str) else replace(step, tokens=tokens)

    def fill(
        self, question: str, answer: Answer, schema: str, go_on: Callable[[], None]
    ) -> tuple[str, int]:
        """As protocols.Answerer says. The sentences bind the numbers and names that can be
        written, whatever the policy binds the answer to."""
        writer = self._writer
        if writer is None:
            raise WriterMissing("There is no language model here that could fill a form.")
        if self._composes:
            raise CannotWrite("The composer that ships with the program cannot fill a form.")
        try:
            writer.wait(go_on)
        except EngineFailed as error:
            raise CannotWrite(error.sentence, hint=error.next_step) from error
        form = filling(question, answer.sentences)
        sampling = Sampling(max_tokens=FORM_TOKENS, schema=schema, evidence=Evidence(form.evidence))
        written, tokens = "", 0
        for reply in writer.generate(form.messages, sampling, go_on):
            if isinstance(reply, Piece):
                written += reply.text
            elif reply.ending is not Ending.STOP:
                raise CannotWrite("The form was not filled to its end.")
            else:
                tokens = reply.new_tokens
        return written, tokens

    def _composing(
        self, writer: Writer, question: str, found: Sequence[Scored], go_on: Callable[[], None]
    ) -> _Asked:
        """Raises CannotWrite where nothing is quoted that could be composed."""
        lines = composed.evidence_lines(self._reader.quote(question, found))
        go_on()
        if not lines:
            raise CannotWrite("No whole sentence was found that answers.")
        prompt = composed.composed(question, lines)
        draft = Draft(prompt.passages, writer.model, at_marks)
        evidence = Evidence(prompt.evidence, len(prompt.passages))
        return _Asked(prompt.messages, draft, composed.ANSWER_TOKENS, evidence)


@dataclass(frozen=True, slots=True)
class _Asked:
    messages: tuple[Message, ...]
    draft: Draft
    answer_tokens: int
    evidence: Evidence


def _grounding(
    writer: Writer, question: str, passages: Sequence[Scored], earlier: Sequence[Turn]
) -> _Asked:
    """Raises CannotWrite."""
    try:
        prompt = grounded(question, passages, earlier, context=writer.context, count=writer.count)
    except PromptTooLong as error:
        raise CannotWrite(error.sentence, hint=error.next_step) from error
    draft = Draft(prompt.passages, writer.model)
    evidence = Evidence(prompt.evidence, len(prompt.passages))
    return _Asked(prompt.messages, draft, prompt.answer_tokens, evidence)
