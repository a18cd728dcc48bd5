"""What an epoch is made of: questions with the passage that answers and passages that do not.

Kinds of passages that do not answer: near ones of the same article (the hard ones) and of others;
the answering passage with its answering sentence taken out; the answering passage under a question
whose name or number was swapped for another (the drug that is not in the guideline); what a
question asks that the passage, though it speaks of the same, does not say.

Rules kept here: the dice decide, so the same seed makes the same epochs; only what is for training
enters one.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cloze import cloze
from rows import UNKNOWN, Row

NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w’'-]{2,}(?: [A-Z][\w’'-]+)*|\b\d[\d,.]*\d\b")
WORD = re.compile(r"\b[a-zA-Z][\w-]{4,}\b")


@dataclass(frozen=True, slots=True)
class Stage:
    """What an epoch is made of. made_up: questions made out of sentences. shares: of each
    collection's questions. long_words: whether a question without a name may have a long word
    swapped instead. worn: how many of the words that are no names questions lose, of half of
    them."""

    made_up: int
    shares: Mapping[str, float]
    long_words: bool
    worn: float


@dataclass(frozen=True, slots=True)
class Collection:
    """Passages and questions of one source. near: for each question, passages by index."""

    source: str
    passages: tuple[Mapping[str, Any], ...]
    questions: tuple[Mapping[str, Any], ...]
    place_of: Mapping[str, int]
    near: np.ndarray
    swaps: tuple[str, ...]


def read(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / name).open(encoding="utf-8")]

    return lines("passages.jsonl"), lines("questions.jsonl")


def place(passage: Mapping[str, Any], dice: random.Random | None, asked: str = "") -> str:
    """Title and heading; sometimes less, so that the text itself is read. A heading that is the
    question is mostly taken away."""
    title, heading = str(passage["title"]), str(passage["heading"])
    if dice is not None and heading and dice.random() < (0.7 if _same(heading, asked) else 0.2):
        heading = ""
    if dice is not None and dice.random() < 0.1:
        title = ""
    if heading and title and heading != title:
        return f"{title}, {heading}"
    return heading or title


def _same(heading: str, asked: str) -> bool:
    return heading.replace("(are)", "").strip(" ?").casefold()[:30] in asked.casefold()


def negative(question: str, passage: Mapping[str, Any], where: str, *, ranked: bool = True) -> Row:
    spans = tuple((a, b) for a, b in passage["sentences"])
    return Row(question, where, passage["text"], spans, (0.0,) * len(spans), 0.0, (), ranked)


def positive(question: Mapping[str, Any], passage: Mapping[str, Any], where: str) -> Row:
    """The answering passage; which of its sentences answer is known where a span is."""
    sentences = tuple((a, b) for a, b in passage["sentences"])
    marked = question["spans"].get(passage["id"])
    if marked is None:
        unknown = (UNKNOWN,) * len(sentences)
        return Row(question["text"], where, passage["text"], sentences, unknown, 1.0, None)
    spans = tuple((a, b) for a, b in marked)
    labels = tuple(float(any(a < end and start < b for a, b in spans)) for start, end in sentences)
    return Row(question["text"], where, passage["text"], sentences, labels, 1.0, spans)


def without_answer(row: Row) -> Row | None:
    """The passage without the sentences that answer, for the same question."""
    kept = [s for s, label in zip(row.sentences, row.labels, strict=True) if label == 0.0]
    if len(kept) < 2 or not row.spans:
        return None
    text, spans = "", []
    for start, end in kept:
        text = f"{text} " if text else ""
        spans.append((len(text), len(text) + end - start))
        text += row.text[start:end]
    if any(row.text[a:b].casefold() in text.casefold() for a, b in row.spans):
        return None
    return replace(
        row, text=text, sentences=tuple(spans), labels=(0.0,) * len(spans), relevant=0.0, spans=()
    )


def swapped(row: Row, swaps: Sequence[str], dice: random.Random, *, long_words: bool) -> Row | None:
    """The passage under a question that asks for something it does not hold."""
    names = [m.group() for m in NAME.finditer(row.question)]
    if not names and long_words:
        names = sorted(WORD.findall(row.question), key=len)[-2:]
    names = [n for n in names if n.casefold() in f"{row.place} {row.text}".casefold()]
    if not names:
        return None
    old = dice.choice(names)
    if old[0].isdigit():
        new = str(dice.randint(2, 999))
    else:
        alike = [
            s for s in (dice.choice(swaps) for _ in range(12)) if s[0].isupper() == old[0].isupper()
        ]
        new = alike[0] if alike else dice.choice(swaps)
    if new.casefold() in row.text.casefold() or new == old:
        return None
    return replace(
        row, question=row.question.replace(old, new), labels=(0.0,) * len(row.labels),
        relevant=0.0, spans=(), ranked=False,
    )  # fmt: skip


def worn(question: str, dice: random.Random, share: float) -> str:
    """The question without some of its words, names and numbers kept: who asks in other words has
    these words not, and the passage answers all the same."""
    if not share or dice.random() < 0.5:
        return question
    names = {word for m in NAME.finditer(question) for word in m.group().split()}
    words = question.split()
    kept = [
        word for word in words
        if word.strip("?.,") in names or not WORD.fullmatch(word.strip("?.,"))
        or dice.random() >= share
    ]  # fmt: skip
    return " ".join(kept) if len(kept) > 2 else question


def group(c: Collection, index: int, count: int, dice: random.Random, stage: Stage) -> list[Row]:
    """A question's rows: one that answers, if any does, and `count` that do not."""
    question = c.questions[index]
    if stage.worn:
        question = {**question, "text": worn(question["text"], dice, stage.worn)}
    gold = {n for key in question["gold"] for n in _places(c, key)}
    rows: list[Row] = []
    answers: list[str] = []
    if gold:
        answering = c.passages[dice.choice(sorted(gold))]
        first = positive(question, answering, place(answering, dice, question["text"]))
        rows = [first, *_spoilt(c, first, dice, stage)]
        answers = [first.text[a:b].casefold() for a, b in first.spans or ()]
    for key in question.get("against", ()):
        passage = c.passages[c.place_of[key]]
        rows.append(negative(question["text"], passage, place(passage, dice, question["text"])))
    candidates = [
        int(n) for n in c.near[index]
        if int(n) not in gold and c.passages[int(n)]["part"] == "training"
        and not (answers and any(a in c.passages[int(n)]["text"].casefold() for a in answers))
    ]  # fmt: skip
    kin = [n for n in candidates if c.passages[n]["group"] == question["group"]]
    while len(rows) <= count and candidates:
        pool = kin if kin and dice.random() < 0.6 else candidates
        chosen = pool[min(int(dice.expovariate(0.25)), len(pool) - 1)]
        candidates = [n for n in candidates if n != chosen]
        kin = [n for n in kin if n != chosen]
        passage = c.passages[chosen]
        rows.append(negative(question["text"], passage, place(passage, dice, question["text"])))
    return rows


