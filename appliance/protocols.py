"""What the main path needs of the parts, as Protocols.

Parts never import each other. `assistant.py` and `intake.py` see them only through these, `app.py`
hands in the real ones, and the contract tests run the same suite on the real part and on the small
honest fakes. Every part is safe to call from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from appliance.values import (
    Answer,
    Outcome,
    PageView,
    ParsedDocument,
    PassageDraft,
    Question,
    Scored,
    Turn,
    Vectors,
    Verdict,
)


class Policy(Protocol):
    def decide(self, question: Question) -> Verdict:
        """Default deny; an error in a policy is a deny. Never raises on a policy's account."""


class Audit(Protocol):
    def open_ask(self, question: Question, verdict: Verdict) -> int:
        """Returns the sequence number of the opening record once it is durable.

        Raises LogUnwritable; then nothing may be shown."""

    def close_ask(
        self, question: Question, outcome: Outcome, answer: Answer | None, code: str = ""
    ) -> int:
        """Writes the one closing record, durable on return. A second one raises."""


@dataclass(frozen=True, slots=True)
class Unseated:
    """Why nothing new is answered on this installation: a code for the log, and words."""

    code: str
    sentence: str
    hint: str


class Seat(Protocol):
    def refusal(self) -> Unseated | None:
        """Why nothing new may be answered now; None where it may. Never raises."""


class Finder(Protocol):
    def find(
        self, question: str, vector: Vectors, collections: Sequence[str], limit: int
    ) -> tuple[Scored, ...]:
        """The best passages over the named collections (all that are open if none is named).

        vector has shape (1, VECTOR_SIZE)."""


class Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), VECTOR_SIZE). Raises EngineFailed."""


class Answerer(Encoder, Protocol):
    def rank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        """The same passages, the one that bears most on the question first, those that were read
        with their reading. Raises EngineFailed."""

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
        """The sentences of ranked passages that answer, or an Answer without sentences. Raises
        EngineFailed."""

    @property
    def can_generate(self) -> bool:
        """Whether there is a language model that writes answers, as far as is known."""

    @property
    def rewords(self) -> bool:
        """Whether what it writes says, in other sentences, what it would quote, and nothing
        else."""

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        """Writes an answer from the passages, knowing the conversation's earlier turns.

        Yields text as it comes, without marks of citations, and each time a sentence has ended the
        answer so far, to which later ones only add; the last thing yielded is the whole answer.
        Nothing is checked, but bound to the evidence no number with its unit, no date, code or
        name is written that neither a passage nor the question has. `go_on` is called at every
        token; what it raises ends the writing there and comes out. Raises CannotWrite before
        anything is yielded where the model cannot be started or asked this, EngineFailed also
        half way."""

    def fill(
        self, question: str, answer: Answer, schema: str, go_on: Callable[[], None]
    ) -> tuple[str, int]:
        """The answer as JSON that follows the JSON schema, out of its sentences alone, and how many
        tokens a language model wrote for that. `go_on` as above. Raises CannotWrite where no
        language model can do that, EngineFailed."""


class History(Protocol):
    def save(self, conversation: str, turn: Turn) -> None:
        """Durable on return."""

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        """This person's turns of it so far, in order; none for a new or unusable one."""


class Reader(Protocol):
    def parse(self, untrusted: bytes, name: str, go_on: Callable[[], None]) -> ParsedDocument:
        """Parses in a sandboxed child. Raises documents.errors.DocumentError subclasses.

        `go_on` is called several times a second; what it raises ends the child and comes out."""

    def chunk(
        self, document: ParsedDocument, go_on: Callable[[], None]
    ) -> tuple[PassageDraft, ...]:
        """Raises DocumentError for too many passages, and what `go_on` raises."""

    def render(
        self,
        untrusted: bytes,
        document_title: str,
        page: int,
        ranges: Sequence[tuple[int, int]],
        scale: float,
    ) -> PageView:
        """The page with boxes round the character ranges [start, end) of its text."""


class Clock(Protocol):
    def __call__(self) -> datetime: ...
