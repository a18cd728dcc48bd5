"""What of a text is a word, a number, a unit or a sign, and which runs of them are one item.

Rules kept here: pure. A run that holds a digit is one number with all that is joined to it ("0.5",
"12/03/2024", "NGH-CP-014", "A1c"); numbers in letters and names of months and days are numbers too.
One that begins with a letter is a code, an item by itself.
An item is a number with the signs before it, the unit behind it, and what it is a range, a
proportion or a date with: it is written whole. In a list, "5 mg and 10 mg" are two items; in "5, 10
and 20 mg" the first two have no unit of their own and are not written without the last. Of a date,
"12 March", "March 2024" and "2024" are items as well, for they say less and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from appliance.engine.decoding.bound.closed import (
    DAYS,
    FORMS,
    LISTS,
    LOOSE_RANGES,
    MONTHS,
    NUMBER_WORDS,
    RANGES,
    UNIT_SIGNS,
    UNIT_WORDS,
)

_FREE_JOINERS = ",:;—'’"
_BOUND_JOINERS = "/·_+×@&^=~"
_PARTED = re.compile(r"[-–—/'’]")
_SUFFIXES = frozenset("% ‰ ° °C °F ºC ℃ ℉ ′ ″ º".split())
_CURRENCIES = frozenset("£$€¥₹¢#№§")
_NEAR = ("", " ", "\n")
_JOINING_GAPS = ("", " ", " - ", " – ", " — ")
_COMMAS = (", ", ",\n")
_YEAR = re.compile(r"[12]\d{3}")
_KEPT_FORMAT = "\u200c\u200d"  # they spell words of some scripts


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


@dataclass(slots=True)
class Item:
    """Tokens [first, last] are one item. unit: it ends in a unit or a sign. enter, leave: tokens
    within at which a smaller item begins or ends."""

    first: int
    last: int
    unit: bool = False
    enter: tuple[int, ...] = ()
    leave: tuple[int, ...] = ()


def normal(untrusted_text: str) -> str:
    """NFC; a blank for blanks, a line break where they hold one; nothing that cannot be seen."""
    composed = unicodedata.normalize("NFC", untrusted_text)
    seen = "".join(c for c in composed if _class(c) != "0")
    return re.sub(r"\s+", lambda blanks: "\n" if "\n" in blanks[0] else " ", seen).strip()


def tokens(text: str) -> tuple[Token, ...]:
    """Of a normal text, all but the blanks and the signs that may stand anywhere."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    classes = "".join(map(_class, text))
    for match in _TOKEN.finditer(classes):
        said = text[match.start() : match.end()]
        kind = Kind.SIGN if match.lastgroup == "sign" else kind_of(said)
        if kind is Kind.WORD:
            yield from _parts(said, match.start())
        else:
            yield Token(kind, said, match.start(), match.end())


# Over classes: a letter, 1 digit, - m . j J join two of these (- m . also begin a number), and
# m J x are signs that may not stand anywhere.
_TOKEN = re.compile(
    r"(?P<run>(?:(?<![a1])[-m.]{1,2}(?=1))?[a1]+(?:[-m.jJ][a1]+)*)|(?P<sign>[xJm]+)"
)


@lru_cache(maxsize=4096)
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


_SIGNS = (
    ("-", "-–"),
    ("m", "−"),
    (".", "."),
    ("j", _FREE_JOINERS),
    ("J", _BOUND_JOINERS),
    ("f", '!?…()"“”‘«»*•`'),
)


def kind_of(run: str) -> Kind:
    """Of a run without blanks."""
    if any(_class(character) == "1" for character in run):
        return Kind.CODE if _class(run[0]) == "a" else Kind.NUMBER
    parts = [part for part in _PARTED.split(run) if part]
    if any(part.casefold() in NUMBER_WORDS | DAYS or _is_month(part) for part in parts):
        return Kind.NUMBER
    units = [part for part in re.split(r"[-–—/'’·.^]", run) if part]
    if is_unit(run) or (units and all(map(is_unit, units))):
        return Kind.UNIT
    return Kind.WORD


def is_unit(word: str) -> bool:
    return word in UNIT_SIGNS or word.casefold() in UNIT_WORDS


def _is_month(word: str) -> bool:
    return word in MONTHS or word.casefold() in _SMALL_MONTHS


_SMALL_MONTHS = frozenset(month.lower() for month in MONTHS - {"May"}) | {"MAY"}


def _parts(run: str, start: int) -> Iterator[Token]:
    for match in re.finditer(r"[^-–—/'’]+", run):
        kind = Kind.UNIT if is_unit(match[0]) else Kind.WORD
        yield Token(kind, match[0], start + match.start(), start + match.end())


def items(found: Sequence[Token], text: str) -> tuple[tuple[Item, ...], ...]:
    """Lists of items, in order; most lists have one."""
    lists: list[tuple[Item, ...]] = []
    at = 0
    while at < len(found):
        item = _item(found, text, at)
        if item is None:
            at += 1
            continue
        together = [item]
        while (start := _next_in_list(found, text, together[-1].last)) is not None:
            following = _item(found, text, start)
            if following is None:
                break
            together.append(following)
        lists.append(tuple(together))
        at = together[-1].last + 1
    return tuple(lists)


def gap(found: Sequence[Token], text: str, at: int) -> str:
    """What stands between token `at` and the next; a tab where there is none."""
    return text[found[at].end : found[at + 1].start] if at + 1 < len(found) else "\t"


