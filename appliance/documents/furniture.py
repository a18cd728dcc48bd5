"""Running headers, footers and page numbers: told from the body by their repeating.

Rules kept here: pure; a page's text is never changed, only its blocks, which then leave the
furniture out; a line counts only at the very edge of a page, and only where pages close to one
another carry the same (but for numbers) at the same place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from appliance.values import Block, Page

_EDGE = 3
"""So many lines at the top and at the bottom of a page may be furniture."""
_LONGEST = 150
_NEIGHBOURS = 2
"""The same line two pages on still belongs to the run (left and right pages differ)."""
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")


def without_furniture(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages with blocks that leave repeated edges out."""
    if len(pages) < 3:
        return tuple(pages)
    needed = max(3, min(5, round(0.6 * len(pages))))
    lines = [_edges(page.text) for page in pages]
    repeated: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for place in (*range(_EDGE), *range(-1, -_EDGE - 1, -1)):
        for page, line in _repeated_at(place, pages, lines, needed):
            inner = place - 1 if place > 0 else place + 1
            if place in (0, -1) or lines[page].get(inner) in repeated[page]:
                repeated[page].add(line)
    return tuple(
        replace(page, blocks=_cut(page, sorted(repeated[index]))) if repeated[index] else page
        for index, page in enumerate(pages)
    )


def _edges(text: str) -> dict[int, tuple[int, int]]:
    """The ranges of the first and last lines, keyed 0, 1, 2 and -1, -2, -3."""
    ranges: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            ranges.append((start, start + len(line)))
        start += len(line) + 1
    edge = min(_EDGE, len(ranges) // 2)  # a line is never both at the top and at the bottom
    edges = {place: ranges[place] for place in range(edge)}
    return edges | {-place: ranges[-place] for place in range(1, edge + 1)}


def _repeated_at(
    place: int, pages: Sequence[Page], lines: list[dict[int, tuple[int, int]]], needed: int
) -> list[tuple[int, tuple[int, int]]]:
    """(index of the page, range of the line) of each line at this place that repeats nearby."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, page in enumerate(pages):
        if place in lines[index]:
            start, end = lines[index][place]
            if end - start <= _LONGEST:
                key = _NUMBER.sub("#", " ".join(page.text[start:end].lower().split()))
                places[key].append(index)
    return [
        (member, lines[member][place])
        for indexes in places.values()
        for run in _runs(indexes, pages)
        if len(run) >= needed
        for member in run
    ]


def _runs(indexes: list[int], pages: Sequence[Page]) -> list[list[int]]:
    """The indexes, parted where more than a page or two lies between."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and pages[index].number - pages[runs[-1][-1]].number <= _NEIGHBOURS:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _cut(page: Page, furniture: list[tuple[int, int]]) -> tuple[Block, ...]:
    """The blocks without these ranges, and without white space at their ends."""
    blocks = list(page.blocks)
    for start, end in furniture:
        kept: list[Block] = []
        for block in blocks:
            if block.end <= start or block.start >= end:
                kept.append(block)
                continue
            for low, high in ((block.start, start), (end, block.end)):
                part = page.text[low:high]
                if part.strip():
                    first = low + len(part) - len(part.lstrip())
                    kept.append(replace(block, start=first, end=low + len(part.rstrip())))
        blocks = kept
    return tuple(blocks)
