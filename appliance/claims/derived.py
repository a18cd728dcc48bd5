"""What else a document's sentences say, in other words: the few changes that turn no meaning.

Rules kept here: pure; when in doubt, no. The list of changes is closed, and each is made here out
of the document's own text, so that a written sentence is compared with the result and never with a
rule:
- a list is one sentence: its lead, a colon, its items with semicolons between. All of its items, in
  their order; an item's first letter may be small. "and" or "or" stands before the last only where
  the document has it, or after "include" and "are" where each item is a single word (lists.py);
- the number of a section is left out where the headings say that it is one ("4.1" under "4 …"),
  and it is no amount ("2.5 Units", "2.5 Nurses");
- "Note:" and the like are left out;
- "However," and the like are left out where the sentence before them sets no condition; "Also,"
  and the like only where no amount and no giving stands behind them, too: that dose may come on
  top of another.
docs/decisions/0017-composer.md says why these and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance.claims.lists import Stretch, enumerated, joined, whole_lists
from appliance.claims.words import NUMBER_WORDS, PARTS_OF_NUMBERS, POINTING, TURNING, UNITS

_SECTION = re.compile(
    r"(?P<number>(\d{1,3})(?:\.\d{1,3}){1,3})\s+(?=[\"“]?(?P<word>[A-Z]\w*)(?P<rest>.*))"
)
_HEADING_NUMBER = re.compile(r"\s*(?:§\s*)?(\d{1,3})(?:\.\d{1,3})*\.?\s")
_LABEL = re.compile(r"(?:note|nb|please note|remember|important)\s*:\s+(?=[^\W\d_])", re.IGNORECASE)
_OPENER = re.compile(r"however\s*,\s+(?=\S)", re.IGNORECASE)
_ON_TOP = re.compile(
    r"(?:also|additionally|in addition|furthermore|moreover)\s*,\s+(?=\S)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+|\d+")
_AMOUNTS = frozenset(unit.lower() for unit in UNITS) | frozenset(
    "iu mbq gbq gy sv mol kcal kj bar kv mw mio mrd bn million billion thousand hundred times fold "
    "per basis chf usd gbp jpy tesla hz khz mhz db degrees "
    "pounds dollars doses capsules ampoules vials bags pints stone feet inches".split()
)
_GIVING = frozenset(
    "a an another further second third extra double triple half again more once twice dose doses "
    "give gives given giving take takes taken taking add adds added administer administered "
    "administers prescribe prescribed prescribes receive receives received start starts started "
    "apply applies applied inject injected infuse infused use used pay pays paid charge charged "
    "transfuse transfused continue continued increase increased raise raised".split()
)
"""With these, what comes on top of something else may be taken for all there is."""
_CONDITIONS = frozenset(
    "if when whenever where unless until provided only except suppose who whose whom".split()
)


@dataclass(frozen=True, slots=True)
class Derived:
    """Another way to say what the stretches `first` to `last` say."""

    first: int
    last: int
    text: str


def derived(text: str, headings: Sequence[str], stretches: Sequence[Stretch]) -> Iterator[Derived]:
    """All that may be said in place of the passage's own sentences."""
    said = [" ".join(text[one.start : one.end].split()) for one in stretches]
    sections = _section_numbers(headings, said)
    for at, stretch in enumerate(stretches):
        before = said[at - 1] if at else ""
        if stretch.alone and (bare := _without_openings(said[at], before, sections)) != said[at]:
            yield Derived(at, at, bare)
    for found in whole_lists(text, headings, stretches):
        lead = _without_label(found.lead, sections)
        yield Derived(found.first, found.last, joined(lead, found.items))
        if plain := enumerated(lead, found.items):
            yield Derived(found.first, found.last, plain)


def capitalised(text: str) -> str:
    """With a capital at its beginning, unless its first word is spelt in a way of its own (pH)."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.islower() else text


def _without_openings(sentence: str, before: str, sections: frozenset[str]) -> str:
    """The sentence without its number, label and opening word, beginning with a capital. before:
    the one that stands before it in the passage."""
    rest = _without_label(sentence, sections)
    if _sets_no_scope(before):
        if _OPENER.match(rest):
            rest = _OPENER.sub("", rest, count=1)
        elif _ON_TOP.match(rest) and not _amounts(_ON_TOP.sub("", rest, count=1)):
            rest = _ON_TOP.sub("", rest, count=1)
    return rest if rest == sentence else capitalised(rest)


def _without_label(sentence: str, sections: frozenset[str]) -> str:
    rest = sentence
    number = _SECTION.match(rest)
    if number is not None and number["number"] in sections and not _is_amount(number):
        rest = rest[number.end() :]
    rest = _LABEL.sub("", rest, count=1) if _LABEL.match(rest) else rest
    return rest if rest == sentence else capitalised(rest)


def _sets_no_scope(before: str) -> bool:
    """Whether it is there, and what follows it does not hold under its condition alone: "In
    children, …", "If the INR is above 5, …"."""
    words = [word.lower() for word in _WORD.findall(before)]
    words = words[1:] if words[:1] == ["the"] else words
    return bool(words) and words[0] not in TURNING | POINTING and _CONDITIONS.isdisjoint(words)


def _amounts(sentence: str) -> bool:
    words = {word.lower() for word in _WORD.findall(sentence)}
    return any(map(str.isdigit, words)) or not words.isdisjoint(
        NUMBER_WORDS.keys() | PARTS_OF_NUMBERS | _GIVING
    )


def _section_numbers(headings: Sequence[str], said: Sequence[str]) -> frozenset[str]:
    """The numbers before sentences that count the sections a heading opens. Before a plural, the
    number beside it must stand in the passage, too: "2.5 Nurses"."""
    opened = [_HEADING_NUMBER.match(f"{heading} ") for heading in headings]
    above = {match[1] for match in opened if match is not None}
    found = [match for match in map(_SECTION.match, said) if match is not None]
    there = {match["number"] for match in found}
    return frozenset(
        match["number"]
        for match in found
        if match[2] in above
        and (
            match["number"].count(".") > 1
            or not match["word"].lower().endswith("s")
            or match["word"].lower().endswith(("ss", "us", "is"))
            or not there.isdisjoint(_beside(match["number"]))
        )
    )


def _beside(number: str) -> tuple[str, str]:
    section, _, last = number.rpartition(".")
    return f"{section}.{int(last) - 1}", f"{section}.{int(last) + 1}"


def _is_amount(number: re.Match[str]) -> bool:
    """Whether what follows it is a unit: "2.5 Units", "4.1 MBq", "0.5 L of"."""
    word = number["word"]
    if len(word) == 1:
        return re.match(r"-[a-z]" if word != "A" else r"\s[a-z]{3,}", number["rest"]) is None
    return word.lower() in _AMOUNTS
