"""Trying a model out, an installed one or that which ships: a conversation without documents, and
how fast it is.

Rules kept here: only who manages models may; each turn has an opening record that is durable before
anything is shown and one closing record, also when the caller walks away; the closing record holds
what was shown. The model runs in the same guarded host as for answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from appliance.assistant import QUESTION_LIMIT
from appliance.desk import Desk, NotAllowed
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.measuring import Measured, measure
from appliance.engine.decoding.request import Finished, Message, Sampling
from appliance.errors import CloisterError, EngineFailed, QuestionUnusable
from appliance.language_model import MODELS, host_of, named
from appliance.policy import Action
from appliance.values import Outcome

ANSWER_TOKENS = 1024
TEMPERATURE = 0.7


@dataclass(frozen=True, slots=True)
class TrialOpened:
    """The turn's opening record is durable. record: its number in the log."""

    record: int


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """The turn is closed in the log. record: of its closing; tokens: of the answer."""

    record: int
    outcome: Outcome
    tokens: int


class Stopped(Exception):
    """The person asked to stop. Not an error."""


class Trial:
    """A conversation with one model. Used from one thread."""

    def __init__(self, desk: Desk, host: ChatHost, model: str) -> None:
        self._desk = desk
        self._host = host
        self.model = model
        self._said: list[Message] = []

    @property
    def note(self) -> str:
        """What the person should know about how the model runs."""
        return self._host.note

    def say(
        self, text: str, cancelled: Callable[[], bool]
    ) -> Iterator[TrialOpened | str | TrialEnded]:
        """One turn: opened, the answer in pieces, ended. Raises NotAllowed, QuestionUnusable,
        LogUnwritable, and EngineFailed after the closing record."""
        if not text.strip() or len(text) > QUESTION_LIMIT:
            raise QuestionUnusable(
                f"A message has 1 to {QUESTION_LIMIT:,} characters.", hint="Type it anew."
            )
        verdict = self._desk.require(Action.MANAGE_MODELS)
        self._require_seat()
        trial, ledger = uuid4().hex, self._desk.ledger
        opened = ledger.open_trial(trial, self.model, text, verdict)
        shown: list[str] = []
        outcome, code, tokens = Outcome.CANCELLED, "", 0  # what it is if the caller walks away
        try:
            yield TrialOpened(opened)
            for step in self._answer(text, cancelled):
                if isinstance(step, Finished):
                    tokens = step.new_tokens
                else:
                    shown.append(step)
                    yield step
            outcome = Outcome.ANSWERED
        except Stopped:
            pass
        except CloisterError as error:
            outcome, code = Outcome.FAILED, error.code
            raise
        except Exception as error:
            outcome, code = Outcome.FAILED, f"internal:{type(error).__name__}"
            raise
        finally:
            answer = "".join(shown)
            closed = ledger.close_trial(trial, self.model, outcome, answer, code)
        self._said += [Message("user", text), Message("assistant", answer)]
        yield TrialEnded(closed, outcome, tokens)

    def _require_seat(self) -> None:
        """Where nothing new is answered, no model writes either. Raises NotAllowed, logged."""
        unseated = self._desk.seat.refusal()
        if unseated is not None:
            self._desk.ledger.note("action.denied", outcome="refused", code=unseated.code)
            raise NotAllowed(unseated.sentence, hint=unseated.hint)

    def _answer(self, text: str, cancelled: Callable[[], bool]) -> Iterator[str | Finished]:
        def go_on() -> None:
            if cancelled():
                raise Stopped

        self._host.wait(go_on)
        room = min(ANSWER_TOKENS, self._host.context // 2)
        messages = [*self._fitting(text, self._host.context - room), Message("user", text)]
        sampling = Sampling(temperature=TEMPERATURE, top_p=0.95, max_tokens=room)
        for reply in self._host.generate(messages, sampling, go_on):
            yield reply if isinstance(reply, Finished) else reply.text

    def _fitting(self, text: str, room: int) -> list[Message]:
        """The newest turns that leave room for the text; twice as much is left free as was
        counted, since a template writes around each message."""
        texts = [message.text for message in self._said]
        counts = self._host.count([text, *texts])
        free = room // 2 - counts[0]
        kept: list[Message] = []
        for at in range(len(texts) - 2, -1, -2):
            free -= counts[at + 1] + counts[at + 2]
            if free < 0:
                break
            kept = [*self._said[at : at + 2], *kept]
        return kept


@contextmanager
def trial(desk: Desk, wanted: str) -> Iterator[Trial]:
    """A conversation with the model of this name. Raises NotAllowed, ModelMissing."""
    desk.require(Action.MANAGE_MODELS)
    folder = named(desk.place.data / MODELS, wanted)
    writer = desk.writer
    if writer is not None and writer.model == folder.name and _runs(writer):
        yield Trial(desk, writer, folder.name)
        return
    if writer is not None:
        writer.rest()  # two models at once may be more than the machine holds
    host = host_of(folder, desk.ledger.log, desk.settings)
    try:
        yield Trial(desk, host, folder.name)
    finally:
        host.close()


def _runs(host: ChatHost) -> bool:
    """Whether the desk's own host serves; one unfit for answers may be tried all the same."""
    try:
        host.wait(lambda: None)
    except EngineFailed:
        return False
    return True


def measured(desk: Desk, wanted: str, threads: int, go_on: Callable[[], None]) -> Measured:
    """How fast the model of this name is, on so many threads, in a host of its own.
    Nothing of what it writes is kept or shown. Raises NotAllowed, ModelMissing, EngineFailed."""
    desk.require(Action.MANAGE_MODELS)
    folder = named(desk.place.data / MODELS, wanted)
    if desk.writer is not None:
        desk.writer.rest()
    desk.ledger.note("model.measured", object=folder.name, details=(("threads", threads),))
    host = host_of(folder, desk.ledger.log, desk.settings, threads=threads)
    try:
        return measure(host, threads, go_on)
    finally:
        host.close()
