"""Policies of hospitals and banks with questions in other words: packaging/models/policies/*.json.

Each file is a document; each of its passages has questions that one of its sentences answers, and
questions about the same that nothing in the document answers. Written for training and fitting (who
by: docs/models/reader.md), apart from the sample library and its questions.

Rules kept here: an answer stands in its sentence and the sentence in its passage, word for word, or
the file is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.evaluation.errors import DataUnusable

POLICIES: Final = Path(__file__).resolve().parents[2] / "packaging" / "models" / "policies"


@dataclass(frozen=True, slots=True)
class Asked:
    """text[start:end) of the passage answers; [first, last) is the sentence it stands in."""

    text: str
    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Section:
    """missing: questions that nothing in the document answers."""

    heading: str
    text: str
    asked: tuple[Asked, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """name: the file's stem, by which it is held back or not (holding_back.py)."""

    name: str
    title: str
    sections: tuple[Section, ...]


def read_policies(folder: Path) -> Iterator[Policy]:
    """In the order of their names. Raises DataUnusable where an answer does not stand where it
    is said to stand."""
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text("utf-8"))
        sections = tuple(_section(section, path) for section in entry["passages"])
        yield Policy(path.stem, entry["title"], sections)


def _section(entry: dict[str, object], path: Path) -> Section:
    text, asked, missing = str(entry["text"]), entry["questions"], entry["missing"]
    if not isinstance(asked, list) or not isinstance(missing, list):
        raise DataUnusable(f"{path.name}: questions and missing are lists.")
    return Section(
        str(entry["heading"]), text, tuple(_asked(one, text, path) for one in asked),
        tuple(map(str, missing)),
    )  # fmt: skip


def _asked(entry: dict[str, str], text: str, path: Path) -> Asked:
    first = text.find(entry["sentence"])
    within = entry["sentence"].find(entry["answer"])
    if first < 0 or within < 0 or not entry["answer"]:
        raise DataUnusable(f"{path.name}: {entry['answer']!r} does not stand there.")
    start = first + within
    return Asked(
        " ".join(entry["text"].split()), start, start + len(entry["answer"]),
        first, first + len(entry["sentence"]),
    )  # fmt: skip
