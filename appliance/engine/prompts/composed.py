"""The prompt of a composer: the question, and numbered lines of evidence that were chosen before.

Rules kept here: pure. Quote mode chooses; here its sentences become lines, each a sentence of a
document or a whole list, so that what is written from a line can be checked against it. A sentence
that says nothing alone (claims/) is no line: nothing that stands could be written from it. Lines
are untrusted: one line each, their square brackets round, what cannot be seen taken out.
docs/formats/model-bundle.md says how a bundle asks for this prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance import claims
from appliance.engine.decoding.request import Message
from appliance.engine.prompts.grounded import visible
from appliance.values import Answer, Passage

MOST_LINES = 8
MOST_CHARACTERS = 1_600
"""Of all lines: some 400 tokens, so that the answer fits behind them in what was trained on."""
MOST_QUESTION = 300
ANSWER_TOKENS = 480


@dataclass(frozen=True, slots=True)
class Line:
    """Characters [start, end) of the passage's text: a sentence, or a list with its lead."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        return visible(self.passage.text[self.start : self.end])


@dataclass(frozen=True, slots=True)
class Composed:
    """A prompt, and the passage of each of its lines: [n] is passages[n - 1]. evidence: what a
    bound answer may take its numbers, units, dates, codes and names from."""

    messages: tuple[Message, ...]
    passages: tuple[Passage, ...]
    evidence: tuple[str, ...]


def composed(question: str, lines: Sequence[Line]) -> Composed:
    asked, texts = visible(question)[:MOST_QUESTION], tuple(line.text for line in lines)
    messages = (Message("user", prompt_text(asked, texts)),)
    return Composed(messages, tuple(line.passage for line in lines), (asked, *texts))


def prompt_text(question: str, lines: Sequence[str]) -> str:
    """What stands between the template's two marks, in training and in use."""
    numbered = [f"[{number}] {line}" for number, line in enumerate(lines, start=1)]
    return "\n".join([question[:MOST_QUESTION], *numbered])


def evidence_lines(quoted: Answer) -> tuple[Line, ...]:
    """The lines of what quote mode chose, in its order, none twice, as many as fit."""
    kept: dict[str, Line] = {}
    size = 0
    for citation in quoted.citations:
        for line in lines_within(citation.passage, citation.start, citation.end):
            size += len(line.text)
            if len(kept) == MOST_LINES or size > MOST_CHARACTERS:
                return tuple(kept.values())
            kept.setdefault(line.text, line)
    return tuple(kept.values())


def lines_within(
    passage: Passage,
    start: int,
    end: int,
    statements: Sequence[claims.Statement] | None = None,
) -> Iterator[Line]:
    """Those of the passage's sentences and lists that share a character with [start, end).
    statements: the passage's, where they are known."""
    statements = claims.statements(passage) if statements is None else statements
    lists = [one for one in statements if one.last > one.place]
    told = -1
    for one in statements[: len(passage.sentences) or 1]:
        if one.end <= start or one.start >= end or one.place <= told:
            continue
        whole = next((a for a in lists if a.place <= one.place <= a.last), None)
        if whole is not None:
            told = whole.last
            yield Line(passage, whole.start, whole.end)
        elif one.alone:
            yield Line(passage, one.start, one.end)
