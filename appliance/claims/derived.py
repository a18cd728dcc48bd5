"""What else a document's sentences say, in other words: the few changes that turn no meaning.

Rules kept here: pure; when in doubt, no. The list of changes is closed, and each is made here out
of the document's own text, so that a written sentence is compared with the result and never with a
rule:
- a list is one sentence: its lead, a colon, its items with semicolons between. All of its items, in
  their order; an item's first letter may be small. "and" or "or" stands before the last only where
  the document has it, or after "include" and "are" where each item is a single word;
- the number of a section is left out where the headings say that it is one ("4.1" under "4 …");
- "Note:" and the like are left out;
- "However," and the like are left out; "Also," only where no number stands behind it: that dose
  may come on top of another.
A list is not offered where it may go on elsewhere, holds another list, or is interrupted.
docs/decisions/0017-composer.md says why these and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance.claims.words import NUMBER_WORDS, PARTS_OF_NUMBERS, TURNING

MOST_ITEMS = 12
LONGEST_LIST = 700

_MARK = re.compile(
    r"\s*(?:(?P<dash>[-–•·‣▪*])|(?P<digit>\(?\d{1,2}[.)])|(?P<letter>\(?(?:[a-z]|[ivx]{1,5})[.)]))\s+"
)
_LOOKS_LISTED = re.compile(r"\s*(?:[-–—•·‣▪*]|\(?\w{1,4}[.)]\s)")
_OPENED = re.compile(r"(?P<lead>[^:]{3,}:)\s+(?=(?P<mark>[-–•*])\s+\S)")
_JOINING = re.compile(r"[;,]?\s+(and|or)\s*$")
_ITEM_ENDS = ".;, "
_ADDING = re.compile(r"\b(include|includes|are)(?:\s+the following)?\s*:?\s*$")
_ALL_OF = frozenset(
    "all any both each every either must shall should need needs require requires required "
    "requirements criteria conditions following".split()
)
_SECTION = re.compile(r"(\d{1,3})(?:\.\d{1,3}){1,3}\s+(?=[A-Z\"“])")
_HEADING_NUMBER = re.compile(r"\s*(?:§\s*)?(\d{1,3})(?:\.\d{1,3})*\.?\s")
_LABEL = re.compile(r"(?:note|nb|please note|remember|important)\s*:\s+(?=[A-Z])", re.IGNORECASE)
_OPENER = re.compile(r"(?:however|furthermore|moreover)\s*,\s+(?=\S)", re.IGNORECASE)
_ON_TOP = re.compile(r"(?:also|additionally|in addition)\s*,\s+(?=\S)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence of the passage, as claims.statements found it. alone: it says something by itself.
    opens: it would, were it not the lead of what follows."""

    start: int
    end: int
    alone: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """Another way to say what the stretches `first` to `last` say."""

    first: int
    last: int
    text: str


def derived(text: str, headings: Sequence[str], stretches: Sequence[Stretch]) -> Iterator[Derived]:
    """All that may be said in place of the passage's own sentences."""
    sections = frozenset(
        found[1] for heading in headings if (found := _HEADING_NUMBER.match(f"{heading} "))
    )
    for at, stretch in enumerate(stretches):
        here = " ".join(text[stretch.start : stretch.end].split())
        if stretch.alone and (bare := without_openings(here, sections)) != here:
            yield Derived(at, at, bare)
    yield from _lists(text, sections, stretches)


def without_openings(sentence: str, sections: frozenset[str] = frozenset()) -> str:
    """The sentence without its number, label and opening word, beginning with a capital."""
    rest = sentence
    number = _SECTION.match(rest)
    if number is not None and number[1] in sections:
        rest = rest[number.end() :]
    for opening in (_LABEL, _OPENER):
        rest = opening.sub("", rest, count=1) if opening.match(rest) else rest
    if _ON_TOP.match(rest) and not _counts(rest):
        rest = _ON_TOP.sub("", rest, count=1)
    return rest if rest == sentence else capitalised(rest)


