"""A text as the sequence of everything it says.

Rules kept here: pure; nothing is thrown away but "the", the full stop at the end and a list's
bullet. Each word, number, sign and pause is an item, in its order. A number meets another spelling
of itself only where both are certain: 2.50 is 2.5, but 5.000 and 5,000 may be five or five thousand
and are themselves alone. Fractions, powers and ranges are several items, so that no part of a
number is ever the number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from appliance.claims.words import (
    ARTICLES,
    AUXILIARIES,
    NUMBER_WORDS,
    PARTS_OF_NUMBERS,
    TURNING,
    UNITS,
)

Items = tuple[str, ...]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\S")
_BULLET = re.compile(r"\s*(?:[•·‣▪]\s*|(?:[-–*]|\(?\d{1,2}[.)])\s+(?=[^\W\d_]))")
_LEAD_IN = re.compile(
    r"\s*according to the (?:documents?|passages?|text|sources?),\s+", re.IGNORECASE
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3}){2,}")
_DECIMAL = re.compile(r"(\d+)[.,](\d{1,2}|\d{4,})")
_SAME_SIGN = str.maketrans(
    dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("’‘", "'") | dict.fromkeys("“”„«»", '"')
)
_SAME_LETTERS = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": None}
)
_BINDING = frozenset("-/.,'")
"""What may join the words of one number."""
_JOINTS = frozenset({"and", "whereas", ";"})
_LONGEST_SUBJECT = 3
_LONGEST_LEFT_OUT = 2


def items(text: str) -> Items:
    """All the text says, in its order."""
    # Not NFKC: it would make 11/2 of 1½, and 103 of 10³.
    plain = unicodedata.normalize("NFC", _BULLET.sub("", text, count=1)).translate(_SAME_LETTERS)
    tokens = [token.translate(_SAME_SIGN) for token in _TOKEN.findall(plain)]
    tokens[:1] = map(_folded, tokens[:1])
    while tokens and tokens[-1] in (".", "!"):
        tokens.pop()
    found: list[str] = []
    for at, token in enumerate(tokens):
        if token not in ARTICLES:
            found.append(_item(token, tokens[at - 1] if at else "", tokens[at + 1 : at + 2], found))
    return tuple(found)


def said(sentence: str) -> Items:
    """What a written sentence says. "According to the document" says nothing more."""
    return items(_LEAD_IN.sub("", sentence, count=1))


def readings(statement: str) -> frozenset[Items]:
    """All that may be said for the statement: itself, and those of its clauses that stand alone.

    A clause stands alone only if the whole statement is a row of short sentences, each with its own
    subject and verb, and if what is left out is too short and plain to turn, limit or doubt what is
    kept ("Apixaban is stopped and warfarin is continued").
    """
    whole = items(statement)
    clauses = _clauses(whole)
    alone = {
        clause
        for at, clause in enumerate(clauses)
        if all(_harmless(other) for other in (*clauses[:at], *clauses[at + 1 :]))
    }
    return frozenset({whole, *alone} - {()})


def turns(statement: Items) -> bool:
    return any(item in TURNING or item.endswith("n't") for item in statement)


def _folded(token: str) -> str:
    """Without the capital of a sentence's beginning. Elsewhere Mg is not mg, and K is not k."""
    return token.lower() if len(token) > 1 and token.istitle() else token


def _item(token: str, before: str, behind: Sequence[str], found: Sequence[str]) -> str:
    if token[0].isdecimal():
        return _number(token)
    if token in NUMBER_WORDS and not any(map(_of_number, (before, *behind))):
        return NUMBER_WORDS[token]
    if found and (found[-1][0].isdecimal() or _over_unit(found)):
        return UNITS.get(token, token)
    return token


def _over_unit(found: Sequence[str]) -> bool:
    """After "mg /" a unit follows as after a number."""
    return len(found) > 1 and found[-1] == "/" and found[-2] in UNITS.values()


def _of_number(token: str) -> bool:
    return bool(token) and (
        token in PARTS_OF_NUMBERS or token in _BINDING or any(map(str.isnumeric, token))
    )


def _number(digits: str) -> str:
    """1,000,000 and 1000000, 2.50 and 2.5 meet; 5.000, 5,000 and 1.2.3 stay as they are."""
    if _GROUPED.fullmatch(digits):
        return digits.replace(",", "")
    decimal = _DECIMAL.fullmatch(digits)
    if decimal is None:
        return digits
    rest = decimal[2].rstrip("0")
    return f"{decimal[1]}.{rest}" if rest else decimal[1]


def _clauses(whole: Items) -> list[Items]:
    """The clauses, if each is a short sentence of its own; else none."""
    clauses: list[list[str]] = [[]]
    for item in whole:
        if item in _JOINTS:
            clauses.append([])
        else:
            clauses[-1].append(item)
    for clause in clauses[:-1]:
        if clause and clause[-1] == ",":
            clause.pop()
    found = [tuple(clause) for clause in clauses]
    return found if len(found) > 1 and all(map(_stands, found)) else []


def _stands(clause: Items) -> bool:
    """Its own subject, of words alone, then its verb; no pause and nothing that turns inside."""
    verb = next((at for at, item in enumerate(clause) if item in AUXILIARIES), 0)
    subject = clause[:verb]
    return (
        0 < verb <= _LONGEST_SUBJECT
        and len(clause) > verb + 1
        and all(item.isalpha() and item not in TURNING for item in subject)
        and not any(item in ',:;()"?' for item in clause)
    )


def _harmless(clause: Items) -> bool:
    verb = next(at for at, item in enumerate(clause) if item in AUXILIARIES)
    behind = clause[verb + 1 :]
    return len(behind) <= _LONGEST_LEFT_OUT and not turns(clause) and all(map(str.isalpha, behind))
