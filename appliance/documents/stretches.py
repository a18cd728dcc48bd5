"""Formats without pages, cut into stretches of text that can be shown at once.

Rules kept here: pure; every piece of text lands in one stretch, in order; a stretch begins at a
heading where one is near, and is cut inside a paragraph only where that is very long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.documents import errors
from appliance.documents.errors import Unreadable
from appliance.documents.limits import ReaderLimits
from appliance.values import Block, BlockKind, Page

TARGET = 3_000
LONGEST_PIECE = 6_000
ENOUGH_BEFORE_HEADING = 1_000

_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" *\n\s*")
NOT_TEXT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    r"\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A block before it has a place. The cells of a table row are parted by tabs."""

    kind: BlockKind
    text: str
    level: int = 0


def clean(text: str) -> str:
    """Drops control, direction and zero-width characters; white space stays as it is."""
    return NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy(text: str) -> str:
    """Clean text with single spaces and single line breaks, none at the ends."""
    return _AROUND_BREAK.sub("\n", _SPACES.sub(" ", clean(text))).strip()


def row(cells: Iterable[str]) -> str:
    """The cells of a table row as one line."""
    return "\t".join(tidy(cell).replace("\n", " ") for cell in cells).strip("\t")


def stretches(pieces: Iterable[Piece], limits: ReaderLimits) -> Iterator[Page]:
    """The pieces as numbered pages of about 3,000 characters.

    Raises Unreadable when there is more text or there are more stretches than the limits allow."""
    number, total, length = 1, 0, 0
    gathered: list[Piece] = []
    for piece in _cut(pieces):
        total += len(piece.text)
        if total > limits.total_characters or number > limits.pages:
            raise Unreadable(errors.DocumentTooLarge)
        full = length + len(piece.text) > TARGET and length > 0
        at_heading = piece.kind is BlockKind.HEADING and length >= ENOUGH_BEFORE_HEADING
        if full or at_heading or len(gathered) >= limits.blocks_of_page:
            kept = _trailing_headings(gathered) if not at_heading else []
            if len(kept) == len(gathered):
                kept = []
            yield _page(number, gathered[: len(gathered) - len(kept)])
            number, gathered = number + 1, kept
            length = sum(len(other.text) + 1 for other in kept)
        gathered.append(piece)
        length += len(piece.text) + 1
    if gathered:
        yield _page(number, gathered)


def _trailing_headings(gathered: list[Piece]) -> list[Piece]:
    """Headings at the end go with the text that follows them."""
    first = len(gathered)
    while first and gathered[first - 1].kind is BlockKind.HEADING:
        first -= 1
    return gathered[first:]


def _page(number: int, pieces: list[Piece]) -> Page:
    blocks, position = [], 0
    for piece in pieces:
        end = position + len(piece.text)
        blocks.append(Block(piece.kind, position, end, piece.level))
        position = end + 1
    return Page(number, "\n".join(piece.text for piece in pieces), tuple(blocks))


def _cut(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces that hold text, very long ones in parts that read on from one another."""
    for piece in pieces:
        if not _has_text(piece.text):
            continue
        if len(piece.text) <= LONGEST_PIECE:
            yield piece
            continue
        kind = piece.kind if piece.kind is not BlockKind.HEADING else BlockKind.PARAGRAPH
        for part in _parts(piece.text):
            yield Piece(kind, part)
            kind = BlockKind.CODE if kind is BlockKind.CODE else BlockKind.PARAGRAPH


def _parts(text: str) -> Iterator[str]:
    while len(text) > LONGEST_PIECE:
        at = _break_near(text, TARGET)
        head, text = text[:at].rstrip(), text[at:].lstrip()
        if head:
            yield head
    if text:
        yield text


def _break_near(text: str, target: int) -> int:
    """Where to cut: after a line, sentence or word before twice the target; else right there."""
    window = text[: 2 * target]
    for mark in ("\n", ". ", " "):
        at = window.rfind(mark, target // 2)
        if at > 0:
            return at + len(mark)
    return target


def _has_text(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNSP" for character in text)