def _item(found: Sequence[Token], text: str, first: int) -> Item | None:
    """The item that begins with this token."""
    if found[first].kind is Kind.CODE:
        return Item(first, first, unit=True)
    at = _number_from(found, text, first)
    if at is None:
        return None
    item = Item(first, at)
    while True:
        grown = _grown(found, text, item)
        if grown is None:
            return _with_dates(found, item)
        item = grown


def _number_from(found: Sequence[Token], text: str, at: int) -> int | None:
    """The number that stands here behind signs, if any."""
    while found[at].kind is Kind.SIGN and gap(found, text, at) in _NEAR:
        at += 1
    return at if found[at].kind is Kind.NUMBER else None


def _grown(found: Sequence[Token], text: str, item: Item) -> Item | None:
    """With what comes next, if that belongs to it."""
    at = item.last + 1
    between = gap(found, text, item.last)
    if between in _COMMAS and _dated(found, item) and _YEAR.fullmatch(_text(found, at)):
        return Item(item.first, at)
    if between not in _JOINING_GAPS and between not in _NEAR:
        return None
    token = found[at]
    if item.unit and token.text.casefold() in FORMS:
        return None  # 5 mg tablets
    if token.kind is Kind.UNIT and between in _NEAR:
        return Item(item.first, at, unit=True)
    return None if between == "\n" else _grown_by(found, text, item)


def _grown_by(found: Sequence[Token], text: str, item: Item) -> Item | None:
    """With another number, a sign, or a word between numbers."""
    at = item.last + 1
    if found[at].kind is Kind.NUMBER:
        return None if item.unit and not _compound(found, text, at) else Item(item.first, at)
    if found[at].kind is Kind.SIGN:
        return _behind_sign(found, text, item, at)
    return _behind_word(found, text, item, at)


def _compound(found: Sequence[Token], text: str, at: int) -> bool:
    """2 hours 30 minutes is one item; 5 mg twice daily is two."""
    digits = any(_class(character) == "1" for character in found[at].text)
    measured = gap(found, text, at) in _NEAR and _kind(found, at + 1) is Kind.UNIT
    return digits and measured and not found[at + 1].text.endswith("ly")


def _behind_sign(found: Sequence[Token], text: str, item: Item, at: int) -> Item | None:
    sign, close = found[at].text, gap(found, text, item.last) == ""
    after = gap(found, text, at) in ("", " ") and at + 1 < len(found)
    if sign in _SUFFIXES or (close and not after):
        letter = after and gap(found, text, at) == "" and _text(found, at + 1) in ("C", "F")
        return Item(item.first, at + 1 if letter else at, unit=True)
    if after and found[at + 1].kind is Kind.NUMBER and not set(sign) & _CURRENCIES:
        return Item(item.first, at + 1)
    if after and found[at + 1].kind is Kind.UNIT:
        return Item(item.first, at + 1, unit=True)
    return Item(item.first, at, unit=True) if close and not after else None


def _behind_word(found: Sequence[Token], text: str, item: Item, at: int) -> Item | None:
    """5 mg per day; twice a day; 5 to 10; 1 in 10; 3 out of 5."""
    if gap(found, text, item.last) != " " or gap(found, text, at) not in _NEAR:
        return None
    word = found[at].text.casefold()
    if word in ("per", "a", "an") and _kind(found, at + 1) is Kind.UNIT:
        return Item(item.first, at + 1, unit=True)
    start = at + 1
    if word == "out" and _text(found, start) == "of":
        start += 1
    if start >= len(found) or gap(found, text, start - 1) not in _NEAR:
        return None
    between = word == "and" and item.first and _text(found, item.first - 1) == "between"
    if word in RANGES or between or (word in LOOSE_RANGES and not item.unit):
        number = _number_from(found, text, start)
        return None if number is None else Item(item.first, number)
    return None


def _next_in_list(found: Sequence[Token], text: str, last: int) -> int | None:
    """Where the next item of a list begins, if any: behind a comma, and, or; or at once."""
    between, at = gap(found, text, last), last + 1
    if at >= len(found) or found[last].kind is Kind.CODE:
        return None
    if found[at].text.casefold() in LISTS and between in (" ", "\n", *_COMMAS):
        return at + 1 if at + 1 < len(found) and gap(found, text, at) in _NEAR else None
    return at if between in _COMMAS or (between == " " and found[at].kind is Kind.NUMBER) else None


def _dated(found: Sequence[Token], item: Item) -> bool:
    return any(_is_month(found[at].text) for at in range(item.first, item.last + 1))


def _with_dates(found: Sequence[Token], item: Item) -> Item:
    """The smaller items of a date."""
    enter: list[int] = []
    leave: list[int] = []
    for at in range(item.first, item.last + 1):
        word = found[at].text
        if _is_month(word):
            enter.append(at)
            leave.append(at)
            if at < item.last and _YEAR.fullmatch(_text(found, at + 1)):
                enter.append(at + 1)
        elif word.casefold() in DAYS and at < item.last:
            leave.append(at)
            enter.append(at + 1)
    return Item(item.first, item.last, item.unit, tuple(enter), tuple(leave))


def _text(found: Sequence[Token], at: int) -> str:
    return found[at].text if at < len(found) else ""


def _kind(found: Sequence[Token], at: int) -> Kind | None:
    return found[at].kind if at < len(found) else None
