"""Asking the product's main path, and judging what it says.

Rules kept here: an answer comes out of `assistant.ask` with the real library, encoder, quoting and
citation check; policy, log and history, which change no answer, are left out, so "whole ask" does
not hold what they cost. A question that is not answered because something broke stops the
evaluation: figures of a part of the questions would not compare.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Final, cast

from appliance.assistant import Parts, ask
from appliance.protocols import Answerer, Finder, Unseated
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    Found,
    Obligations,
    Outcome,
    Passage,
    Person,
    Question,
    Role,
    Scored,
    Turn,
    Vectors,
    Verdict,
)
from tests.evaluation import metrics
from tests.evaluation.errors import AskFailed
from tests.evaluation.finding import Part, by_vectors, by_words
from tests.evaluation.material import Case, Gold, Kind
from tests.evaluation.shelving import ThrowawayLibrary

Times = dict[str, list[float]]
"""Milliseconds by what took them."""

_ALONE: Final = 200  # passages asked for, so that the first 16 of one ranking are among them
_PERSON = Person("p-evaluation", "Evaluation", (Role.MEMBER,))


@dataclass(frozen=True, slots=True)
class Said:
    """What the product said to one case. sentence_right: whether the first sentence it shows
    overlaps an answer, where the case says where answers stand. exact and f1: of the words in
    `span`; NaN where the case has no answer's words to compare with."""

    case: Case
    refused: bool
    sentence_right: bool
    span: str
    exact: float
    f1: float


class PartFinder:
    """A Finder over a part of the library, with a part of the search. Implements protocols.Finder.
    What it finds, the reader ranks.

    Passages keep the scores of the whole search, which quoting reads; only which ones are found,
    and their order, is the part's."""

    def __init__(
        self,
        library: ThrowawayLibrary,
        part: Part,
        only: Collection[str] | None,
    ) -> None:
        self._library, self._part, self._only = library, part, only

    def find(
        self, question: str, vector: Vectors, collections: Sequence[str], limit: int
    ) -> tuple[Scored, ...]:
        if self._part is Part.FUSED:
            return self._library.find(question, vector, limit, self._only)
        hits = self._library.find(question, vector, max(_ALONE, limit), self._only)
        order = by_words if self._part is Part.WORDS else by_vectors
        return tuple(order(hits)[:limit])


class Timed:
    """Stands before a part of the product and keeps how long each of its methods took."""

    def __init__(self, target: object, times: Times) -> None:
        self._target, self._times = target, times

    def __getattr__(self, name: str) -> object:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: object, **options: object) -> object:
            started = perf_counter()
            try:
                return value(*arguments, **options)
            finally:
                self._times.setdefault(name, []).append(1000 * (perf_counter() - started))

        return call


class _Allows:
    """Everything is allowed, answers are quoted or written."""

    def __init__(self, mode: AnswerMode) -> None:
        self._mode = mode

    def decide(self, question: Question) -> Verdict:
        return Verdict(True, (), (), "", Obligations(mode=self._mode))


class _Unlogged:
    def open_ask(self, question: Question, verdict: Verdict) -> int:
        return 0

    def close_ask(
        self, question: Question, outcome: Outcome, answer: Answer | None, code: str = ""
    ) -> int:
        return 1


class _Forgets:
    def save(self, conversation: str, turn: Turn) -> None:
        """Nothing is remembered: each question stands alone."""

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        return ()


class _AnySeat:
    def refusal(self) -> Unseated | None:
        return None


def put(
    case: Case,
    finder: PartFinder,
    answerer: Answerer,
    times: Times,
    mode: AnswerMode = AnswerMode.QUOTE,
) -> tuple[Answer, tuple[Scored, ...]]:
    """The answer to the case's question and the passages it was read from. Raises AskFailed."""
    parts = Parts(
        _Allows(mode),
        _Unlogged(),
        cast(Finder, Timed(finder, times)),
        cast(Answerer, Timed(answerer, times)),
        _Forgets(),
        lambda: datetime.now(UTC),
        _AnySeat(),
    )
    question = Question(case.id, case.question, _PERSON, datetime.now(UTC))
    found: tuple[Scored, ...] = ()
    started = perf_counter()
    for event in ask(question, parts, lambda: False):
        if isinstance(event, Found):
            found = event.passages
    times.setdefault("whole ask", []).append(1000 * (perf_counter() - started))
    if not isinstance(event, Answered):
        raise AskFailed(f"The product failed on question {case.id!r}: {event}.")
    return event.answer, found


def judge(
    case: Case,
    answer: Answer,
    span: str | None,
    library: ThrowawayLibrary,
    *,
    refuses: bool = True,
) -> Said:
    """span: what the reader marked; None where it is not asked for, then the first sentence stands
    for it. A refusal says "", whatever was marked, unless `refuses` is False: SQuAD 1.1 knows no
    refusal."""
    first = answer.sentences[0].text if answer.sentences else ""
    marked = first if span is None else span
    said = marked if answer.found or not refuses else ""
    answers = _answers(case)
    return Said(
        case=case,
        refused=not answer.found,
        sentence_right=first_overlaps(answer, case.golds, library),
        span=said,
        exact=metrics.mean([] if answers is None else [metrics.exact_match(said, answers)]),
        f1=metrics.mean([] if answers is None else [metrics.f1(said, answers)]),
    )


def _answers(case: Case) -> tuple[str, ...] | None:
    """What is right to say; () for nothing; None where the case does not tell."""
    if case.kind is not Kind.ANSWERABLE:
        return ()
    return case.answers or None


def first_overlaps(answer: Answer, golds: Sequence[Gold], library: ThrowawayLibrary) -> bool:
    """Whether the first sentence shown stands, in part at least, where an answer does."""
    for passage, start, end in first_sentence(answer):
        name = library.name_of(passage)
        for gold in golds:
            if gold.entry == name and (gold.end == 0 or _meets(passage, start, end, gold)):
                return True
    return False


def first_sentence(answer: Answer) -> Iterator[tuple[Passage, int, int]]:
    """The places, as characters [start, end) of passages, of an answer's first sentence: where its
    words stand in what it cites, or the whole of that for a sentence in other words."""
    if not answer.sentences:
        return
    sentence = answer.sentences[0]
    words = r"\s+".join(re.escape(word) for word in sentence.text.split())
    for citation in answer.citations:
        if citation.number in sentence.citations:
            match = re.search(words, citation.quote)
            start, end = match.span() if match else (0, citation.end - citation.start)
            yield citation.passage, citation.start + start, citation.start + end


def _meets(passage: Passage, start: int, end: int, gold: Gold) -> bool:
    """Whether characters [start, end) of the passage share any with the gold place on its page."""
    for span in passage.spans:
        low = max(start, span.at) - span.at + span.start
        high = min(end, span.at + span.length) - span.at + span.start
        if low < high and span.page == 1 and min(high, gold.end) > max(low, gold.start):
            return True
    return False
