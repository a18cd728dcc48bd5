"""From a document to passages: whole sentences, one section each, small enough for the encoder.

Rules kept here: pure, in time that grows as the text does; every character of the body that is
not white space stands in a passage (the body is what the blocks cover, headings aside, which travel
as `headings`; one with nothing below it is a passage of its own); each span is the page's text
verbatim but for white space; a passage never holds text of two sections; a sentence that goes on
over a line, a column or a page stays whole, a word hyphenated at a line's end is joined.

Sizes are estimates in the encoder's word pieces. It cuts at 256; the innermost heading is embedded
in front of the text and counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from appliance.documents.errors import DocumentTooLarge
from appliance.documents.limits import always
from appliance.documents.sentences import clauses, sentences
from appliance.values import Block, BlockKind, Page, PageSpan, ParsedDocument, PassageDraft

MOST_PIECES = 225
MOST_PASSAGES = 100_000
_LEAST_ROOM = 120
_CHARACTERS_OF_A_PIECE = 3
_LONGEST_HEADING = 300
_DEEPEST_PATH = 6
_TAIL = 64  # more than is looked at of a broken word

_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
# No pattern tries a stretch of text twice: pages may be made to make it costly.
_SEAM = re.compile(r"\s{2,}|(?<=\w)-(?=[^\S\n]*+\n)\s++(?=[^\W\d_])")
_HYPHENATED = re.compile(r"(?<!\w)\w++-(?=[^\S\n]*+\n)\s++\w++")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TERMINAL = re.compile(r"[.!?:;…][\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class _Unit:
    """Text that reads on without a break: a paragraph, a list item, a row; and where it stands."""

    text: str
    spans: tuple[PageSpan, ...]
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Characters [start, end) of a unit. begins: the first of its unit."""

    unit: _Unit
    start: int
    end: int
    pieces: int
    begins: bool


class _Open:
    """A unit that may still go on: text and spans are gathered, and put together once."""

    def __init__(self, unit: _Unit) -> None:
        self.kind = unit.kind
        self.spans = list(unit.spans)
        self.last = self.tail = unit.text  # of what was added last; of all of it
        self._parts = [unit.text]
        self._length = len(unit.text)

    def join(self, after: _Unit, words: frozenset[str]) -> None:
        """Puts `after` behind it: a word that the break parts is whole again."""
        if self._ends_in_broken_word(after, words):
            self._parts[-1] = self._parts[-1][:-1]
            self._length -= 1
            self.tail = self.tail[:-1]
            cut = self.spans.pop()
            if cut.length > 1:
                self.spans.append(PageSpan(cut.at, cut.page, cut.start, cut.length - 1))
        elif not self._hyphen():
            self._parts.append(" ")
            self._length += 1
            self.tail += " "
        at = self._length
        self.spans += (PageSpan(s.at + at, s.page, s.start, s.length) for s in after.spans)
        self._parts.append(after.text)
        self._length += len(after.text)
        self.last = after.text
        self.tail = (self.tail[-_TAIL:] + after.text)[-_TAIL:]

    def _hyphen(self) -> bool:
        return self.tail.endswith("-") and self.tail[-2:-1].isalpha()

    def _ends_in_broken_word(self, after: _Unit, words: frozenset[str]) -> bool:
        tail = self.tail[-_TAIL:]
        return self._hyphen() and _is_broken_word(
            f"{tail}{after.text[:40]}", len(tail) - 1, len(tail), words
        )

    def whole(self) -> _Unit:
        return _Unit("".join(self._parts), tuple(self.spans), self.kind)


def chunk(
    document: ParsedDocument, go_on: Callable[[], None] = always, most: int = MOST_PASSAGES
) -> tuple[PassageDraft, ...]:
    """The document's passages in reading order. `go_on` is called between blocks and passages;
    what it raises comes out. Raises DocumentTooLarge for more than `most`."""
    words = _vocabulary(document.pages) if document.paged else frozenset()
    passages: list[PassageDraft] = []
    for headings, units in _sections(document, words, go_on):
        path = tuple(heading[:_LONGEST_HEADING] for heading in headings[-_DEEPEST_PATH:])
        room = max(MOST_PIECES - estimate(path[-1] if path else ""), _LEAST_ROOM)
        whole = [sentence for unit in units for sentence in _sentences(unit, room, go_on)]
        for group in _groups(whole, room):
            go_on()
            passages.append(_passage(group, path))
            if len(passages) > most:
                raise DocumentTooLarge(f"The document makes more than {most:,} passages.")
    return tuple(passages)


