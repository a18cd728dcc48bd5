"""Which runs of words, numbers, units and signs are one item.

Rules kept here: pure. A code is an item by itself. Any other item is a number with the signs before
it, the unit behind it, and what it is a range, a proportion or a date with: it is written whole. In
a list, "5 mg and 10 mg" are two items; in "5, 10 and 20 mg" the first two have no unit of their own
and are not written without the last. Of a date, "12 March", "March 2024" and "2024" are items as
well, for they say less and nothing else. Nothing goes on from one cell of a table to the next, but
from a number to its unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.engine.decoding.bound.closed import DAYS, EACH, FORMS, LISTS, LOOSE_RANGES, RANGES
from appliance.engine.decoding.bound.lexing import NEAR, Kind, Token, is_month

_SUFFIXES = frozenset("% ‰ ° °C °F ºC ℃ ℉ ′ ″ º".split())
_CURRENCIES = frozenset("£$€¥₹¢#№§")
_SPREAD = (*NEAR, "\t")
_JOINING_GAPS = ("", " ", " - ", " – ", " — ")
_COMMAS = (", ", ",\n")
_PER = ("/", "-", "–", "·", "+", "×", "_", "=")
"""Between a unit and a number, as in 100 mg/5 mL."""
_SIGN_WORDS = frozenset({"minus", "plus"})
_YEAR = re.compile(r"[12]\d{3}")


@dataclass(slots=True)
class Item:
    """Tokens [first, last] are one item. unit: it ends in a unit or a sign. enter, leave: tokens
    within at which a smaller item begins or ends."""

    first: int
    last: int
    unit: bool = False
    enter: tuple[int, ...] = ()
    leave: tuple[int, ...] = ()


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
    """What stands between token `at` and the next; a zero where there is none."""
    return text[found[at].end : found[at + 1].start] if at + 1 < len(found) else "\0"


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
    """The number that stands here behind signs, if any: minus 5, US$5."""
    if _is_currency(found, at + 1) and gap(found, text, at) == "" and found[at].kind is Kind.WORD:
        at += 1
    while _is_sign(found[at]) and gap(found, text, at) in NEAR:
        at += 1
    return at if found[at].kind is Kind.NUMBER else None


def _is_sign(token: Token) -> bool:
    return token.kind is Kind.SIGN or token.text.casefold() in _SIGN_WORDS


def _is_currency(found: Sequence[Token], at: int) -> bool:
    return _kind(found, at) is Kind.SIGN and found[at].text[0] in _CURRENCIES


def _grown(found: Sequence[Token], text: str, item: Item) -> Item | None:
    """With what comes next, if that belongs to it."""
    at = item.last + 1
    between = gap(found, text, item.last)
    if between in _COMMAS and _dated(found, item) and _YEAR.fullmatch(_text(found, at)):
        return Item(item.first, at)
    kind = _kind(found, at)
    if kind is Kind.NUMBER and _touches(found, text, item):
        return Item(item.first, at)
    if kind is Kind.UNIT and between in _SPREAD:
        form = item.unit and found[at].text.casefold() in FORMS  # 5 mg tablets
        return None if form else Item(item.first, at, unit=True)
    return _grown_by(found, text, item) if between in _JOINING_GAPS else None


def _touches(found: Sequence[Token], text: str, item: Item) -> bool:
    """100 mg/5 mL; (020) 7946 0958, which is a telephone's number as a (1) is none."""
    between, last = gap(found, text, item.last), found[item.last]
    if last.kind is Kind.UNIT:
        return between in _PER
    area = last.text.isdecimal() and (last.text[0] == "0" or len(last.text) > 2)
    close = len(found[item.last + 1].text) > 2 and between in (") ", ")")
    return area and close and item.first == item.last and text[: last.start].endswith("(")


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
    digits = any(character.isnumeric() for character in found[at].text)
    measured = gap(found, text, at) in NEAR and _kind(found, at + 1) is Kind.UNIT
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
    """5 mg per day, for every kg, per 5 mL; twice a day; 5 to 10; 1 in 10; 3 out of 5."""
    if gap(found, text, item.last) != " " or gap(found, text, at) not in NEAR:
        return None
    word = found[at].text.casefold()
    start = at + 1
    if word == "for" and _text(found, start) in EACH and gap(found, text, at) == " ":
        word, start = "each", start + 1
    if word in EACH and _kind(found, start) is Kind.UNIT and gap(found, text, start - 1) in NEAR:
        return Item(item.first, start, unit=True)
    if word == "out" and _text(found, start) == "of":
        start += 1
    if start >= len(found) or gap(found, text, start - 1) not in NEAR:
        return None
    between = word == "and" and _text(found, item.first - 1).casefold() == "between"
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
        return at + 1 if at + 1 < len(found) and gap(found, text, at) in NEAR else None
    return at if between in _COMMAS or (between == " " and found[at].kind is Kind.NUMBER) else None


def _dated(found: Sequence[Token], item: Item) -> bool:
    return any(is_month(found[at].text) for at in range(item.first, item.last + 1))


def _with_dates(found: Sequence[Token], item: Item) -> Item:
    """The smaller items of a date."""
    enter: list[int] = []
    leave: list[int] = []
    for at in range(item.first, item.last + 1):
        word = found[at].text
        if is_month(word):
            enter.append(at)
            leave.append(at)
            if at < item.last and _YEAR.fullmatch(_text(found, at + 1)):
                enter.append(at + 1)
        elif word.casefold() in DAYS and at < item.last:
            leave.append(at)
            enter.append(at + 1)
    whole = item.unit or bool(enter)  # of 12 and 13 March, the 12 is nothing by itself
    return Item(item.first, item.last, whole, tuple(enter), tuple(leave))


def _text(found: Sequence[Token], at: int) -> str:
    return found[at].text if 0 <= at < len(found) else ""


def _kind(found: Sequence[Token], at: int) -> Kind | None:
    return found[at].kind if at < len(found) else None
