"""Reads the sample library's source texts.

Rules kept here: a source is a head of `key: value` lines, a line `---`, and a body of blocks
parted by blank lines. What cannot be read raises `SourceUnreadable` with the line that is wrong;
nothing is skipped. Blocks: `## 1 Heading`, `### 1.1 Heading`, `- item`, `1. item`,
`> Word: note`, a table, or a paragraph (one that begins with a number such as `4.2` is a numbered
clause). The second line of a table gives the columns' relative widths: `|-2-|-5-|`. A caption
stands on the line above the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

_CLAUSE = re.compile(r"(\d+(?:\.\d+)+)\s+(.*)")
_NUMBERED = re.compile(r"(\d+)\.\s+(.*)")
_NOTE = re.compile(r"([A-Z][A-Za-z -]+):\s+(.*)")
_HEAD_KEYS = (
    "title number kind version owner author approved effective review applies format file".split()
)


class SourceUnreadable(Exception):
    """A source text does not follow the rules of this module."""


@dataclass(frozen=True, slots=True)
class Heading:
    """level 1 is a section ("## 4 Doses"), 2 a subsection. text includes the number."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`number` is "" or the clause's own, such as "4.2"."""

    text: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class ItemList:
    items: tuple[str, ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    widths: tuple[int, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A boxed remark: label "Warning", "Exception", "Note" …"""

    label: str
    text: str


Block: TypeAlias = Heading | Paragraph | ItemList | Table | Note


@dataclass(frozen=True, slots=True)
class Source:
    """A document of the sample library; dates are written YYYY-MM-DD."""

    title: str
    number: str
    kind: str
    version: str
    owner: str
    author: str
    approved: str
    effective: str
    review: str
    applies: str
    format: str
    file: str
    institution: str
    blocks: tuple[Block, ...]


INSTITUTIONS = {"hospital": "Northmere General Hospital", "bank": "Harrowgate Mutual Bank"}
MARK = "Fictional sample"


def marking(institution: str) -> str:
    """The sentence that stands on every page."""
    use = "clinical" if institution == INSTITUTIONS["hospital"] else "banking"
    return f"{MARK} – {institution} does not exist. Not for {use} use."


def control_rows(source: Source) -> tuple[tuple[str, str, str, str], ...]:
    """The document-control block: label, value, label, value."""
    return (
        ("Document number", source.number, "Version", source.version),
        ("Owner", source.owner, "Author", source.author),
        ("Approved by", source.approved, "Applies to", source.applies),
        ("Effective from", source.effective, "Review due", source.review),
    )


def read_source(path: Path) -> Source:
    """Raises SourceUnreadable."""
    head, found, body = path.read_text(encoding="utf-8").partition("\n---\n")
    if not found:
        raise SourceUnreadable(f"{path.name}: no line '---' after the head")
    fields = dict(_field(path.name, line) for line in head.splitlines() if line.strip())
    if sorted(fields) != sorted(_HEAD_KEYS):
        odd = sorted(set(fields) ^ set(_HEAD_KEYS))
        raise SourceUnreadable(f"{path.name}: the head lacks or has too much of: {odd}")
    institution = INSTITUTIONS[path.parent.name]
    parts = re.split(r"\n\s*\n", body.strip("\n"))
    blocks = tuple(_block(path.name, part.strip().splitlines()) for part in parts)
    return Source(**fields, institution=institution, blocks=blocks)


def _field(name: str, line: str) -> tuple[str, str]:
    key, colon, value = line.partition(": ")
    if not colon or not value.strip():
        raise SourceUnreadable(f"{name}: not a `key: value` line: {line!r}")
    return key.strip(), value.strip()


def _block(name: str, lines: list[str]) -> Block:
    first = lines[0]
    if first.startswith("#"):
        return _heading(name, lines)
    if first.startswith("|") or (len(lines) > 1 and lines[1].startswith("|")):
        return _table(name, lines)
    if first.startswith("- "):
        return ItemList(_items(lines, re.compile(r"-\s+(.*)")), ordered=False)
    if _NUMBERED.fullmatch(first):
        return ItemList(_items(lines, re.compile(r"\d+\.\s+(.*)")), ordered=True)
    text = " ".join(line.strip() for line in lines)
    if text.startswith("> "):
        note = _NOTE.fullmatch(" ".join(line.removeprefix(">").strip() for line in lines))
        if note is None:
            raise SourceUnreadable(f"{name}: a note needs a label: {first!r}")
        return Note(note[1], note[2])
    clause = _CLAUSE.fullmatch(text)
    return Paragraph(clause[2], clause[1]) if clause else Paragraph(text)


def _heading(name: str, lines: list[str]) -> Heading:
    marks, _, text = lines[0].partition(" ")
    if len(lines) != 1 or marks not in ("##", "###") or not text.strip():
        raise SourceUnreadable(f"{name}: not a heading: {lines[0]!r}")
    return Heading(len(marks) - 1, text.strip())


def _items(lines: list[str], mark: re.Pattern[str]) -> tuple[str, ...]:
    items: list[str] = []
    for line in lines:
        begins = mark.fullmatch(line)
        if begins:
            items.append(begins[1])
        else:
            items[-1] += " " + line.strip()
    return tuple(items)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def _table(name: str, lines: list[str]) -> Table:
    caption = "" if lines[0].startswith("|") else lines[0].strip()
    rows = [_cells(line) for line in lines if line.startswith("|")]
    if len(rows) + bool(caption) != len(lines) or len(rows) < 3:
        raise SourceUnreadable(f"{name}: not a table: {lines[0]!r}")
    if len({len(row) for row in rows}) != 1:
        raise SourceUnreadable(f"{name}: rows of different length: {lines[0]!r}")
    try:
        widths = tuple(int(cell.strip("-")) for cell in rows[1])
    except ValueError as error:
        raise SourceUnreadable(f"{name}: no widths below the header: {lines[0]!r}") from error
    return Table(caption, widths, rows[0], tuple(rows[2:]))
