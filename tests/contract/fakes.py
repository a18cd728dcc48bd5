"""Small honest implementations of the protocols: each keeps the promises of the real part, in
memory. The contract suite runs on them and on the real parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from appliance.audit.errors import AlreadyClosed, AskAlreadyOpen, AskUnknown
from appliance.engine.answering import WriterMissing
from appliance.engine.decoding.request import Ending, Finished, Message, Piece, Sampling
from appliance.engine.prompts.citing import Draft
from appliance.errors import CannotWrite, CloisterError, EngineFailed, LogUnwritable
from appliance.memory.errors import CollectionNotOpen, DocumentUnusable
from appliance.protocols import Unseated
from appliance.values import (
    VECTOR_SIZE,
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    Obligations,
    Outcome,
    PageSpan,
    Passage,
    Person,
    Question,
    Role,
    Scored,
    Turn,
    Vectors,
    Verdict,
)

ANNA = Person("p-anna", "Anna", (Role.MEMBER, Role.CURATOR))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class TickingClock:
    """Every look costs a millisecond."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


class AnySeat:
    """Answers whatever is asked."""

    def refusal(self) -> Unseated | None:
        return None


@dataclass
class RolePolicy:
    """Allows members; refuses every question with a forbidden word."""

    forbidden: str = "delete the log"
    obligations: Obligations = field(default_factory=Obligations)

    def decide(self, question: Question) -> Verdict:
        said = " ".join((question.text, *question.before)).casefold()
        allowed = Role.MEMBER in question.person.roles and self.forbidden not in said
        name = "members-ask" if allowed else "default-deny"
        return Verdict(allowed, (name,), ("fake@1",), "00" * 32, self.obligations)


class MemoryAudit:
    """Keeps records in a list; `broken` makes every later write fail, as a full disk would."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, str]] = []
        self.answers: list[Answer | None] = []
        self.broken = False

    def _write(self, action: str, ask: str, outcome: str) -> int:
        if self.broken:
            raise LogUnwritable("The log cannot be written: no space left on device.")
        self.records.append((action, ask, outcome))
        return len(self.records) - 1

    def open_ask(self, question: Question, verdict: Verdict) -> int:
        if ("ask.opened", question.id, "") in self.records:
            raise AskAlreadyOpen("This ask is open already.")
        return self._write("ask.opened", question.id, "")

    def close_ask(
        self, question: Question, outcome: Outcome, answer: Answer | None, code: str = ""
    ) -> int:
        if any(r[0] == "ask.closed" and r[1] == question.id for r in self.records):
            raise AlreadyClosed("This ask is closed.")
        if ("ask.opened", question.id, "") not in self.records:
            raise AskUnknown("This ask was not opened.")
        record = self._write("ask.closed", question.id, outcome.value)
        self.answers.append(answer)
        return record


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


class BagEncoder:
    """Hashes words into the vector: similar texts share words. Deterministic, unit length."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.filled = ""
        """What a form is filled with; where that is empty there is no model that could."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.failure is not None:
            raise self.failure
        rows = np.zeros((len(texts), VECTOR_SIZE), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                row[seed % VECTOR_SIZE] += 1
            row[0] += not row.any()  # a text without words is somewhere as well
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    @property
    def can_generate(self) -> bool:
        return False

    @property
    def rewords(self) -> bool:
        return False

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        raise WriterMissing("No language model is installed.")

    def fill(
        self, question: str, answer: Answer, schema: str, go_on: Callable[[], None]
    ) -> tuple[str, int]:
        if not self.filled:
            raise WriterMissing("No language model is installed.")
        go_on()
        return self.filled, 7

    def rank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        """As they were found."""
        return tuple(found)

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
        wanted = {w for w in words(question) if len(w) > 3}
        for scored in passages:
            for start, end in scored.passage.sentences:
                text = scored.passage.text[start:end]
                if len(wanted & words(text)) * 2 >= max(len(wanted), 1):
                    citation = Citation(1, scored.passage, start, end)
                    sentence = AnswerSentence(text, (1,))
                    return Answer((sentence,), (citation,), AnswerMode.QUOTE, "bag", 0.9, 0.5)
        return Answer((), (), AnswerMode.QUOTE, "bag", 0.1, 0.5)


class PlainWriter(BagEncoder):
    """Writes too: `said` word by word, or else the sentence nearest to the question, cited."""

    model = "plain"

    def __init__(self, said: str = "") -> None:
        super().__init__()
        self.said = said
        self.dies_after = 10_000
        self.cannot = False
        self.earlier: tuple[Turn, ...] = ()
        self.bound: bool | None = None
        self.closed = False

    @property
    def can_generate(self) -> bool:
        return True

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        self.earlier = tuple(earlier)
        self.bound = bound
        draft = Draft([scored.passage for scored in passages], self.model)
        text = self.said or self._nearest(question, passages)
        if self.cannot:
            raise CannotWrite("The model needs about 5.0 GB of memory; 2.0 GB are free.")
        try:
            for count, word in enumerate(re.findall(r"\s*\S+", text)):
                go_on()
                if count >= self.dies_after:
                    raise EngineFailed("The engine ended.")
                yield from draft.add(word)
            yield from draft.finish()
        finally:
            self.closed = True

    def _nearest(self, question: str, passages: Sequence[Scored]) -> str:
        quoted = self.quote(question, passages)
        if not quoted.found:
            return "Not in the documents."
        cited = quoted.citations[0].passage
        number = [scored.passage for scored in passages].index(cited) + 1
        return f"{quoted.sentences[0].text.rstrip('.')} [{number}]."


class ScriptedHost:
    """A chat model's host that says the same whatever it is asked, a word at a time."""

    model = "scripted@1"
    context = 2_048
    folder = Path("scripted@1")  # a bundle that is nowhere: it asks for no prompt of its own

    def __init__(self, said: str) -> None:
        self.said = said
        self.asked: list[tuple[Message, ...]] = []
        self.sampling = Sampling()
        self.failure: EngineFailed | None = None
        self.known = True

    @property
    def problem(self) -> EngineFailed | None:
        return self.failure if self.known else None

    def wait(self, go_on: Callable[[], None]) -> None:
        go_on()
        if self.failure is not None:
            raise self.failure

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, go_on: Callable[[], None]
    ) -> Iterator[Piece | Finished]:
        self.asked.append(tuple(messages))
        self.sampling = sampling
        pieces = re.findall(r"\s*\S+", self.said)
        for piece in pieces:
            go_on()
            yield Piece(1, piece)
        yield Finished(1, Ending.STOP, 0, 0, len(pieces))

    def close(self) -> None:
        """There is nothing to end."""


