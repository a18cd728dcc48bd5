"""Whether a sentence somebody wrote says no more than a sentence of a document does.

Rules kept here: pure; when in doubt, no. A sentence is carried by a statement (one sentence of the
document, with the one before it where it begins with "It", "This" and the like) only if
  - each of its numbers stands there, with the same unit;
  - each code, name and word stands there, but for two plain ones in five ("patient", "says");
  - no number keeps other company than it does there ("5 mg of A and 3 mg of B", swapped);
  - what it joins is joined there ("A is stopped and B continued" does not stop B);
  - what is denied there is denied here, and the other way round;
  - "may" stays "may", and no "unless" or "except" is lost.
Titles, headings and the question carry nothing: a name out of them would turn one drug's dose into
another's. docs/decisions/0011-generate-mode.md says what this costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from appliance.claims.parts import PLAIN_ROOTS, Claims, Number, claims, clauses_of
from appliance.values import Passage

CONTAINED = 0.6
"""The share of a sentence's content words that must stand in the statement."""
_LEANING = re.compile(
    r"\W*(?:it|its|this|these|those|that|they|their|them|he|she|his|her|such|both|otherwise|"
    r"the (?:latter|former|same))\b",
    re.IGNORECASE,
)
_FORMS = frozenset(
    "  e s es d ed ing y ie ion ions ation ations ment ments er ers al ally ly ance ence ant ent "
    "ive ic ical ity t".split(" ")
)
"""What may follow the letters that two forms of a word share."""


def carried(sentence: str, statements: Sequence[str]) -> float:
    """How well the statements carry the sentence: 0 where they do not, else CONTAINED to 1.

    One statement must carry all of it, or else each of its clauses. What such a statement begins
    with must then be in the sentence: "and restarted 5 days after" alone could be said of anything.
    """
    whole = max((_carried_by(sentence, one) for one in statements), default=0.0)
    clauses = clauses_of(sentence)
    if whole or len(clauses) < 2:
        return whole
    said = claims(sentence).words
    near = [one for one in statements if _shared(frozenset((claims(one).lead,)), said)]
    return min(max((_carried_by(clause, one) for one in near), default=0.0) for clause in clauses)


def _carried_by(sentence: str, statement: str) -> float:
    if not _said_together(sentence, statement):
        return 0.0
    return _strength(claims(sentence), claims(statement))


def leans(sentence: str) -> bool:
    """Whether it says nothing alone: whom "it" means stands in the sentence before."""
    return _LEANING.match(sentence) is not None


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


def _said_together(sentence: str, statement: str) -> bool:
    """Without numbers to hold on to: each clause of the sentence stands in one clause of the
    statement . "A is stopped and B continued" does not stop B."""
    if claims(sentence).numbers:
        return True
    there = [claims(clause).words for clause in _full_clauses(statement)]
    return len(there) < 2 or all(
        any(not _missing(claims(clause).words - PLAIN_ROOTS, words)[0] for words in there)
        for clause in _full_clauses(sentence)
    )


def _full_clauses(text: str) -> list[str]:
    """Clauses of two content words at least: "A and B are stopped" is one."""
    full: list[str] = []
    begun = ""
    for clause in clauses_of(text):
        begun = f"{begun} {clause}".strip()
        if len(claims(begun).words) > 1:
            full.append(begun)
            begun = ""
    if begun and full:
        full[-1] = f"{full[-1]} {begun}"
    return full or [text]


def _strength(said: Claims, there: Claims) -> float:
    if said.empty or said.weak != there.weak or (there.qualified and not said.qualified):
        return 0.0
    if not said.exact <= there.exact or not all(_stands(n, there) for n in said.numbers):
        return 0.0
    if not _denial_kept(said, there):
        return 0.0
    missing, found = _missing(said.words, there.words)
    if any(word not in PLAIN_ROOTS for word in missing):
        return 0.0
    share = len(found) / len(said.words) if said.words else 1.0
    return share if share >= CONTAINED else 0.0


def _stands(number: Number, there: Claims) -> bool:
    """The number is there with its unit, and in no other company than it keeps here."""
    mine = number.since | number.after
    for other in there.numbers:
        if other.value != number.value or (number.unit and other.unit != number.unit):
            continue
        near = other.ahead | other.after
        strangers = [
            word for word in _missing(mine, near)[0] if not _missing((word,), there.words)[0]
        ]
        subject = other.subject - PLAIN_ROOTS
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
