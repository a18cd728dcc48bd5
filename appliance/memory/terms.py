"""From text to search terms.

Rules kept here: the same text always gives the same terms, whatever case, width or form of
Unicode it came in; a code stays findable whole and in parts, with or without its hyphen ("CG-114",
"cg114", "10mg" and "10 mg", "1002.9"); a term is kept as 64 bits of its BLAKE2b (RFC 7693), so an
index needs no vocabulary; time is linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

STOP_WORDS: Final = frozenset(
    "a about above after again all also am an and any are as at be because been before being "
    "below between both but by can could did do does doing down during each few for from further "
    "had has have having he her here hers him his how i if in into is it its itself just me more "
    "most my no nor not of off on once only or other our out over own same she should so some "
    "such than that the their them then there these they this those through to too under until "
    "up very was we were what when where which while who whom why will with would you your "
    "s t d ll re ve".split()
)

_WORD = re.compile(r"[^\W_]+(?:['’.\-‐‑/_][^\W_]+)*")
_PIECE = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*")
_SEPARATOR = re.compile(r"['’.\-‐‑/_]")
# Scripts written without spaces: Hiragana, Katakana, Han, Hangul.
_UNSPACED = re.compile("[぀-ヿ㐀-䶿一-鿿가-힯]")

_LONGEST: Final = 64
_REMEMBERED: Final = 200_000


class Terms:
    """Turns text into term hashes, remembering words it has seen. One thread at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, ...]] = {}

    def count(self, text: str) -> Counter[int]:
        """How often each term occurs."""
        found: Counter[int] = Counter()
        for word, times in Counter(words(text)).items():
            for term in self._of_word(word):
                found[term] += times
        return found

    def _of_word(self, word: str) -> tuple[int, ...]:
        known = self._seen.get(word)
        if known is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            known = self._seen[word] = tuple(term_hash(term) for term in terms_of(word))
        return known


def words(text: str) -> list[str]:
    """The words and codes of a text, folded, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def terms_of(word: str) -> tuple[str, ...]:
    """The terms a folded word is found by, without repetition; none for a stop word."""
    if word.isascii() and word.isalpha():
        return () if word in STOP_WORDS else (stem(word)[:_LONGEST],)
    return tuple(dict.fromkeys(term[:_LONGEST] for term in _parts(word) if term))


def _parts(word: str) -> Iterator[str]:
    pieces = _PIECE.findall(word)
    if len(pieces) > 1:
        yield _SEPARATOR.sub("", word)
    for piece in pieces:
        if _UNSPACED.search(piece):
            yield from _pairs(piece)
        elif piece not in STOP_WORDS:
            yield stem(piece)
        if "." in piece:
            yield piece.partition(".")[0]


def _pairs(run: str) -> Iterator[str]:
    """Overlapping pairs of characters, the usual index for scripts without spaces."""
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        yield run[at : at + 2]


def term_hash(term: str) -> int:
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little")


_DOUBLED: Final = frozenset("bdfgmnprt")
_SUFFIXES: Final = (
    ("ational", "ate"),
    ("ization", "ize"),
    ("isation", "ize"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("tional", "tion"),
    ("biliti", "ble"),
    ("ically", "ic"),
    ("lessli", "less"),
    ("ation", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("ement", ""),
    ("ment", ""),
    ("ness", ""),
    ("ical", "ic"),
    ("icli", "ic"),
    ("ator", "ate"),
    ("ance", ""),
    ("ence", ""),
    ("ably", ""),
    ("ible", ""),
    ("able", ""),
    ("ally", "al"),
    ("ise", "ize"),
    ("ful", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
    ("ly", ""),
)


def stem(word: str) -> str:
    """A light English stem: plurals, -ed, -ing, and common endings of nouns and adverbs (after
    Porter 1980, steps 1 to 3, stopping where meanings begin to mix)."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    word = _tenseless(word)
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            word = word[: -len(suffix)] + instead
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _tenseless(word: str) -> str:
    for suffix in ("ing", "ed"):
        rest = word[: -len(suffix)]
        if word.endswith(suffix) and len(rest) >= 3 and any(vowel in rest for vowel in "aeiouy"):
            if rest[-1] == rest[-2] and rest[-1] in _DOUBLED:
                return rest[:-1]
            return rest + "e" if rest.endswith(("at", "bl", "iz")) else rest
    return word