def capitalised(text: str) -> str:
    """With a capital at its beginning, unless its first word is spelt in a way of its own (pH)."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.islower() else text


def _counts(sentence: str) -> bool:
    words = {word.lower() for word in _WORD.findall(sentence)}
    return any(map(str.isdigit, words)) or bool(words & (NUMBER_WORDS.keys() | PARTS_OF_NUMBERS))


def _lists(text: str, sections: frozenset[str], stretches: Sequence[Stretch]) -> Iterator[Derived]:
    for at in range(len(stretches)):
        found = _list_at(text, stretches, at)
        if found is None:
            continue
        lead, items, last = found
        lead = without_openings(lead, sections)
        if len(items) > 1 and sum(map(len, items)) <= LONGEST_LIST:
            yield Derived(at, last, _joined(lead, items))
            if plain := _enumerated(lead, items):
                yield Derived(at, last, plain)


def _list_at(text: str, stretches: Sequence[Stretch], at: int) -> tuple[str, list[str], int] | None:
    """The lead, the items and the last stretch of the list that begins there, if it is whole."""
    said = [" ".join(text[one.start : one.end].split()) for one in stretches]
    opened = _OPENED.match(said[at])
    if stretches[at].opens:
        lead, parts, mark = said[at], [], ""
    elif stretches[at].alone and opened is not None:
        lead, parts, mark = opened["lead"], [said[at][opened.end() :]], opened["mark"]
    else:
        return None
    last = at
    while last + 1 < len(said) and (match := _MARK.match(said[last + 1])) is not None:
        kind = _kind(match)
        if mark and kind != mark:
            return None
        mark, last = kind, last + 1
        parts.append(said[last])
    items = [item for part in parts for item in _items_of(part, mark)]
    outer = _MARK.match(lead)
    if outer is not None and _kind(outer) == mark:
        return None  # an item of a list itself: where the inner one ends cannot be told
    if len(items) > MOST_ITEMS or not all(map(_item_is_whole, items)):
        return None
    return (lead, items, last) if _complete(lead, items, said, stretches, last) else None


def _items_of(part: str, mark: str) -> list[str]:
    """Of a stretch: one item, or several that its mark separates."""
    begun = _MARK.sub("", part, count=1)
    return re.split(rf"\s+{re.escape(mark)}\s+", begun) if mark not in ("", "1", "a") else [begun]


def _kind(mark: re.Match[str]) -> str:
    """The bullet itself, or "1" or "a" for what counts on."""
    return mark["dash"] or ("1" if mark["digit"] else "a")


def _item_is_whole(item: str) -> bool:
    return any(map(str.isalpha, item)) and not item.rstrip().endswith(":") and ": - " not in item


def _complete(
    lead: str, items: Sequence[str], said: Sequence[str], stretches: Sequence[Stretch], last: int
) -> bool:
    """Whether these are all items. Nothing that looks like one follows, near or far; where the
    passage ends with the list, the import may have cut it: then the lead must be one that asks for
    no completeness."""
    for behind in range(last + 1, len(said)):
        if _LOOKS_LISTED.match(said[behind]):
            return False
        if stretches[behind].opens or _OPENED.match(said[behind]):
            break
    if last + 1 < len(said) or (len(items) > 1 and _JOINING.search(items[-2])):
        return True
    words = {word.lower() for word in _WORD.findall(lead)}
    return not words & (_ALL_OF | (TURNING - {"of", "in", "to", "for", "may", "can", "with"}))


def _joined(lead: str, items: Sequence[str]) -> str:
    """Lead: one; two; and three."""
    text = lead.rstrip(": ") + ":"
    joining = ""
    for number, item in enumerate(items):
        found = _JOINING.search(item.rstrip(_ITEM_ENDS) if number + 1 == len(items) else item)
        bare = (item[: found.start()] if found else item).rstrip(_ITEM_ENDS)
        text += f"{';' if number else ''}{joining} {bare}"
        joining = f" {found[1]}" if found else ""
    return f"{text}."


def _enumerated(lead: str, items: Sequence[str]) -> str:
    """Signs are fever, rash and muscle pain. Empty unless each item but the last is a single
    word: "pain in the chest, arm" would be another pain."""
    adding = _ADDING.search(lead)
    bare = [item.rstrip(_ITEM_ENDS) for item in items]
    words = {word.lower() for word in _WORD.findall(lead)}
    if adding is None or words & (TURNING | _ALL_OF - {"following"}):
        return ""
    if not all(item.isalpha() for item in bare[:-1]) or len(bare[-1].split()) > 3:
        return ""
    inside = {word.lower() for item in bare for word in _WORD.findall(item)}
    if inside & (TURNING | {"and"}) or not bare[-1].replace(" ", "").isalpha():
        return ""
    return f"{lead[: adding.end(1)]} {', '.join(bare[:-1])} and {bare[-1]}."