def estimate(text: str) -> int:
    """About how many word pieces: long words are several; measured on medical and legal English."""
    return round(sum(_weight(word) for word in _WORD.findall(text)))


def _weight(word: str) -> float:
    length = len(word)
    if not word.isascii() and not word[0].isascii() and word[0] > "\u02ff":
        return length * (2.5 if "\uac00" <= word[0] <= "\ud7a3" else 1.0)
    if word[0].isdigit():
        return (length + 1) / 2
    return _WEIGHTS[length] if length < len(_WEIGHTS) else 0.33 * length


# By the length of the word.
_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.15, 1.3, 1.4, 1.7, 1.9, 2.3, 2.9, 4.0, 4.5)


# --- sections -------------------------------------------------------------------------------------


def _sections(
    document: ParsedDocument, words: frozenset[str], go_on: Callable[[], None]
) -> Iterator[tuple[list[str], list[_Unit]]]:
    """Each section's heading path and its units."""
    path: list[tuple[int, str]] = []
    units: list[_Open] = []
    alone: _Unit | None = None  # the last heading, while nothing has followed it
    for page, block in _blocks(document.pages):
        go_on()
        unit = _unit(page, block, words)
        if block.kind is not BlockKind.HEADING:
            alone = None
            if units and _reads_on(units[-1], unit, document.paged):
                units[-1].join(unit, words)
            else:
                units.append(_Open(unit))
            continue
        if units:
            yield [text for _, text in path], [open_.whole() for open_ in units]
        level = block.level or 1
        if alone is not None and path and path[-1][0] >= level:
            yield [text for _, text in path[:-1]], [alone]
        while path and path[-1][0] >= level:
            path.pop()
        path.append((level, unit.text))
        units, alone = [], unit
    if units:
        yield [text for _, text in path], [open_.whole() for open_ in units]
    elif alone is not None:
        yield [text for _, text in path[:-1]], [alone]


def _blocks(pages: Sequence[Page]) -> Iterator[tuple[Page, Block]]:
    for page in pages:
        for block in page.blocks:
            if page.text[block.start : block.end].strip():
                yield page, block


def _unit(page: Page, block: Block, words: frozenset[str]) -> _Unit:
    """The block's text with single spaces, hyphenated words joined."""
    raw = page.text[block.start : block.end]
    first = len(raw) - len(raw.lstrip())
    last = len(raw.rstrip())
    parts: list[str] = []
    spans: list[PageSpan] = []
    at = 0

    def take(start: int, end: int) -> None:
        nonlocal at
        if end > start:
            parts.append(raw[start:end])
            spans.append(PageSpan(at, page.number, block.start + start, end - start))
            at += end - start

    position = first
    for seam in _SEAM.finditer(raw, first, last):
        if seam[0][0] == "-":
            kept = 0 if _is_broken_word(raw, seam.start(), seam.end(), words) else 1
            take(position, seam.start() + kept)
        else:
            take(position, seam.start() + 1)
        position = seam.end()
    take(position, last)
    text = "".join(parts)
    return _Unit(text.translate(_SPACES), tuple(spans), block.kind)


_SPACES = {ord(space): " " for space in "\n\t\r\x0b\x0c\u00a0\u2002\u2003\u2009\u3000"}


def _is_broken_word(text: str, hyphen: int, after: int, words: frozenset[str]) -> bool:
    """Whether the hyphen only marks the break: judged by how the document writes the word."""
    left = re.search(r"[^\W_]+$", text[max(hyphen - 40, 0) : hyphen])
    right = re.match(r"[^\W_]+", text[after : after + 40])
    if left is None or right is None:
        return False
    joined, parted = (left[0] + right[0]).lower(), f"{left[0]}-{right[0]}".lower()
    if joined in words:
        return True
    return parted not in words and right[0][0].islower() and left[0].isalpha()


def _vocabulary(pages: Sequence[Page]) -> frozenset[str]:
    """Every word that is written within a line, hyphens and all, in lower case."""
    found: set[str] = set()
    if any("-\n" in page.text for page in pages):
        for page in pages:
            found.update(_WORDS.findall(_HYPHENATED.sub(" ", page.text).lower()))
    return frozenset(found)


