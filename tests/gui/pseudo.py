"""Languages nobody speaks: what a translation could do to the layout, before there is one.

`long` is English with accents, in brackets and a third longer; `mirrored` is Arabic letters in the
order of the English ones, which Qt sets from right to left. Both keep what is filled in, and a date
as Qt writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gui.languages.catalogue import Catalogue
from tests.gui.marked_texts import marked, said

OPEN, CLOSE = "⟦", "⟧"
_KEPT = re.compile(r"(\{[^}]*\}|`[^`]*`|d MMM yyyy(?:, HH:mm:ss)?)")
_ACCENTED = str.maketrans("aeiouycnsAEIOUCNS", "àéîõüýçñšÀÉÎÕÜÇÑŠ")
_ARABIC = str.maketrans(
    dict(zip("abcdefghijklmnopqrstuvwxyz", "ابجدهوزحطيكلمنسعفصقرشتثخذض", strict=True))
)  # fmt: skip


def longer() -> Catalogue:
    return _made(_long)


def mirrored() -> Catalogue:
    return _made(_mirror)


def _made(turn: Callable[[str], str]) -> Catalogue:
    window = {one.text: turn(one.text) for one in marked()}
    return Catalogue("pseudo", window, {}, {text: turn(text) for text in said()})


def _long(text: str) -> str:
    if _KEPT.fullmatch(text):
        return text
    accented = "".join(
        part if _KEPT.fullmatch(part) else part.translate(_ACCENTED) for part in _KEPT.split(text)
    )
    more = max(1, round(len(text) * 0.3) - 2)
    return f"{OPEN}{accented}{' ôñë' * (more // 4)}{'·' * (more % 4)}{CLOSE}"


def _mirror(text: str) -> str:
    return "".join(
        part if _KEPT.fullmatch(part) else part.lower().translate(_ARABIC)
        for part in _KEPT.split(text)
    )
