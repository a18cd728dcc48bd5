"""Questions, verdicts, answers, and the events between asking and being answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from appliance.values.documents import Passage
from appliance.values.people import Person
from appliance.values.reading import Reading


class AnswerMode(StrEnum):
    QUOTE = "quote"
    GENERATE = "generate"


class Outcome(StrEnum):
    """How an ask ended. Every ask ends in exactly one of these."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """Where an ask is, for the screen."""

    FINDING = "finding"
    READING = "reading"
    CHECKING = "checking"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks. No `collections` means all this session holds keys of. `reason` is the
    purpose the person gives where the policy asks for one. `conversation` continues one.

    The rest is for what another program asks in the person's name. application: which one, as
    "name/token". before: what it says was asked and answered before, in turn, oldest first; nobody
    vouches for that. passages: how many are wanted instead of an answer, 0 for an answer. schema: a
    JSON schema that the answer is to be given in as well."""

    id: str
    text: str
    person: Person
    asked: datetime
    collections: tuple[str, ...] = ()
    conversation: str = ""
    reason: str = ""
    application: str = ""
    before: tuple[str, ...] = ()
    passages: int = 0
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Obligations:
    """What an allowing verdict demands, merged to the strictest over its policies.

    mode: the most that answering may do. log: what the sealed payload holds ("full": question and
    answer, "question", "none"). cite: "required" leaves unsupported sentences out, "marked" marks
    them. answer: "evidence" lets a model write numbers, units, dates, codes and names only as the
    passages or the question have them, "free" whatever it comes to. retention_days: 0 keeps as
    long as the collection. redact: personal data is masked.
    """

    mode: AnswerMode = AnswerMode.QUOTE
    log: str = "full"
    cite: str = "required"
    answer: str = "evidence"
    redact: bool = False
    reason_required: bool = False
    retention_days: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A policy decision. allowed means Cedar said Allow and no policy erred.

    policies: ids of the determining policies. packs: "name@serial" of every pack in force.
    pack_hash: SHA-256 (hex) over all packs in force. sentence and hint say, on a refusal, what to
    tell the person (from the policy's annotations).
    """

    allowed: bool
    policies: tuple[str, ...]
    packs: tuple[str, ...]
    pack_hash: str
    obligations: Obligations
    errors: tuple[str, ...] = ()
    sentence: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage found, and why. similarity is the cosine in [-1, 1]; the ranks count from 1, 0
    meaning not found by that index; score is the fused score (reciprocal rank fusion). reading is
    what the reader made of it, None where it was not read whole, and relevance the probability,
    then, that it bears on the question."""

    passage: Passage
    score: float
    similarity: float
    vector_rank: int
    word_rank: int
    reading: Reading | None = None
    relevance: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """[number] in an answer: characters [start, end) of the passage's text."""

    number: int
    passage: Passage
    start: int
    end: int

    @property
    def quote(self) -> str:
        return self.passage.text[self.start : self.end]

    @property
    def place(self) -> str:
        """Where to look, in words: "p. 4", or the innermost heading where there are no pages."""
        if self.passage.paged:
            return f"p. {page_of(self.passage, self.start)}"
        return self.passage.headings[-1] if self.passage.headings else "text"


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer, the numbers of its citations, and whether they carry it."""

    text: str
    citations: tuple[int, ...]
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown. Without sentences the answer is "not in your documents".

    evidence is the strength of the best evidence, 0 to 1, and threshold what was demanded: for a
    quoted answer the probability that what was found answers, for a written one how much of its
    best carried sentence stands in what it cites. model names what answered. seconds counts from
    the question to the answer, tokens what a language model wrote for it. data: the same as JSON,
    where the question asked for that; chosen: the places in it (RFC 6901) that no sentence carries,
    since the model chose there between what the schema offers.
    """

    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    mode: AnswerMode
    model: str
    evidence: float
    threshold: float
    seconds: float = 0.0
    tokens: int = 0
    data: str = ""
    chosen: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        return bool(self.sentences)


@dataclass(frozen=True, slots=True)
class Opened:
    """The opening record is durable; from here on something may be shown."""

    record: int
    verdict: Verdict
    conversation: str


@dataclass(frozen=True, slots=True)
class Progress:
    stage: Stage


@dataclass(frozen=True, slots=True)
class Found:
    passages: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """Text of the answer. Quoted answers come after their closing record, written ones as they are
    written: where the policy says "required" each sentence once it is checked, else unchecked. Only
    what Answered holds is the answer. citations: of a checked sentence, the numbers."""

    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """`record` is the closing record."""

    answer: Answer
    record: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The policy said no, or the seat does not answer anything new."""

    verdict: Verdict
    record: int
    sentence: str
    hint: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What Tokens showed before is not an answer. record: -1 where the log holds none; then it
    must not stay on screen."""

    code: str
    sentence: str
    hint: str
    record: int = -1


@dataclass(frozen=True, slots=True)
class Cancelled:
    record: int


Event: TypeAlias = Opened | Progress | Found | Token | Answered | Refused | Failed | Cancelled


@dataclass(frozen=True, slots=True)
class Turn:
    """One ask of a conversation as it is remembered. answer is None when there was none; `note`
    then says why (the refusal's or failure's sentence)."""

    question: str
    asked: datetime
    outcome: Outcome
    answer: Answer | None
    note: str = ""
    record: int = -1


@dataclass(frozen=True, slots=True)
class Writing:
    """Whether answers can be written rather than quoted. model: the language model that is
    installed, "" for none. allowed: whether the policy lets this person have answers written. note:
    what the person should know about how the model runs. works: False where it cannot be started;
    answers are then quoted, and the note says why. starting: that is not known yet."""

    model: str
    allowed: bool
    note: str = ""
    works: bool = True
    starting: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    title: str
    updated: datetime
    turns: int


def page_of(passage: Passage, offset: int) -> int:
    """The page on which character `offset` of the passage stands."""
    page = passage.page
    for span in passage.spans:
        if span.at <= offset:
            page = span.page
    return page
