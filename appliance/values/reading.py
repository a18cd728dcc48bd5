"""What is given to the reader to read, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToRead:
    """A passage to read a question against.

    place: its title and innermost heading, may be empty. sentences: character ranges [start, end)
    of the text, in order, apart, none empty. prior: added to the first look's value when the
    passages that are read whole are chosen."""

    place: str
    text: str
    sentences: tuple[tuple[int, int], ...]
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a passage came to. The numbers are logits: higher says more, zero nothing by itself.

    exit: how relevant it looked after the first layers. whole: read through all layers; else
    relevance is `exit`, null 0, sentences (), span (0, 0) and span_score 0.
    null: that no words of it answer, on span_score's scale. sentences: the evidence in each.
    span: the characters [start, end) of the text that answer best, within one sentence; (0, 0)
    where none of the text was reached."""

    exit: float
    whole: bool
    relevance: float
    null: float
    sentences: tuple[float, ...]
    span: tuple[int, int]
    span_score: float
