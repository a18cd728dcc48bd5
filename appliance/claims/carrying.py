"""Whether a sentence somebody wrote says what a sentence of a document says.

Rules kept here: pure; when in doubt, no. A sentence is carried by a statement (one sentence of the
document) only if it says all of it, or all of a clause of it that stands alone, in the same words
and numbers and in the same order; only spellings may differ (parts.py). Leaving out a word has
turned too many meanings: "not", "avoid", "in adults", "per kg". One sentence is never put together
out of two statements: they may speak of two patients. A statement says nothing alone that goes on
from the one before ("give aspirin" after "Do not, e.g."), or that stands under a lead such as
"Never do this:". Titles, headings and the question carry nothing.
docs/decisions/0011-generate-mode.md says what this costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from appliance.claims.parts import Items, items, readings, said, turns
from appliance.claims.words import OWNERS, POINTING, POINTING_ANYWHERE, TURNING
from appliance.values import Passage

_AROUND = ".,;:!?()\"“”„«»'‘’*-–•"
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
    """A sentence of a passage, [start, end) of its text. place: which one of the passage it is.
    readings: what may be said for it; none where it says nothing alone."""

    place: int
    start: int
    end: int
    readings: frozenset[Items]
    words: frozenset[str]
    leaning: Leaning


@dataclass(frozen=True, slots=True)
class Said:
    """A written sentence, taken apart once."""

    items: Items
    leaning: Leaning


def sentence_of(text: str) -> Said:
    return Said(said(text), leaning(text))


def carried(sentence: Said, statement: Statement) -> bool:
    return sentence.items in statement.readings


def likeness(sentence: Said, statement: Statement) -> float:
    """The share of the sentence's words that stand in the statement, whatever it says: good for
    finding the nearest place, not for trusting it."""
    words = frozenset(sentence.items)
    return len(words & statement.words) / max(1, len(words))


def statements(passage: Passage) -> tuple[Statement, ...]:
    """All sentences of the passage."""
    text = passage.text
    spans = passage.sentences or (((0, len(text)),) if text else ())
    found: list[Statement] = []
    turned = False
    for place, (start, end) in enumerate(spans):
        here = text[start:end]
        says = items(here)
        broken = here.lstrip()[:1].islower()
        found.append(
            Statement(
                place=place,
                start=start,
                end=end,
                readings=frozenset() if broken or turned else readings(here),
                words=frozenset(says),
                leaning=leaning(here),
            )
        )
        if broken and len(found) > 1:
            found[-2] = _silenced(found[-2])  # what it said goes on here
        turned = turned or (here.rstrip().endswith(":") and turns(says))
    return tuple(found)


def leaning(text: str) -> Leaning:
    """How far the text needs what was said before it."""
    words = [word.strip(_AROUND).lower() for word in text.split()]
    words = [word for word in words if word]
    if not words:
        return Leaning.NOT
    if words[0] in POINTING or any(word in POINTING_ANYWHERE for word in words):
        return Leaning.FULLY
    if words[0] in OWNERS or words[0] in _VERBS_ALONE or _bare(words):
        return Leaning.LIGHTLY
    return Leaning.NOT


def _bare(words: Sequence[str]) -> bool:
    """Begins with what may be a verb that has nobody and nothing beside it: "Give 5 mg", "Restart
    after surgery", "Give the dose". A plural ("Patients with …") is no such verb."""
    first, following = words[0], words[1] if len(words) > 1 else ""
    if len(first) > 4 and first.endswith("s") and not first.endswith(("ss", "us")):
        return False
    return (
        not following.isalpha()
        or following.endswith("ly")
        or following in TURNING | OWNERS | _TIMES
    )


def _silenced(statement: Statement) -> Statement:
    return replace(statement, readings=frozenset())
