"""A text as the sequence of everything it says.

Rules kept here: pure; nothing is thrown away but "the", the full stop at the end and a list's
bullet. Each word, number, sign and pause is an item, in its order. Digits stand for themselves:
5.000 may be five or five thousand, and 2.10 may be a section. Fractions, powers and ranges are
several items, so that no part of a number is ever the number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from appliance.claims.words import ARTICLES, NUMBER_WORDS, PARTS_OF_NUMBERS, UNITS

Items = tuple[str, ...]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\S")
_BULLET = re.compile(r"\A\s*(?:[•·‣▪]\s*|(?:[-–*]|\(?\d{1,2}[.)])\s+(?=[^\W\d_]))")
_LEAD_IN = re.compile(
    r"\s*according to the (?:documents?|passages?|text|sources?),\s+", re.IGNORECASE
)
_SAME_SIGN = str.maketrans(
    dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("’‘", "'")
    | dict.fromkeys("“”„«»", '"')
    | {"[": "(", "]": ")"}
)
_SAME_LETTERS = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": None}
)
_BINDING = frozenset("-/.,'")
"""What may join the words of one number."""
_SEPARATING = frozenset((":", ";", ",", "and", "or"))
_SHORT_WORDS = frozenset("an at by if in is it no on or to up we".split())
_UNIT_NAMES = frozenset(UNITS.values())


def items(text: str) -> Items:
    """All the text says, in its order."""
    # Not NFKC: it would make 11/2 of 1½, and 103 of 10³.
    plain = unicodedata.normalize("NFC", without_bullet(text)).translate(_SAME_LETTERS)
    tokens = [token.translate(_SAME_SIGN) for token in _TOKEN.findall(plain)]
    tokens[:1] = map(_folded, tokens[:1])
    while tokens and tokens[-1] in (".", "!"):
        tokens.pop()
    found: list[str] = []
    for at, token in enumerate(tokens):
        if token not in ARTICLES:
            found.append(_item(token, tokens[at - 1] if at else "", tokens[at + 1 : at + 2], found))
    return tuple(found)


def small_after_separators(said_here: Items) -> Items:
    """With the words of a list that begin with a capital written small: "Fever; Chills". Mg and Co
    stay what they are."""
    return tuple(
        _folded(item) if at and said_here[at - 1] in _SEPARATING and _is_word(item) else item
        for at, item in enumerate(said_here)
    )


def said(sentence: str) -> Items:
    """What a written sentence says. "According to the document" says nothing more."""
    return items(_LEAD_IN.sub("", sentence, count=1))


def without_bullet(text: str) -> str:
    """As it is compared: a list's bullet or number at its beginning says nothing."""
    return _BULLET.sub("", text, count=1)


def in_list(text: str) -> bool:
    """Whether it begins with a list's bullet or number."""
    return _BULLET.match(text) is not None


def _folded(token: str) -> str:
    """Without the capital of a sentence's beginning. Elsewhere Mg is not mg, and K is not k."""
    return token.lower() if len(token) > 1 and token.istitle() else token


def _is_word(token: str) -> bool:
    """Rather than a unit's or an element's sign."""
    return len(token) > 2 or token.lower() in _SHORT_WORDS


def _item(token: str, before: str, behind: Sequence[str], found: Sequence[str]) -> str:
    if token in NUMBER_WORDS and not any(map(_of_number, (before, *behind))):
        return NUMBER_WORDS[token]
    if found and (found[-1][0].isdecimal() or _over_unit(found)):
        return UNITS.get(token, token)
    return token


def _over_unit(found: Sequence[str]) -> bool:
    """After "mg /" a unit follows as after a number."""
    return len(found) > 1 and found[-1] == "/" and found[-2] in _UNIT_NAMES


def _of_number(token: str) -> bool:
    return bool(token) and (
        token in PARTS_OF_NUMBERS or token in _BINDING or any(map(str.isnumeric, token))
    )
