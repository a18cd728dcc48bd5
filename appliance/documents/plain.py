"""Plain text: paragraphs at blank lines, list items at their markers, headings where they are sure.

Rules kept here: no line is lost; what is doubtful is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from appliance.documents.stretches import Piece, clean, tidy
from appliance.values import BlockKind

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+|\f")
_MARKER = re.compile(r"\s*(?:[•◦▪*+–-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})\)|\d{1,3}\.)[ \t]+\S")
_NUMBERED = re.compile(
    r"(?:§+ ?\d[\w.\-()]*|(?:Chapter|Section|Article|Part|Appendix|Annex) [\dA-Z][\w.]*"
    r"|\d{1,2}(?:\.\d{1,2}){1,4}\.?)[:.]?[ \t]+[A-Z]"
)
_RULE = re.compile(r"[=\-~_*]{3,}")
_ENDS_OPEN = (".", ",", ";", ":", "!")
_LONGEST_HEADING = 90


def read_text(text: str) -> tuple[str, Iterator[Piece]]:
    """No title, and the pieces."""
    return "", _pieces(clean(text).replace("\x0b", "\n"))


def _pieces(text: str) -> Iterator[Piece]:
    for paragraph in _BLANK.split(text):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if len(lines) == 2 and _RULE.fullmatch(lines[1].strip()) and len(lines[0]) < 200:
            level = 1 if lines[1].strip()[0] == "=" else 2
            yield Piece(BlockKind.HEADING, tidy(lines[0]), level)
        elif len(lines) == 1 and _is_heading(lines[0].strip()):
            yield Piece(BlockKind.HEADING, tidy(lines[0]), 2)
        elif lines:
            yield from _items(lines)


def _items(lines: list[str]) -> Iterator[Piece]:
    """A paragraph's lines, parted at list markers."""
    group: list[str] = []
    for line in lines:
        if group and _MARKER.match(line):
            yield _piece(group)
            group = []
        group.append(line)
    yield _piece(group)


def _piece(group: list[str]) -> Piece:
    kind = BlockKind.LIST_ITEM if _MARKER.match(group[0]) else BlockKind.PARAGRAPH
    return Piece(kind, tidy("\n".join(group)))


def _is_heading(line: str) -> bool:
    if len(line) > _LONGEST_HEADING or line.endswith(_ENDS_OPEN) or not line[:1].strip():
        return False
    letters = [character for character in line if character.isalpha()]
    capitals = len(letters) >= 3 and all(letter.isupper() for letter in letters)
    return capitals or bool(_NUMBERED.match(line))