def _reads_on(before: _Open, after: _Unit, paged: bool) -> bool:
    """Whether the text of `before` goes on in `after`: in the next column or page, or where a long
    paragraph without pages was cut into stretches. What is joined begins with a letter or a digit,
    so how `before` ends is to be seen in what was added last."""
    crosses = before.spans[-1].page != after.spans[0].page
    if not (crosses or paged) or after.kind is not BlockKind.PARAGRAPH:
        return False
    if before.kind not in _READING_ON or _TERMINAL.search(before.last):
        return False
    return after.text[0].islower() or (
        crosses and before.tail[-1] in ",-(" and after.text[0].isalnum()
    )


_READING_ON = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM})


# --- sentences and passages -----------------------------------------------------------------------


def _sentences(unit: _Unit, room: int, go_on: Callable[[], None]) -> Iterator[_Sentence]:
    begins = True
    for start, end in sentences(unit.text, go_on):
        go_on()
        pieces = estimate(unit.text[start:end])
        if pieces <= room:
            yield _Sentence(unit, start, end, pieces, begins)
            begins = False
            continue
        for low, high in clauses(unit.text, start, end, room * _CHARACTERS_OF_A_PIECE):
            go_on()
            for first, last in _halves(unit.text, low, high, room):
                yield _Sentence(unit, first, last, estimate(unit.text[first:last]), begins)
                begins = False


def _halves(text: str, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """Dense text (digits, symbols) has more pieces than its length tells; it is cut further."""
    if estimate(text[start:end]) <= room or end - start <= room // 4:
        yield start, end
        return
    for low, high in clauses(text, start, end, (end - start + 1) // 2):
        yield from _halves(text, low, high, room)


def _groups(whole: list[_Sentence], room: int) -> Iterator[list[_Sentence]]:
    """Passages of about equal size, so that no small bit is left at the end; a passage rather ends
    where a paragraph does."""
    left = sum(sentence.pieces for sentence in whole)
    group: list[_Sentence] = []
    size = 0
    target = left / max(1, -(-left // room))
    for sentence in whole:
        near_end = sentence.begins and size > 0.8 * target and left > 0.5 * target
        past_target = size + sentence.pieces / 2 > target and left > 0.3 * target
        if group and (size + sentence.pieces > room or near_end or past_target):
            yield group
            group, size = [], 0
            target = left / max(1, -(-left // room))
        group.append(sentence)
        size += sentence.pieces
        left -= sentence.pieces
    if group:
        yield group


def _passage(group: list[_Sentence], headings: tuple[str, ...]) -> PassageDraft:
    parts: list[str] = []
    bounds: list[tuple[int, int]] = []
    spans: list[PageSpan] = []
    at = 0
    previous: _Sentence | None = None
    for sentence in group:
        low = sentence.start
        if previous is not None:
            if previous.unit is sentence.unit:
                parts.append(sentence.unit.text[previous.end : low])
                spans += _slice(sentence.unit, previous.end, low, at)
                at += low - previous.end
            else:
                parts.append("\n")
                at += 1
        parts.append(sentence.unit.text[low : sentence.end])
        spans += _slice(sentence.unit, low, sentence.end, at)
        bounds.append((at, at + sentence.end - low))
        at += sentence.end - low
        previous = sentence
    return PassageDraft("".join(parts), tuple(bounds), headings, tuple(_merged(spans)))


def _slice(unit: _Unit, start: int, end: int, at: int) -> Iterator[PageSpan]:
    """The spans of the unit's characters [start, end), as they stand in a passage from `at`."""
    first = max(bisect_right(unit.spans, start, key=lambda span: span.at) - 1, 0)
    for span in islice(unit.spans, first, None):
        if span.at >= end:
            return
        low, high = max(start, span.at), min(end, span.at + span.length)
        if low < high:
            yield PageSpan(at + low - start, span.page, span.start + low - span.at, high - low)


def _merged(spans: list[PageSpan]) -> list[PageSpan]:
    merged: list[PageSpan] = []
    for span in spans:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.page == span.page
            and last.at + last.length == span.at
            and last.start + last.length == span.start
        ):
            merged[-1] = PageSpan(last.at, last.page, last.start, last.length + span.length)
        else:
            merged.append(span)
    return merged
