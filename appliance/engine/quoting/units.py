"""Cutting passages into what can be quoted.

Rules kept here: a unit is a stretch of the passage's text, verbatim; units do not overlap and stand
in reading order. A sentence is a unit, but a long list run into one sentence ("Signs are: - fever
- rash - …") is cut at its items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.values import Passage

LONG = 320
SHORT = 12
CONTEXT = 200
_ITEM = re.compile(r"(?<=\s)[-–•*·]\s+(?=\S)")
_POINTING = re.compile(
    r"https?://|www\.|^\W*(?:source\b|see also|see the following|for (?:more|further) information|"
    r"more information|references?:|further reading|for details,? see)",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"""[-–•*·"'“(\s]*(?:it|its|this|these|those|that|they|their|them|he|she|his|her|such|
    however|but|and|or|also|in\ addition|additionally|therefore|thus|then|otherwise|for\ example|
    for\ instance|instead|both|the\ (?:latter|former|same)|in\ (?:this|these|that|such)|
    if\ (?:so|not|this|it|they))\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters [start, end) of the passage at `place` in the list of found passages; `index`
    counts the passage's units. `leans`: not understood without the one before it. `opens`: a
    colon announces what follows. `points`: says only where to read on. `context`: the text
    before it, if it leans."""

    place: int
    index: int
    start: int
    end: int
    text: str
    leans: bool
    opens: bool
    points: bool
    context: str


def units_of(place: int, passage: Passage) -> tuple[Unit, ...]:
    """The passage's units. Sentences that lie outside the text are ignored."""
    stretches: list[tuple[int, int, bool]] = []
    for start, end in passage.sentences or ((0, len(passage.text)),):
        if 0 <= start < end <= len(passage.text):
            stretches += _split(passage.text, start, end)
    units: list[Unit] = []
    for start, end, item in stretches:
        text = passage.text[start:end]
        leans = bool(units) and (item or _LEANING.match(text) is not None)
        units.append(
            Unit(
                place=place,
                index=len(units),
                start=start,
                end=end,
                text=text,
                leans=leans,
                opens=text.rstrip().endswith(":"),
                points=_POINTING.search(text) is not None,
                context=units[-1].text[-CONTEXT:] if leans else "",
            )
        )
    return tuple(units)


def _split(text: str, start: int, end: int) -> list[tuple[int, int, bool]]:
    """(start, end, whether it goes on with a list) of a sentence's units, white space trimmed."""
    cuts = [start]
    if end - start > LONG:
        for match in _ITEM.finditer(text, start, end):
            if match.start() - cuts[-1] >= LONG // 2:
                cuts.append(match.start())
    pieces = []
    for number, (first, last) in enumerate(zip(cuts, [*cuts[1:], end], strict=True)):
        piece = text[first:last]
        trimmed = piece.strip()
        if len(trimmed) >= SHORT:
            at = first + piece.index(trimmed)
            item = number > 0 or _is_item(trimmed)
            pieces.append((at, at + len(trimmed), item))
    return pieces


def _is_item(text: str) -> bool:
    return text[0] in "-–•*·" and text[1:2].isspace()


def place_in_words(passage: Passage) -> str:
    """What the passage is about, for the encoder: its innermost heading, else its title."""
    heading = passage.headings[-1] if passage.headings else passage.title
    return " ".join(heading.split())[:90]


def surroundings(passage: Passage) -> Sequence[str]:
    """The words that stand over the passage: title and headings."""
    return (passage.title, *passage.headings)
