"""Whether a sentence somebody wrote says no more than a sentence of a document does.

Rules kept here: pure; when in doubt, no. A sentence is carried by a statement (one sentence of the
document, with the one before it where it begins with "It", "This" and the like) only if
  - each of its numbers stands there, with the same unit;
  - each code, name and word stands there, but for two plain ones in five ("patient", "says");
  - no number keeps other company than it does there ("5 mg of A and 3 mg of B", swapped);
  - what is denied there is denied here, and the other way round;
  - "may" stays "may", and no "unless" or "except" is lost.
Titles, headings and the question carry nothing: a name out of them would turn one drug's dose into
another's. docs/decisions/0011-generate-mode.md says what this costs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from appliance.values import Passage
from appliance.words_of_claims import (
    CURRENCIES,
    NEGATIONS,
    NUMBER_WORDS,
    PLAIN,
    QUALIFIERS,
    STOP,
    UNITS,
    WEAK,
)

CONTAINED = 0.6
"""The share of a sentence's content words that must stand in the statement."""
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
_LEANING = re.compile(
    r"\W*(?:it|its|this|these|those|that|they|their|them|he|she|his|her|such|both|otherwise|"
    r"the (?:latter|former|same))\b",
    re.IGNORECASE,
)
_ENDINGS = ("ingly", "edly", "ies", "ied", "ing", "ed", "ly", "es", "s")
_FORMS = frozenset(
    "  e s es d ed ing y ie ion ions ation ations ment ments er ers al ally ly ance ence ant ent "
    "ive ic ical ity t".split(" ")
)
"""What may follow the letters that two forms of a word share."""


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
class _Number:
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

    numbers: tuple[_Number, ...]
    exact: frozenset[str]
    words: frozenset[str]
    lead: str
    denied: tuple[frozenset[str], ...]
    weak: bool
    qualified: bool

    @property
    def empty(self) -> bool:
        return not (self.words or self.numbers or self.exact)


def carried(sentence: str, statements: Sequence[str]) -> float:
    """How well the statements carry the sentence: 0 where they do not, else CONTAINED to 1.

    One statement must carry all of it, or else each of its clauses. What such a statement begins
    with must then be in the sentence: "and restarted 5 days after" alone could be said of anything.
    """
    taken = [claims(statement) for statement in statements]
    whole = max((_strength(claims(sentence), one) for one in taken), default=0.0)
    clauses = clauses_of(sentence)
    if whole or len(clauses) < 2:
        return whole
    said = claims(sentence).words
    near = [one for one in taken if not one.lead or _shared(frozenset((one.lead,)), said)]
    return min(
        max((_strength(claims(clause), one) for one in near), default=0.0) for clause in clauses
    )


def leans(sentence: str) -> bool:
    """Whether it says nothing alone: whom "it" means stands in the sentence before."""
    return _LEANING.match(sentence) is not None


def clauses_of(sentence: str) -> list[str]:
    return [part for part in _CLAUSE.split(sentence) if part.strip()]


def likeness(sentence: str, statement: str) -> float:
    """The share of the sentence's words and numbers that stand in the statement, whatever it says:
    good for finding the nearest place, not for trusting it."""
    said, there = claims(sentence), claims(statement)
    values = {number.value for number in there.numbers}
    hits = len(_missing(said.words, there.words)[1]) + sum(
        number.value in values for number in said.numbers
    )
    return hits / max(1, len(said.words) + len(said.numbers))


def statements(passage: Passage, start: int, end: int) -> list[tuple[int, int]]:
    """The [start, end) of each statement of the passage that lies in this range of its text."""
    spans = passage.sentences or ((0, len(passage.text)),)
    found: list[tuple[int, int]] = []
    previous: int | None = None
    for first, last in spans:
        if start <= first < last <= min(end, len(passage.text)):
            leans = previous is not None and _LEANING.match(passage.text, first, last)
            found.append((previous if leans and previous is not None else first, last))
            previous = first
    return found


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
        lead=next((word for word in words if word not in _PLAIN), ""),
        denied=_denied(tokens),
        weak=any(word in WEAK and not _a_month(tokens, at) for at, word in enumerate(folded)),
        qualified=any(word in QUALIFIERS for word in folded),
    )


def _strength(said: Claims, there: Claims) -> float:
    if said.empty or said.weak != there.weak or (there.qualified and not said.qualified):
        return 0.0
    if not said.exact <= there.exact or not all(_stands(n, there) for n in said.numbers):
        return 0.0
    if not _denial_kept(said, there):
        return 0.0
    missing, found = _missing(said.words, there.words)
    if any(word not in _PLAIN for word in missing):
        return 0.0
    share = len(found) / len(said.words) if said.words else 1.0
    return share if share >= CONTAINED else 0.0


def _stands(number: _Number, there: Claims) -> bool:
    """The number is there with its unit, and in no other company than it keeps here."""
    mine = number.since | number.after
    for other in there.numbers:
        if other.value != number.value or (number.unit and other.unit != number.unit):
            continue
        near = other.ahead | other.after
        strangers = [
            word for word in _missing(mine, near)[0] if not _missing((word,), there.words)[0]
        ]
        subject = other.subject - _PLAIN
        if not strangers and (not subject or _shared(subject, mine)):
            return True
    return False


def _denial_kept(said: Claims, there: Claims) -> bool:
    for denied in said.denied:
        if not any(_alike(denied, other) for other in there.denied):
            return False
    return all(
        any(_alike(denied, other) for other in said.denied)
        for denied in there.denied
        if _shared(denied, said.words)
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return _shared(one, other) > 0 or (not one and not other)


def _shared(mine: frozenset[str], theirs: frozenset[str]) -> int:
    return len(_missing(mine, theirs)[1])


def _missing(wanted: Iterable[str], there: frozenset[str]) -> tuple[list[str], list[str]]:
    """(words that are not there, words that are), forms of a word counting as the word."""
    missing: list[str] = []
    found: list[str] = []
    for word in wanted:
        here = word in there or any(_same(word, other) for other in there)
        (found if here else missing).append(word)
    return missing, found


def _same(one: str, other: str) -> bool:
    shared = 0
    while one[shared : shared + 1] == other[shared : shared + 1] != "":
        shared += 1
    return shared >= 5 and one[shared:] in _FORMS and other[shared:] in _FORMS


# --- taking apart -----------------------------------------------------------------------------


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


def _numbers(tokens: Sequence[_Token]) -> tuple[tuple[_Number, ...], set[int]]:
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
            _Number(
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
    return [_root(part) for part in folded if part not in STOP and len(part) > 1]


def _root(word: str) -> str:
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


_PLAIN = frozenset(_root(word) for word in PLAIN)
