"""Frozen values that cross boundaries.

Rules kept here: every value is immutable, holds no behaviour beyond what can be derived from
itself, and imports nothing of the product. Times are timezone-aware UTC. Offsets count Unicode
code points. Page numbers start at 1. Boxes are in PDF points (1/72 inch), origin at the top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the window and the document readers start without numpy
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Unit-length embeddings, shape (n, VECTOR_SIZE)."""

VECTOR_SIZE = 384


class Role(StrEnum):
    """What a person may come to do (docs/ARCHITECTURE.md, "Who uses it")."""

    MEMBER = "member"
    CURATOR = "curator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    KIOSK = "kiosk"


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


# --- people and collections ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A body of documents behind one key. `documents` and `passages` are counts. `problem` says
    why it is not used, if its store is not what the log recorded."""

    id: str
    title: str
    documents: int = 0
    passages: int = 0
    problem: str = ""


# --- documents -------------------------------------------------------------------------------


class DocumentKind(StrEnum):
    PDF = "pdf"
    HTML = "html"
    DOCX = "docx"
    MARKDOWN = "markdown"
    TEXT = "text"


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a page's text, [start, end), and what it is. `level` is 1..6 for headings.

    A table row's cells are separated by a tab in the text.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page as extracted. PDF pages are the real ones; other formats have no pages, so theirs
    are stretches of the text (`paged` on the document is False, citations then name the heading).

    width and height are in points, 0 where the format has no pages.
    """

    number: int
    text: str
    blocks: tuple[Block, ...] = ()
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read, and why. page 0 speaks of the whole document."""

    page: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a reader returned, bounded and checked. Its text is untrusted content."""

    title: str
    kind: DocumentKind
    paged: bool
    pages: tuple[Page, ...]
    failures: tuple[PageFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class PageSpan:
    """`length` characters of a passage, from `at`, are the page's text from `start`, verbatim but
    for white space (a line break in the page is a space in the passage)."""

    at: int
    page: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is stored: text, its sentences as [start, end) offsets in `text`, the
    headings above it from the outermost in, and where it stands on the pages."""

    text: str
    sentences: tuple[tuple[int, int], ...]
    headings: tuple[str, ...]
    spans: tuple[PageSpan, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored passage. `key` is unique within its collection."""

    collection: str
    document: str
    key: int
    title: str
    text: str
    sentences: tuple[tuple[int, int], ...]
    headings: tuple[str, ...]
    spans: tuple[PageSpan, ...]
    paged: bool = True

    @property
    def page(self) -> int:
        """The page the passage begins on."""
        return self.spans[0].page if self.spans else 1


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document of a collection, as the library lists it. sha256 is of the original's bytes."""

    id: str
    collection: str
    title: str
    kind: DocumentKind
    pages: int
    passages: int
    size: int
    sha256: str
    added: datetime
    failures: tuple[PageFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageImage:
    """A rendered page: RGB888 rows without padding, and the boxes to highlight, in pixels."""

    title: str
    number: int
    count: int
    width: int
    height: int
    pixels: bytes
    boxes: tuple[Box, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PageText:
    """A stretch of a document that has no pages, as blocks, with [start, end) highlights."""

    title: str
    number: int
    count: int
    text: str
    blocks: tuple[Block, ...]
    highlights: tuple[tuple[int, int], ...]


PageView: TypeAlias = PageImage | PageText


# --- importing -------------------------------------------------------------------------------


class ImportState(StrEnum):
    PENDING = "pending"
    ADDED = "added"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportStarted:
    """job names the import for resuming; total counts the files found."""

    job: str
    total: int


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """One file is done (`done` of `total`). code, sentence and hint are set when it failed; page
    failures of an added file are listed. What is ADDED here is durable."""

    path: str
    done: int
    total: int
    state: ImportState
    pages: int = 0
    passages: int = 0
    code: str = ""
    sentence: str = ""
    hint: str = ""
    failures: tuple[PageFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportFinished:
    """Counts of the whole job. When cancelled, the rest can be resumed by `job`."""

    job: str
    added: int
    unchanged: int
    failed: int
    pages: int
    cancelled: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportWorking:
    """A file is being read; `done` of `total` files were finished before it. Of a long document,
    `passages` of `passages_total` are embedded so far (0 of 0 while it is parsed)."""

    path: str
    done: int
    total: int
    passages: int
    passages_total: int


ImportEvent: TypeAlias = ImportStarted | ImportWorking | ImportProgress | ImportFinished


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import that stopped before its end (cancelled or crashed)."""

    job: str
    collection: str
    remaining: int
    total: int
    started: datetime


# --- asking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks. No `collections` means all this session holds keys of. `reason` is the
    purpose the person gives where the policy asks for one. `conversation` continues one."""

    id: str
    text: str
    person: Person
    asked: datetime
    collections: tuple[str, ...] = ()
    conversation: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Obligations:
    """What an allowing verdict demands, merged to the strictest over its policies.

    mode: the most that answering may do. log: what the sealed payload holds ("full": question and
    answer, "question", "none"). cite: "required" leaves unsupported sentences out, "marked" marks
    them. retention_days: 0 keeps as long as the collection. redact: personal data is masked.
    """

    mode: AnswerMode = AnswerMode.QUOTE
    log: str = "full"
    cite: str = "required"
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
    meaning not found by that index; score is the fused score (reciprocal rank fusion)."""

    passage: Passage
    score: float
    similarity: float
    vector_rank: int
    word_rank: int


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

    evidence is the strength of the best evidence, 0 to 1, and threshold what was demanded. model
    names what answered. seconds counts from the question to the answer.
    """

    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    mode: AnswerMode
    model: str
    evidence: float
    threshold: float
    seconds: float = 0.0

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
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`record` is the closing record."""

    answer: Answer
    record: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The policy said no."""

    verdict: Verdict
    record: int
    sentence: str
    hint: str


@dataclass(frozen=True, slots=True)
class Failed:
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
class Conversation:
    id: str
    title: str
    updated: datetime
    turns: int


# --- stores ----------------------------------------------------------------------------------


class MarkState(StrEnum):
    """What had just happened to a store when its mark was taken."""

    COMMIT = "commit"
    CHECKPOINT = "checkpoint"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StoreMark:
    """What the log holds of a store; the newest one suffices to verify the store at open.

    store_id is "kind/id". generation counts transactions. size and sha256 (hex) are of the main
    file at its last checkpoint; wal_size and wal_sha256 of what the write-ahead log held then.
    """

    store_id: str
    generation: int
    size: int
    sha256: str
    state: MarkState
    wal_size: int = 0
    wal_sha256: str = ""


# --- the log ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A leaf of the log. `fields` are its further members, name and value, in canonical order."""

    seq: int
    time: datetime
    action: str
    person: str
    object: str
    outcome: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LogState:
    """The result of verifying the whole log: raise-free form for the screen."""

    verified: bool
    size: int
    root: str
    checked: datetime
    sentence: str
    witnessed: bool = False


# --- the air gap, the doctor -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to leave. blocked is what it must be; detail is what the kernel said."""

    name: str
    blocked: bool
    detail: str


@dataclass(frozen=True, slots=True)
class AirgapReport:
    """holds is True when the guard is on and every probe was blocked."""

    platform: str
    guards: tuple[str, ...]
    probes: tuple[Probe, ...]
    tested: datetime

    @property
    def holds(self) -> bool:
        return bool(self.guards) and bool(self.probes) and all(p.blocked for p in self.probes)


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the doctor: state is "ok", "warning" or "failed"; hint is the next step."""

    name: str
    state: str
    sentence: str
    hint: str = ""


def page_of(passage: Passage, offset: int) -> int:
    """The page on which character `offset` of the passage stands."""
    page = passage.page
    for span in passage.spans:
        if span.at <= offset:
            page = span.page
    return page
