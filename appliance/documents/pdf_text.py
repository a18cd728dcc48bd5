"""A PDF page's text, tidied, with the way back from each character to its place on the page.

Rules kept here: the same page always gives the same text, so that character ranges kept from the
import find their boxes when the page is shown. Every character of the text knows which character
of PDFium's it came from. Runs only in the sandboxed reader process.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

_LINE_END_HYPHENS = "\x02\ufffe\xad"
"""What PDFium puts for a hyphen at a line's end (it drops the line break)."""
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_SYMBOL_BULLETS = "\uf0b7\uf0a7\uf0d8\uf0fc\uf076"
_KEPT = frozenset(chr(code) for code in range(33, 127))
_CELL_GAP = 2.0
"""A gap inside a line wider than this many times the size of the type parts two cells."""


@dataclass(frozen=True, slots=True)
class Line:
    """Characters [start, end) of the page's text and where they stand, in points from the top
    left. `cells` says that wide gaps part it; their spaces are then tabs in the text."""

    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool
    cells: bool


@dataclass(frozen=True, slots=True)
class PageContent:
    """`origins[i]` is PDFium's index of character i of `text`."""

    text: str
    origins: tuple[int, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """The visible page: its box in user space (points) and how it is turned (0, 90, 180, 270)."""

    left: float
    bottom: float
    right: float
    top: float
    turned: int

    @property
    def width(self) -> float:
        wide, high = self.right - self.left, self.top - self.bottom
        return high if self.turned in (90, 270) else wide

    @property
    def height(self) -> float:
        wide, high = self.right - self.left, self.top - self.bottom
        return wide if self.turned in (90, 270) else high

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point in user space as seen, from the top left."""
        if self.turned == 90:
            return y - self.bottom, x - self.left
        if self.turned == 180:
            return self.right - x, y - self.bottom
        if self.turned == 270:
            return self.top - y, self.right - x
        return x - self.left, self.top - y

    def box(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) as seen."""
        one, other = self.point(left, bottom), self.point(right, top)
        return (
            min(one[0], other[0]),
            min(one[1], other[1]),
            max(one[0], other[0]),
            max(one[1], other[1]),
        )


def placement_of(page: pdfium.PdfPage) -> Placement:
    left, bottom, right, top = page.get_bbox()
    return Placement(left, bottom, right, top, page.get_rotation())


def read_page(page: pdfium.PdfPage, limit: int) -> PageContent:
    """The page's text and lines. Raises OverflowError for more than `limit` characters."""
    textpage = page.get_textpage()
    try:
        if textpage.count_chars() > limit:
            raise OverflowError
        tidy = _tidy(_characters(textpage))
        ruler = _Ruler(textpage, placement_of(page), tidy.origins)
        lines = tuple(_line(ruler, tidy.text, start, end) for start, end in tidy.lines)
    finally:
        textpage.close()
    return PageContent("".join(tidy.text), tuple(tidy.origins), lines)


def boxes_of(
    page: pdfium.PdfPage, content: PageContent, start: int, end: int
) -> list[tuple[float, float, float, float]]:
    """Boxes (left, top, right, bottom; points, as seen) round [start, end), one a line."""
    textpage = page.get_textpage()
    placement = placement_of(page)
    boxes = []
    try:
        for line in content.lines:
            low, high = max(start, line.start), min(end, line.end)
            parts = [
                placement.box(*_loose_box(textpage, content.origins[i]))
                for i in range(low, high)
                if not content.text[i].isspace()
            ]
            if parts:
                boxes.append(
                    (
                        min(p[0] for p in parts),
                        min(p[1] for p in parts),
                        max(p[2] for p in parts),
                        max(p[3] for p in parts),
                    )
                )
    finally:
        textpage.close()
    return boxes


def _characters(textpage: pdfium.PdfTextPage) -> list[str]:
    """One entry for each character PDFium counts; surrogate halves joined into the first."""
    count = textpage.count_chars()
    text: str = textpage.get_text_range()
    if len(text) == count:
        return list(text)
    characters = []
    high = 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            characters.append("")
        elif 0xDC00 <= code < 0xE000:
            whole = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
            characters.append(chr(whole))
            high = 0
        else:
            characters.append(chr(code) if code <= 0x10FFFF else "")
    return characters


@dataclass(slots=True)
class _Tidy:
    """Text being written, line by line; lines are ranges without their line break."""

    text: list[str] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    start: int = 0

    def put(self, character: str, index: int) -> None:
        """A space only after something that is none."""
        if character != " " or (len(self.text) > self.start and self.text[-1] != " "):
            self.text.append(character)
            self.origins.append(index)

    def end_line(self, index: int) -> None:
        if len(self.text) > self.start and self.text[-1] == " ":
            self.text.pop()
            self.origins.pop()
        if len(self.text) > self.start:
            self.lines.append((self.start, len(self.text)))
            self.text.append("\n")
            self.origins.append(index)
            self.start = len(self.text)


def _tidy(characters: list[str]) -> _Tidy:
    """Drops what is not text, makes every line's white space single, breaks lines at "\n"."""
    tidy = _Tidy()
    text, origins = tidy.text, tidy.origins
    for index, character in enumerate(characters):
        if character in _KEPT:
            text.append(character)
            origins.append(index)
        elif character == "\n":
            tidy.end_line(index)
        elif character and character in _LINE_END_HYPHENS:
            if len(text) > tidy.start:
                tidy.put("-", index)
                tidy.end_line(index)
        else:
            for kept in _plain(character):
                tidy.put(kept, index)
    tidy.end_line(len(characters) - 1)
    if text:  # the last line's break
        text.pop()
        origins.pop()
    return tidy


def _plain(character: str) -> str:
    """The character as it goes into the text: nothing, one space, or itself (ligatures spelt)."""
    if not character:
        return ""
    if character in _LIGATURES:
        return _LIGATURES[character]
    if character in _SYMBOL_BULLETS:
        return "•"
    category = unicodedata.category(character)
    if category[0] == "Z" or character == "\t":
        return " "
    return "" if category in {"Cc", "Cs", "Cf", "Cn"} else character


def _line(ruler: _Ruler, text: list[str], start: int, end: int) -> Line:
    """Measures a line, and turns its wide gaps into tabs in `text`."""
    first, last = ruler.origins[start], ruler.origins[end - 1]
    size, bold = _type_of(ruler.textpage, first)
    if bold and end - start > 2:
        bold = _type_of(ruler.textpage, ruler.origins[start + (end - start) * 3 // 4])[1]
    one = ruler.placement.box(*_loose_box(ruler.textpage, first))
    other = ruler.placement.box(*_loose_box(ruler.textpage, last))
    cells = False
    for index in range(start + 1, end - 1):
        if text[index] == " " and ruler.gap(index) > _CELL_GAP * size:
            text[index] = "\t"
            cells = True
    return Line(
        start,
        end,
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
        size,
        bold,
        cells,
    )


@dataclass(frozen=True, slots=True)
class _Ruler:
    """What it takes to measure between the characters of a page's text."""

    textpage: pdfium.PdfTextPage
    placement: Placement
    origins: list[int]

    def gap(self, index: int) -> float:
        """Points between the characters before and after the space at `index`."""
        before = _loose_box(self.textpage, self.origins[index - 1])
        after = _loose_box(self.textpage, self.origins[index + 1])
        if self.placement.turned:
            return self.placement.box(*after)[0] - self.placement.box(*before)[2]
        return after[0] - before[2]


def _loose_box(textpage: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    """(left, bottom, right, top) of a character's em box in user space; zeros when it has none."""
    box = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage, index, box):
        return 0.0, 0.0, 0.0, 0.0
    return box.left, box.bottom, box.right, box.top


def _type_of(textpage: pdfium.PdfTextPage, index: int) -> tuple[float, bool]:
    """The size of the type in points as drawn, and whether it is bold."""
    matrix: Any = raw.FS_MATRIX()
    scale = 1.0
    if raw.FPDFText_GetMatrix(textpage, index, matrix):
        scale = math.hypot(matrix.c, matrix.d) or 1.0
    size = float(raw.FPDFText_GetFontSize(textpage, index)) * scale
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, index, name, len(name), flags)
    label = name.value.lower()
    heavy = any(word in label for word in (b"bold", b"black", b"heavy", b"-bd"))
    heavy = heavy or raw.FPDFText_GetFontWeight(textpage, index) >= 700
    return (size if 0.5 < size < 1000 else 10.0), heavy
