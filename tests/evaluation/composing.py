"""What the composer writes, before the citation check and behind it.

Rules kept here: it is asked by the product's main path, under the same obligations as in the
baseline; what did not pass is counted, not left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from appliance import citations
from appliance.engine.answering import Answering
from appliance.engine.prompts.composed import evidence_lines
from appliance.engine.quoting.words import STOP_WORDS
from appliance.values import Answer, AnswerMode, Scored, Turn
from tests.evaluation import metrics
from tests.evaluation.report import Cell, Table

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Composed:
    """One answer. written: sentences before the check, 0 where there was nothing to compose.
    accepted: of them, those that pass it. reworded: whether any of them is in the answer; where
    none is, all of it is quoted. faithful: each word and number that was written, but for stop
    words, stands in a line of evidence or in the question. words: of the answer."""

    written: int
    accepted: int
    reworded: bool
    faithful: bool
    words: int


class Noted(Answering):
    """Keeps what was written last, before any check."""

    written: Answer | None = None

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        self.written = None
        for step in super().generate(question, passages, earlier, go_on, bound=bound):
            if isinstance(step, Answer):
                self.written = step
            yield step


def composed(question: str, found: Sequence[Scored], answerer: Noted, shown: Answer) -> Composed:
    """Of the ask that `answerer` has just been through; `shown` is its answer."""
    lines = evidence_lines(answerer.quote(question, found))
    known = _words(question, *(line.text for line in lines))
    written, accepted = answerer.written, 0
    texts = [sentence.text for sentence in written.sentences] if written is not None else []
    if written is not None:
        accepted = len(citations.check(written, found, "required").sentences)
    return Composed(
        written=len(texts),
        accepted=accepted,
        reworded=shown.mode is AnswerMode.GENERATE,
        faithful=not _words(*texts) - known - STOP_WORDS,
        words=sum(len(sentence.text.split()) for sentence in shown.sentences),
    )


def _words(*texts: str) -> set[str]:
    return {word.lower() for text in texts for word in _WORD.findall(text)}


def composed_table(name: str, about: tuple[str, ...], ones: Sequence[Composed]) -> Table:
    """Of the questions that quote mode would answer."""
    tried = [one for one in ones if one.written]
    row: tuple[Cell, ...] = (
        "composed",
        len(ones),
        len(tried),
        sum(one.reworded for one in ones),
        metrics.share(sum(one.faithful for one in tried), len(tried)),
        metrics.share(sum(one.accepted for one in tried), sum(one.written for one in tried)),
        metrics.mean([float(one.words) for one in ones if one.words]),
    )
    columns = (
        "part", "answered", "written", "reworded", "faithful", "sentences accepted",
        "words an answer",
    )  # fmt: skip
    return Table(f"{name}: composing", about, columns, (row,))
