"""A text taken apart into what it claims: numbers and their company, words, denials.

Rules kept here: pure; spellings of a unit or a number meet, nothing else does. carrying.py says
what is compared with what.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from appliance.claims.words import (
    CURRENCIES,
    NEGATIONS,
    NUMBER_WORDS,
    PLAIN,
    QUALIFIERS,
    STOP,
    UNITS,
    WEAK,
)

_NEGATION_REACH = 2
_TOKEN = re.compile(
    r"(?P<code>[^\W\d_]+(?:-?\d[^\W_]*)+)"
    r"|(?P<number>(?<!\w)[-−](?=\d)|)(?P<digits>\d+(?:[.,]\d+)*)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?(?:/[^\W\d_]+)*)"
    r"|(?P<sign>[%‰°€$£<>≤≥=±])"
    r"|(?P<pause>[.,;:!?()])"
)
_CLAUSE = re.compile(r";\s*|,?\s+(?:and|but|while|whereas)\s+", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ENDINGS = ("ingly", "edly", "ies", "ied", "ing", "ed", "ly", "es", "s")


class Kind(Enum):
    CODE = "code"
    NUMBER = "number"
    WORD = "word"
    SIGN = "sign"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit ("" where none is known) and the content words round it.

    subject: in its clause, before it. since: from the number before it. ahead: all before it.
    after: behind it, to the next number or, where one follows, the end of the clause; where that
    is nothing, what stands behind the last number ("48 hours and B 5 days before surgery").
    """

    value: str
    unit: str
    subject: frozenset[str]
    since: frozenset[str]
    ahead: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a text says, taken apart. exact: codes, signs and units, as they are. words: roots of
    content words. lead: the first of them. denied: for each negation, the words it reaches."""

    numbers: tuple[Number, ...]
    exact: frozenset[str]
    words: frozenset[str]
    lead: str
    denied: tuple[frozenset[str], ...]
    weak: bool
    qualified: bool

    @property
    def empty(self) -> bool:
        return not (self.words or self.numbers or self.exact)


def claims(text: str) -> Claims:
    """The text taken apart."""
    tokens = _tokens(text)
    numbers, spent = _numbers(tokens)
    exact: set[str] = set()
    words: list[str] = []
    for at, token in enumerate(tokens):
        if token.kind is Kind.CODE:
            exact.add(token.text.casefold().replace("-", ""))
        elif token.kind is Kind.SIGN:
            exact.add(token.text)
        elif token.kind is Kind.WORD:
            unit = _unit(token)
            if unit:
                exact.update(unit.split("/"))
            elif at not in spent:
                words += _content(token)
    folded = [token.text.casefold() for token in tokens]
    return Claims(
        numbers=numbers,
        exact=frozenset(exact),
        words=frozenset(words),
        lead=next((word for word in words if word not in PLAIN_ROOTS), ""),
        denied=_denied(tokens),
        weak=any(word in WEAK and not _a_month(tokens, at) for at, word in enumerate(folded)),
        qualified=any(word in QUALIFIERS for word in folded),
    )


def clauses_of(sentence: str) -> list[str]:
    return [part for part in _CLAUSE.split(sentence) if part.strip()]


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        if match["digits"]:
            sign = "-" if match["number"] else ""
            found.append(_Token(Kind.NUMBER, sign + _canonical(match["digits"])))
        elif match.lastgroup is not None:
            word = match[match.lastgroup]
            number = NUMBER_WORDS.get(word.casefold(), "")
            found.append(_Token(Kind.NUMBER, number) if number else _Token(
                Kind(match.lastgroup), word))  # fmt: skip
    return found


def _canonical(digits: str) -> str:
    """1,000 and 1000, 2.50 and 2.5 meet; 1.2.3 stays as it is."""
    if _THOUSANDS.fullmatch(digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    if digits.count(".") == 1:
        digits = digits.rstrip("0").rstrip(".")
    return digits


def _numbers(tokens: Sequence[_Token]) -> tuple[tuple[Number, ...], set[int]]:
    """The numbers, and the places of the words that are their units."""
    places = [at for at, token in enumerate(tokens) if token.kind is Kind.NUMBER]
    spent: set[int] = set()
    found = []
    for order, at in enumerate(places):
        previous = places[order - 1] + 1 if order else 0
        unit = ""
        if at and _unit(tokens[at - 1]) in CURRENCIES:
            unit = _unit(tokens[at - 1])
        elif at + 1 < len(tokens) and _unit(tokens[at + 1]):
            unit = _unit(tokens[at + 1])
            spent.add(at + 1)
        breaks = [n for n in range(previous, at) if _breaks(tokens[n])]
        found.append(
            Number(
                value=tokens[at].text,
                unit=unit,
                subject=_company(tokens[breaks[-1] if breaks else previous : at]),
                since=_company(tokens[previous:at]),
                ahead=_company(tokens[:at]),
                after=_after(tokens, places, order),
            )
        )
    return tuple(found), spent


def _after(tokens: Sequence[_Token], places: Sequence[int], order: int) -> frozenset[str]:
    at = places[order]
    if order + 1 == len(places):
        return _company(tokens[at + 1 :])
    following = range(at + 1, places[order + 1])
    end = next((n for n in following if _breaks(tokens[n])), places[order + 1])
    return _company(tokens[at + 1 : end]) or _company(tokens[places[-1] + 1 :])


def _breaks(token: _Token) -> bool:
    return token.kind is Kind.PAUSE or token.text.casefold() in ("and", "but", "while", "whereas")


def _company(tokens: Sequence[_Token]) -> frozenset[str]:
    return frozenset(
        word
        for token in tokens
        if token.kind in (Kind.WORD, Kind.CODE) and not _unit(token)
        for word in _content(token)
    )


def _unit(token: _Token) -> str:
    """The unit in one spelling ("hrs" is "hour", "mg/kg" is itself), or nothing."""
    parts = [UNITS.get(part, UNITS.get(part.casefold(), "")) for part in token.text.split("/")]
    return "/".join(parts) if all(parts) else ""


def _content(token: _Token) -> list[str]:
    folded = [part for part in token.text.casefold().split("/") if part]
    return [root(part) for part in folded if part not in STOP and len(part) > 1]


def root(word: str) -> str:
    """Without possessive and the commonest English endings."""
    word = re.split("['’]", word)[0]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: len(word) - len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _denied(tokens: Sequence[_Token]) -> tuple[frozenset[str], ...]:
    found = []
    for at, token in enumerate(tokens):
        word = token.text.casefold()
        if token.kind is not Kind.WORD or not (word in NEGATIONS or word.endswith(("n't", "n’t"))):
            continue
        reached: list[str] = []
        for other in tokens[at + 1 :]:
            if other.kind is Kind.PAUSE or len(reached) >= _NEGATION_REACH:
                break
            if other.kind in (Kind.WORD, Kind.CODE):
                reached += _content(other)
        found.append(frozenset(reached))
    return tuple(found)


def _a_month(tokens: Sequence[_Token], at: int) -> bool:
    """May with a number beside it."""
    beside = tokens[max(0, at - 1) : at + 2]
    return tokens[at].text == "May" and any(t.kind is Kind.NUMBER for t in beside)


PLAIN_ROOTS = frozenset(root(word) for word in PLAIN)
