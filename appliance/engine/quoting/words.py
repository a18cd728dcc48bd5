"""The words of a question and of what may answer it.

Rules kept here: pure functions of text; comparing ignores case, Unicode form and English endings,
and never lets one number, code or drug name stand for another.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from appliance.engine.errors import BundleDamaged

STOP_WORDS = frozenset(
    "a about against all also although am an and any are as at be because been "
    "being below both but by can cannot could did do does doing done down each else "
    "ever few for from further had has have having he her here hers him his how however i if in "
    "into is it its itself just let like many may me might more most much must my no nor not of "
    "off often on once one only or other our out over own please same say says shall she should so "
    "some such tell than that the their them then there these they this those through to too under "
    "up upon us very was we were what when where whether which while who whom whose why will "
    "with would yes yet you your s t d ll re ve m give given explain describe know "
    "mean means find happen happens happened exactly kind type sort called name named "
    "get got go goes need use used using make made".split()
)
"""Words of a question that any answer could lack."""

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_ENDINGS = (
    ("ically", "ic"), ("ational", "ate"), ("fulness", "ful"), ("iness", "y"), ("ies", "y"),
    ("ingly", ""), ("edly", ""), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""),
    ("s", ""),
)  # fmt: skip
_FORMS = frozenset(
    "  e s is es y ic ics ical al ally ar ary ation ative ion ions ive ity ment ments ed er ers or "
    "ors ing ance ant ants ent nt nts tion tions t ous able ence".split(" ")
)
"""What may follow the letters that two forms of a word share."""
_FIRST_WORD_ID = 1996  # of the BERT vocabulary: before it stand marks and single characters
_COMMON = 20.0


@dataclass(frozen=True, slots=True)
class Word:
    """A content word of a question: its stem, how rare it is (0 to 1.1), and whether it is a
    name, number or code that nothing else can stand for."""

    stem: str
    rarity: float
    exact: bool


class Rarity:
    """How rare English words are, from the order of a WordPiece vocabulary (by frequency)."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._ids = vocabulary
        self._span = log(len(vocabulary) + _COMMON) - log(_COMMON)

    def of(self, word: str) -> float:
        """0 for the commonest word, towards 1 for rare ones, 1.1 where it is not in the list."""
        known = self._ids.get(word)
        if known is None:
            return 1.1
        rank = max(0, known - _FIRST_WORD_ID)
        return (log(rank + _COMMON) - log(_COMMON)) / self._span


def read_rarity(untrusted_tokenizer: bytes) -> Rarity:
    """From the bytes of a tokenizer.json. Raises BundleDamaged."""
    try:
        vocabulary = json.loads(untrusted_tokenizer)["model"]["vocab"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleDamaged("The encoder's vocabulary cannot be read.") from error
    if not isinstance(vocabulary, dict) or not all(type(n) is int for n in vocabulary.values()):
        raise BundleDamaged("The encoder's vocabulary is not in order.")
    return Rarity(vocabulary)


def split_words(text: str) -> list[str]:
    """Words and numbers in order, in the case they came in; "10mg" is two."""
    return _WORD.findall(unicodedata.normalize("NFKC", text))


def stem(word: str) -> str:
    """A word without case, possessive and the commonest English endings; a number as it is."""
    folded = word.casefold()
    if folded[:1].isdigit():
        return folded.replace(",", "")
    folded = folded.split("'")[0].split("’")[0]
    if len(folded) < 4 or folded.endswith(("ss", "us", "is")):
        return folded
    for ending, instead in _ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= 3:
            return _undoubled(folded[: len(folded) - len(ending)] + instead)
    return _undoubled(folded)


def _undoubled(word: str) -> str:
    """stopp(ing) and stop, dose and dos(es) meet."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


class Asked:
    """The content words of a question, and which of them a text has.

    What a text has is a mask: bit n stands for word n, so that masks of several texts join by `|`.
    Not safe for several threads: it remembers the words it has seen.
    """

    def __init__(self, question: str, rarity: Rarity) -> None:
        self.words = content_words(question, rarity)
        self.names = sum(1 << n for n, word in enumerate(self.words) if word.exact)
        self._total = sum(word.rarity for word in self.words)
        self._seen: dict[str, int] = {}

    def mask(self, text: str) -> int:
        """The words of the question that are in the text."""
        mask = 0
        for word in split_words(text):
            known = self._seen.get(word)
            if known is None:
                known = self._seen[word] = self._match(stem(word))
            mask |= known
        return mask

    def coverage(self, mask: int) -> float:
        """The share of the question's words in the mask, weighted by rarity; 1 if it has none."""
        if not self.words:
            return 1.0
        return sum(w.rarity for n, w in enumerate(self.words) if mask >> n & 1) / self._total

    def rarest_missing(self, mask: int) -> float:
        """The rarity of the rarest word that is not in the mask, 0 if none is missing."""
        missing = (w.rarity for n, w in enumerate(self.words) if not mask >> n & 1)
        return max(missing, default=0.0)

    def names_missing(self, mask: int) -> float:
        """The share of names, numbers and codes that are not in the mask, 0 if none was asked."""
        count = self.names.bit_count()
        return (self.names & ~mask).bit_count() / count if count else 0.0

    def _match(self, root: str) -> int:
        return sum(1 << n for n, word in enumerate(self.words) if _same(word, root))


def _same(asked: Word, root: str) -> bool:
    """The same stem; for plain words also another form of it: diagnos(e) and diagnosis, treat and
    treatment, but not prednison(e) and prednisolon(e), contract and contrary."""
    if asked.stem == root:
        return True
    if asked.exact or min(len(asked.stem), len(root)) < 5:
        return False
    shared = 0
    while asked.stem[shared : shared + 1] == root[shared : shared + 1] != "":
        shared += 1
    return shared >= 5 and asked.stem[shared:] in _FORMS and root[shared:] in _FORMS


def content_words(question: str, rarity: Rarity) -> tuple[Word, ...]:
    """The content words of a question, each once."""
    words = split_words(question)
    letters = [word for word in words if word[0].isalpha()]
    capital = [word for word in letters if word[0].isupper()]
    shouting = len(capital) > max(2, 0.6 * len(letters))
    found: dict[str, Word] = {}
    for place, word in enumerate(words):
        folded = word.casefold()
        if folded in STOP_WORDS or (len(folded) == 1 and folded.isalpha()):
            continue
        number = word[0].isdigit()
        name = word[0].isupper() and not shouting and (place > 0 or word[1:].isupper())
        root = stem(word)
        rare = 1.0 if number else min(rarity.of(folded), rarity.of(root))
        found.setdefault(root, Word(root, max(rare, 0.05), number or name))
    return tuple(found.values())