class ListFinder:
    def __init__(self, texts: Sequence[str]) -> None:
        self.passages = tuple(passage(i, text) for i, text in enumerate(texts))

    def find(
        self, question: str, vector: Vectors, collections: Sequence[str], limit: int
    ) -> tuple[Scored, ...]:
        if vector.shape != (1, VECTOR_SIZE):
            raise DocumentUnusable("A question's vector has the wrong shape.")
        if unknown := set(collections) - {p.collection for p in self.passages}:
            raise CollectionNotOpen(f"{unknown} is not open.")
        searched = [p for p in self.passages if not collections or p.collection in collections]
        asked = words(question)
        ranked = sorted(searched, key=lambda p: -len(asked & words(p.text)))
        return tuple(
            Scored(p, 1 / (60 + i), 0.5, i, i) for i, p in enumerate(ranked[:limit], start=1)
        )


class MemoryHistory:
    def __init__(self) -> None:
        self.turns: list[tuple[str, Turn]] = []
        self.failure: CloisterError | None = None

    def save(self, conversation: str, turn: Turn) -> None:
        if self.failure is not None:
            raise self.failure
        self.turns.append((conversation, turn))

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        return tuple(turn for name, turn in self.turns if name == conversation)


def passage(key: int, text: str) -> Passage:
    return Passage(
        collection="c1",
        document="d1",
        key=key,
        title="Guideline",
        text=text,
        sentences=((0, len(text)),),
        headings=("Doses",),
        spans=(PageSpan(0, 1, 0, len(text)),),
    )


def passage_of(key: int, *sentences: str) -> Passage:
    """A passage of these sentences, one space between them."""
    bounds, at = [], 0
    for sentence in sentences:
        bounds.append((at, at + len(sentence)))
        at += len(sentence) + 1
    return replace(passage(key, " ".join(sentences)), sentences=tuple(bounds))


def items_of(key: int, *sentences: str) -> Passage:
    """As passage_of, but each begins a paragraph or an item of a list."""
    made = passage_of(key, *sentences)
    return replace(made, text="\n".join(sentences))


def question(text: str, *, person: Person = ANNA, reason: str = "") -> Question:
    return Question("q1", text, person, NOON, conversation="conv1", reason=reason)
