"""Whether a sentence somebody wrote says what a sentence of a document says.

Rules kept here: pure; when in doubt, no. A sentence is carried by a statement (one sentence of the
document) only if it says all of it, in the same words and numbers and in the same order; only
spellings may differ (parts.py). Each way to leave a word out, to add one or to change their order
has turned meanings: "not", "avoid", "in adults", "per kg", "A before B". One sentence is never put
together out of two statements: they may speak of two patients. A statement says nothing alone that
does not end as a sentence does or begins in the middle of one (the import cuts very long ones), or
that stands under a lead such as "Children:" or "Never do this". Titles, headings and the question
carry nothing.
docs/decisions/0011-generate-mode.md says what this costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from appliance.claims.derived import Derived, derived
from appliance.claims.lists import Stretch, looks_listed, opens_inside
from appliance.claims.parts import Items, in_list, items, said, small_after_separators
from appliance.claims.words import (
    NEGATIONS,
    OWNERS,
    POINTING,
    POINTING_ANYWHERE,
    REFUSING,
    RELATIONS,
    TURNING,
)
from appliance.values import Passage

_AROUND = ".,;:!?()\"“”„«»'‘’*-–•"
_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*\s*$")
_ENUMERATES = re.compile(r"\b(?:include|includes|are)\s*$")
_VERBS_ALONE = frozenset("is are was were has have must should may can will".split())
_TIMES = frozenset("once twice daily nightly weekly again always half double one two three".split())


WHOLE = 1.0
"""The share of a sentence that must stand in the document."""


class Leaning(IntEnum):
    """What of the sentence before it a sentence needs to be understood."""

    NOT = 0
    LIGHTLY = 1
    """"The dose is halved", "Give 5 mg": behind another sentence, it is read as going on."""
    FULLY = 2
    """"It is halved": alone, it says nothing."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a passage, [start, end) of its text, or what several in a row say together.
    place: which one of the passage it is, or the first of those; last: the last. alone: whether it
    says something without those before and after it. text: how it may be written."""

    place: int
    start: int
    end: int
    items: Items
    alone: bool
    words: frozenset[str]
    leaning: Leaning
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A written sentence, taken apart once."""

    items: Items
    leaning: Leaning


def sentence_of(text: str) -> Said:
    return Said(said(text), leaning(text))


def carried(sentence: Said, statement: Statement) -> bool:
    if not statement.alone or not statement.items:
        return False
    if statement.last == statement.place:
        return sentence.items == statement.items
    return small_after_separators(sentence.items) == small_after_separators(statement.items)


def likeness(sentence: Said, statement: Statement) -> float:
    """The share of the sentence's words that stand in the statement, whatever it says: good for
    finding the nearest place, not for trusting it."""
    words = frozenset(sentence.items)
    return len(words & statement.words) / max(1, len(words))


def statements(passage: Passage) -> tuple[Statement, ...]:
    """All sentences of the passage, in their order, and behind them all that may be said in their
    place (derived.py)."""
    text = passage.text
    spans = passage.sentences or (((0, len(text)),) if text else ())
    found: list[Statement] = []
    opening: list[bool] = []
    ended, under, turned = True, False, False
    for place, (start, end) in enumerate(spans):
        here = text[start:end]
        said_here = items(here)
        goes_on = here.lstrip()[:1].islower()
        if goes_on and found:
            found[-1] = replace(found[-1], alone=False)
        begun, ended = not ended, _ENDS.search(here) is not None
        alone = ended and not (begun or goes_on or turned or under)
        words = frozenset(said_here)
        spelt = " ".join(here.split())
        found.append(
            Statement(place, start, end, said_here, alone, words, leaning(here), place, spelt)
        )
        leads = here.rstrip().endswith(":") or (
            not ended and _ENUMERATES.search(here) is not None and _next_in_list(text, spans, place)
        )
        opening.append(leads and not (begun or goes_on or turned or under))
        under = leads or ((under or opens_inside(here)) and _next_in_list(text, spans, place))
        turned = turned or (not ended and _turns(said_here, TURNING if leads else REFUSING))
    stretches = [
        Stretch(one.start, one.end, one.alone, opens)
        for one, opens in zip(found, opening, strict=True)
    ]
    more = derived(text, passage.headings, stretches)
    return (*found, *(_said_otherwise(one, found) for one in more))


def _said_otherwise(one: Derived, found: Sequence[Statement]) -> Statement:
    """As a statement over the sentences it stands for."""
    said_here = items(one.text)
    return Statement(
        place=one.first,
        start=found[one.first].start,
        end=found[one.last].end,
        items=said_here,
        alone=True,
        words=frozenset(said_here),
        leaning=leaning(one.text),
        last=one.last,
        text=one.text,
    )


def _next_in_list(text: str, spans: Sequence[tuple[int, int]], place: int) -> bool:
    if place + 1 == len(spans):
        return False
    following = text[slice(*spans[place + 1])]
    return in_list(following) or looks_listed(following)


def _turns(said_here: Items, turning: frozenset[str]) -> bool:
    """Whether all that follows is to be read under it: "Never do the following:", "DO NOT"."""
    return any(item.lower() in turning or item.lower().endswith("n't") for item in said_here)


def leaning(text: str) -> Leaning:
    """How far the text needs what was said before it."""
    words = [word.strip(_AROUND).lower() for word in text.split()]
    words = [word for word in words if word]
    if not words:
        return Leaning.NOT
    if words[0] in POINTING or any(word in POINTING_ANYWHERE for word in words):
        return Leaning.FULLY
    if words[0] in OWNERS | RELATIONS | NEGATIONS | _VERBS_ALONE or _bare(words):
        return Leaning.LIGHTLY
    return Leaning.NOT


def _bare(words: Sequence[str]) -> bool:
    """Begins with what may be a verb that has nobody and nothing beside it: "Give 5 mg", "Restart
    after surgery", "Give the dose". A plural ("Patients with …") is no such verb."""
    first, following = words[0], words[1] if len(words) > 1 else ""
    if len(first) > 4 and first.endswith("s") and not first.endswith(("ss", "us")):
        return False
    return (
        first.endswith("ed")
        or not following.isalpha()
        or following.endswith("ly")
        or following in TURNING | OWNERS | _TIMES
    )
