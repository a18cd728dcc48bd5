"""What of a text is a word, a number, a unit or a sign.

Rules kept here: pure. A run that holds a digit is one number with all that is joined to it ("0.5",
"12/03/2024", "NGH-CP-014", "A1c"); numbers in letters and names of months and days are numbers too.
One that begins with a letter is a code, if it is not a unit with a number behind it ("mg/5"); so
are codes written in groups (an account, a postcode, a quarter of a year).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from appliance.engine.decoding.bound.closed import (
    DAYS,
    MONTHS,
    NUMBER_WORDS,
    UNIT_SIGNS,
    UNIT_WORDS,
)

_FREE_JOINERS = ",:;—'’"
_BOUND_JOINERS = "/·_+×@&^=~"
_PARTED = re.compile(r"[-–—/'’]")
NEAR = ("", " ", "\n")
"""What may stand between a number and its unit or sign."""
_POWER = re.compile(r"(?:[kcdmµμn]?m|s|ft)[²³23]")
_KEPT_FORMAT = "\u200c\u200d"  # they spell words of some scripts
# An IBAN (ISO 13616) or another code in groups of four, a British postcode, a British number of
# national insurance, a quarter or half of a year.
_GROUPED = re.compile(
    r"(?<![^\W_])(?<![^\W_][-–/.])(?:[A-Z]{2}\d\d(?:[ \n][A-Z\d]{4}){2,7}(?:[ \n][A-Z\d]{1,3})?"
    r"|[A-Z]{1,2}\d[A-Z\d]?[ \n]\d[A-Z]{2}|[A-Z]{2}(?:[ \n]\d\d){3}[ \n][A-D]"
    r"|(?:Q[1-4]|H[12])[ \n][12]\d{3})(?![-–/.]?[^\W_])"
)
# A minus before its number, set apart: "at - 20 °C". Elsewhere it may be a dash.
_MINUS_APART = re.compile(r"\b(at|of|is|was|to|than|from|below|above|between|and) ([-–]) (?=\d)")


class Kind(Enum):
    WORD = auto()
    NUMBER = auto()
    CODE = auto()
    UNIT = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """Characters [start, end) of a text."""

    kind: Kind
    text: str
    start: int
    end: int


def normal(untrusted_text: str) -> str:
    """NFC; a blank for blanks, a line break or tab where they hold one; nothing that cannot be
    seen."""
    composed = unicodedata.normalize("NFC", untrusted_text)
    if "0" in composed.translate(_CLASSES):
        composed = "".join(c for c in composed if _class(c) != "0")
    blanks = _BLANKS.sub(lambda found: _blank(found[0]), composed).strip()
    return _MINUS_APART.sub(r"\1 \2", blanks)


def _blank(blanks: str) -> str:
    return next((kept for kept in "\n\t" if kept in blanks), " ")


def tokens(text: str) -> tuple[Token, ...]:
    """Of a normal text, all but the blanks and the signs that may stand anywhere."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    classes = text.translate(_CLASSES)
    done = 0
    for grouped in _GROUPED.finditer(text):
        yield from _runs(text, classes, done, grouped.start())
        yield Token(Kind.CODE, grouped[0], grouped.start(), grouped.end())
        done = grouped.end()
    yield from _runs(text, classes, done, len(text))


def _runs(text: str, classes: str, start: int, end: int) -> Iterator[Token]:
    before: Token | None = None
    for match in _TOKEN.finditer(classes, start, end):
        said = text[match.start() : match.end()]
        kind = Kind.SIGN if match.lastgroup == "sign" else kind_of(said)
        if kind is Kind.WORD:
            found = list(_parts(said, match.start()))
        elif kind is Kind.CODE and _measures(before, text, match.start()):
            found = list(_per(said, match.start()))
        else:
            found = [Token(kind, said, match.start(), match.end())]
        yield from found
        before = found[-1] if found else None


def _measures(before: Token | None, text: str, at: int) -> bool:
    """Whether a unit that begins here would be that of a number."""
    if before is None or before.kind not in (Kind.NUMBER, Kind.UNIT):
        return False
    return text[before.end : at] in NEAR


def _per(run: str, start: int) -> Iterator[Token]:
    """mg/5 behind a number is a unit, and another number."""
    match = re.match(r"([^\W\d_].*?)[-–/·+×_=](?=\d)", run)
    if match is None or kind_of(match[1]) is not Kind.UNIT:
        yield Token(Kind.CODE, run, start, start + len(run))
        return
    yield Token(Kind.UNIT, match[1], start, start + len(match[1]))
    yield Token(Kind.NUMBER, run[match.end() :], start + match.end(), start + len(run))


# Over classes: a letter, 1 digit, - m . j J join two of these (- m . also begin a number), and
# m J x are signs that may not stand anywhere.
_TOKEN = re.compile(
    r"(?P<run>(?:(?<![a1])[-m.]{1,2}(?=1))?[a1]+(?:[-m.jJ][a1]+)*)|(?P<sign>[xJm]+(?:-(?!1))?)"
)


def _class(character: str) -> str:
    if character.isspace():
        return "s"
    category = unicodedata.category(character)
    if category[0] in "LM" or character in _KEPT_FORMAT:
        return "a"
    if category[0] == "N":
        return "1"
    if category[0] == "C":
        return "0"
    for name, characters in _SIGNS:
        if character in characters:
            return name
    return "x"


class _Classes(dict[int, str]):
    """For str.translate. It has no more entries than there are characters."""

    def __missing__(self, character: int) -> str:
        known = self[character] = _class(chr(character))
        return known


_CLASSES = _Classes()
_BLANKS = re.compile(r"\s{2,}|[^\S ]")
_SIGNS = (
    ("-", "-–"),
    ("m", "−"),
    (".", "."),
    ("j", _FREE_JOINERS),
    ("J", _BOUND_JOINERS),
    ("f", '!?…()"“”‘«»*•`|'),
)


@lru_cache(maxsize=4096)
def kind_of(run: str) -> Kind:
    """Of a run without blanks."""
    units = [part for part in re.split(r"[-–—/'’·.^]", run) if part]
    if is_unit(run) or (units and all(map(is_unit, units))):
        return Kind.UNIT
    if any(_class(character) == "1" for character in run):
        return Kind.CODE if _class(run[0]) == "a" else Kind.NUMBER
    parts = [part for part in _PARTED.split(run) if part]
    if any(part.casefold() in NUMBER_WORDS | DAYS or is_month(part) for part in parts):
        return Kind.NUMBER
    return Kind.WORD


def is_unit(word: str) -> bool:
    known = word in UNIT_SIGNS or word.casefold() in UNIT_WORDS
    return known or _POWER.fullmatch(word) is not None


def is_month(word: str) -> bool:
    return word in MONTHS or word.casefold() in _SMALL_MONTHS


_SMALL_MONTHS = frozenset(month.lower() for month in MONTHS - {"May"}) | {"MAY"}


def _parts(run: str, start: int) -> Iterator[Token]:
    if run.isalpha():
        yield Token(Kind.WORD, run, start, start + len(run))
        return
    for match in re.finditer(r"[^-–—/'’]+", run):
        kind = Kind.UNIT if is_unit(match[0]) else Kind.WORD
        yield Token(kind, match[0], start + match.start(), start + match.end())