def _spoilt(c: Collection, first: Row, dice: random.Random, stage: Stage) -> Iterator[Row]:
    """The answering row without its answer, and under another question."""
    if first.spans and dice.random() < 0.35 and (cut := without_answer(first)) is not None:
        yield cut
    known = first.spans is not None or c.source == "hospital"
    if known and dice.random() < 0.35:
        other = swapped(first, c.swaps, dice, long_words=stage.long_words)
        if other is not None:
            yield other


def _places(c: Collection, key: str) -> Iterator[int]:
    """A gold id names a passage, or a document with all its passages."""
    if key in c.place_of:
        yield c.place_of[key]
        return
    n = 0
    while f"{key}/{n}" in c.place_of:
        yield c.place_of[f"{key}/{n}"]
        n += 1


def made_up(
    passages: Sequence[Mapping[str, Any]], many: int, dice: random.Random
) -> list[list[Row]]:
    """Groups whose question was made out of a sentence."""
    groups: list[list[Row]] = []
    while len(groups) < many:
        passage = dice.choice(passages)
        sentences = [(a, b) for a, b in passage["sentences"]]
        made = cloze(passage["text"], dice.choice(sentences), dice) if sentences else None
        if made is None:
            continue
        text, span = made
        question = {"text": text, "spans": {passage["id"]: [span]}}
        first = positive(question, passage, place(passage, dice))
        rows = [first]
        kind = dice.random()
        if kind < 0.35 and (cut := without_answer(first)) is not None:
            rows.append(cut)
        elif kind < 0.6:
            other = dice.choice(passages)
            rows.append(negative(text, other, place(other, dice)))
        groups.append(rows)
    return groups
