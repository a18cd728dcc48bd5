"""What a data set is made of, once its own format is behind it.

Rules kept here: frozen values; a data set yields its entries once, one at a time, and knows its
cases only after that, since what answers is counted among what came in; samples depend on the
seed and the ids alone, so the same options ask the same questions.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from appliance.documents import chunk
from appliance.values import Block, BlockKind, DocumentKind, Page, ParsedDocument, PassageDraft

LONGEST_TEXT = 200_000
"""Characters of one entry. What is longer is cut there, and said."""


class Kind(StrEnum):
    """Whether the library asked holds an answer, and why not. REMOVED: its whole article or topic
    is left out. HARD: only the place that answers is. IMPOSSIBLE: the data set says so itself."""

    ANSWERABLE = "answerable"
    REMOVED = "removed"
    HARD = "hard"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is put into the library and can be found: a document, a paragraph, a section.
    pages hold at least what the passages' spans point at."""

    name: str
    title: str
    pages: tuple[Page, ...]
    passages: tuple[PassageDraft, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: characters [start, end) of page 1 of an entry; the whole entry where
    `end` is 0."""

    entry: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """A question. grades: relevance of entries by name. golds and answers: where the answer stands
    and how it reads; both may be empty. group: the article or topic it belongs to; home: the entry
    it was asked of, "" where there is none."""

    id: str
    question: str
    group: str
    grades: tuple[tuple[str, int], ...]
    golds: tuple[Gold, ...] = ()
    answers: tuple[str, ...] = ()
    home: str = ""
    kind: Kind = Kind.ANSWERABLE


@dataclass(slots=True)
class Notices:
    """What was noticed in a data set and worked round, counted; told under its tables."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, sentence: str, times: int = 1) -> None:
        if times:
            self.counts[sentence] = self.counts.get(sentence, 0) + times

    def lines(self) -> list[str]:
        return [f"{times:,} × {sentence}" for sentence, times in self.counts.items()]


class DataSet(Protocol):
    """One data set. All but `name` may raise DataUnusable."""

    @property
    def name(self) -> str:
        """Its name, with the split."""

    @property
    def notices(self) -> Notices: ...

    def entries(self) -> Iterator[Entry]:
        """Everything that is put into the library; once."""

    def cases(self) -> list[Case]:
        """The questions; after the entries."""

    def left_out(self, case: Case) -> frozenset[str]:
        """The entries that go with the case's group, for REMOVED."""

    def nearby(self, case: Case) -> frozenset[str]:
        """The entries of the case's own article, for a library of one article."""

    @property
    def asks(self) -> bool:
        """Whether it says where answers stand, so that answers can be judged."""


def entry_of_text(name: str, title: str, text: str, notices: Notices) -> tuple[Entry, int]:
    """A text under its title, cut into passages as the product cuts a document with one heading,
    and the place on page 1 at which the text begins. No passages where there is no text."""
    if len(text) > LONGEST_TEXT:
        notices.add(f"a text longer than {LONGEST_TEXT:,} characters, cut there")
        text = text[:LONGEST_TEXT]
    title = " ".join(title.split())[:300]
    begin = len(title) + 1 if title else 0
    whole = f"{title}\n{text}" if title else text
    blocks = [Block(BlockKind.HEADING, 0, len(title), 1)] if title else []
    if text.strip():
        blocks.append(Block(BlockKind.PARAGRAPH, begin, len(whole)))
    page = Page(1, whole, tuple(blocks))
    parsed = ParsedDocument(title, DocumentKind.TEXT, paged=False, pages=(page,))
    return Entry(name, title, (page,), chunk(parsed)), begin


def sample(cases: Iterable[Case], most: int | None, seed: int) -> list[Case]:
    """At most `most` of the cases (None: all), by the hash of seed and id."""

    def place(case: Case) -> bytes:
        return sha256(f"{seed}:{case.id}".encode()).digest()

    return sorted(cases, key=place) if most is None else heapq.nsmallest(most, cases, key=place)


def mixed(cases: list[Case], share: float) -> list[Case]:
    """The cases with `share` of the answerable ones made unanswerable, spread evenly. Each of those
    is asked twice, once REMOVED and once HARD. Those the data set calls impossible stay."""
    made: list[Case] = []
    due = 0.0
    for case in cases:
        due += share if case.kind is Kind.ANSWERABLE else 0.0
        if case.kind is Kind.ANSWERABLE and due >= 1.0 - 1e-9:
            due -= 1.0
            made += (replace(case, kind=kind) for kind in (Kind.REMOVED, Kind.HARD))
        else:
            made.append(case)
    return made
