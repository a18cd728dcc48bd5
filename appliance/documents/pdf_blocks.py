"""From the lines of a PDF page to its blocks: headings, paragraphs, list items, table rows.

Rules kept here: pure geometry and text; every line lands in exactly one block, in reading order;
what is doubtful is a paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from appliance.documents.pdf_text import Line, PageContent
from appliance.values import Block, BlockKind

LIST_MARKER = re.compile(
    r"(?:[•◦▪‣●○■□–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlcIVXLC]{1,6})\)|\d{1,3}\.|[a-z]\.)[ \t]+\S"
)
# "1. First" in the size of the body is rather a list item; "1.2 Scope" is a heading.
_NUMBERED = re.compile(
    r"(?:§+ ?\d[\w.\-()]*[:.]? +\S|(?:Chapter|Section|Article|Part|Appendix|Annex|Schedule) "
    r"[\dA-Z][\w.]*[:.]? +[A-Z]|\d{1,2}(?:\.\d{1,2}){1,4}\.?[ \t]+[A-Z])"
)
_SENTENCE_END = (".", "!", "?", ":", ";", ".”", '."', ".)")
_LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class TypeSizes:
    """The size most of the text is set in, and the larger ones from the largest down."""

    body: float
    larger: tuple[float, ...] = ()

    def level(self, size: float) -> int:
        """1..6 for a heading of this size."""
        for rank, larger in enumerate(self.larger):
            if size >= larger - 0.3:
                return min(rank + 1, 6)
        return min(len(self.larger) + 1, 6)

    def is_larger(self, size: float) -> bool:
        return size >= self.body * 1.12


def sizes_of(pages: list[PageContent]) -> TypeSizes:
    """Looks at how much text is set in which size."""
    weights: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            weights[round(line.size * 2) / 2] += line.end - line.start
    if not weights:
        return TypeSizes(10.0)
    body = max(weights, key=lambda size: weights[size])
    larger = sorted((size for size in weights if size >= body * 1.12), reverse=True)
    return TypeSizes(body, tuple(larger[:5]))


def blocks_of(page: PageContent, sizes: TypeSizes) -> tuple[Block, ...]:
    """The page's blocks in reading order, none overlapping."""
    rows = _table_rows(page)
    blocks: list[Block] = []
    group: list[Line] = []
    for index, line in enumerate(page.lines):
        if index in rows:
            _close(page, group, sizes, blocks)
            blocks.append(Block(BlockKind.TABLE_ROW, line.start, line.end))
            continue
        if group and _begins_anew(page, group, line, sizes):
            _close(page, group, sizes, blocks)
        group.append(line)
    _close(page, group, sizes, blocks)
    return tuple(blocks)


def _table_rows(page: PageContent) -> frozenset[int]:
    """Lines parted into cells with a neighbour that is, too; a marker and its item do not count."""
    parted = []
    for line in page.lines:
        text = page.text[line.start : line.end]
        marker = LIST_MARKER.match(text)
        parted.append(line.cells and "\t" in text[marker.end() - 1 if marker else 0 :])
    return frozenset(
        index
        for index, here in enumerate(parted)
        if here and (any(parted[max(index - 1, 0) : index]) or any(parted[index + 1 : index + 2]))
    )


def _close(page: PageContent, group: list[Line], sizes: TypeSizes, blocks: list[Block]) -> None:
    if not group:
        return
    start, end = group[0].start, group[-1].end
    text = page.text[start:end]
    if _is_heading(group, text, sizes):
        blocks.append(Block(BlockKind.HEADING, start, end, sizes.level(group[0].size)))
    elif LIST_MARKER.match(text):
        blocks.append(Block(BlockKind.LIST_ITEM, start, end))
    else:
        blocks.append(Block(BlockKind.PARAGRAPH, start, end))
    group.clear()


def _is_heading(group: list[Line], text: str, sizes: TypeSizes) -> bool:
    if len(text) > _LONGEST_HEADING or len(group) > 3 or not any(c.isalpha() for c in text):
        return False
    if all(sizes.is_larger(line.size) for line in group):
        return True
    if all(line.bold for line in group):
        return not text.endswith((",", ";")) and (len(group) == 1 or not text.endswith("."))
    if len(group) > 1 or text.endswith((".", ",", ";", ":")) or len(text) > 100:
        return False
    return bool(_NUMBERED.match(text))


def _begins_anew(page: PageContent, group: list[Line], line: Line, sizes: TypeSizes) -> bool:
    """Whether `line` starts a block of its own rather than going on with `group`."""
    last = group[-1]
    text = page.text[line.start : line.end]
    before = page.text[last.start : last.end]
    ended = before.endswith(_SENTENCE_END)
    if abs(line.size - last.size) > 0.12 * max(line.size, last.size):
        return line.bottom > last.bottom + 0.5 * last.size  # but a raised mark stays where it is
    if line.bold != last.bold and (ended or _short(group)):
        return True
    if LIST_MARKER.match(text):
        return True
    if line.bottom <= last.bottom:  # the next column
        return ended or sizes.is_larger(line.size)
    return _is_set_off(group, line) or (ended and _is_indented(group, line))


def _is_set_off(group: list[Line], line: Line) -> bool:
    """Whether there is more room above the line than between the lines of its group."""
    last = group[-1]
    pitch = line.bottom - last.bottom
    usual = last.bottom - group[-2].bottom if len(group) > 1 else 0.0
    return pitch > 1.75 * max(line.size, last.size) or 0 < usual * 1.3 < pitch


def _is_indented(group: list[Line], line: Line) -> bool:
    """Whether the group's last line ends short, or this one begins further in."""
    last = group[-1]
    left, right = min(m.left for m in group), max(m.right for m in group)
    ends_short = last.right < right - 0.15 * (right - left)
    return ends_short or (line.left > last.left + 0.8 * line.size and len(group) > 1)


def _short(group: list[Line]) -> bool:
    return len(group) <= 3 and sum(line.end - line.start for line in group) <= _LONGEST_HEADING
