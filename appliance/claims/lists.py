"""The lists of a passage that are there whole, each as one sentence.

Rules kept here: pure; when in doubt, no. A list is its lead and all of its items, in their order.
It is not offered where
- an item may be missing: its numbers do not count up from one, something listed follows, the import
  may have cut it (the passage ends with it, or what follows is no whole sentence), or it goes on in
  what follows ("Unless …", "And one of these:");
- an item may be part of another one: another kind of bullet, an item that holds a bullet, a
  semicolon or a lead, that breaks off or that begins small where others do not;
- a bullet may be a sign: "- 5 °C" is no item, and "60 - 100" are no two;
- the heading above says that it is not so ("Contraindications"), and the lead does not.
docs/decisions/0017-composer.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance.claims.words import NEGATIONS, NUMBER_WORDS, POINTING, REFUSING, TURNING

MOST_ITEMS = 12
LONGEST_LIST = 700

_MARK = re.compile(
    r"\s*(?:(?P<bullet>[•·‣▪])|(?P<sign>[-–*])"
    r"|(?P<open>\(?)(?:(?P<digit>\d{1,2})|(?P<letter>[a-z]|[ivx]{1,5}))(?P<close>[.)]))\s+"
)
_LOOKS_LISTED = re.compile(r"\s*(?:[^\w\s\"“”„«»'‘’(\[§]|_|\(?\w{1,4}[.)]\s)")
_OPENED = re.compile(r"(?P<lead>[^:]{3,}:)\s+(?=(?P<mark>[-–•*])\s+\S)")
_INSIDE = re.compile(r"(?:^|[\s:])[•‣▪◦●○■□*](?:\s|$)|:\s*[-–—]|;\s*\S")
_JOINING = re.compile(r"[;,]?\s+(and|or)\s*$")
_ITEM_ENDS = ".;, "
_ENDS = re.compile(r"[.!?…:][\"'”’»)\]]*\s*$")
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*\s*$")
_ADDING = re.compile(r"\b(include|includes|are)(?:\s+the following)?\s*:?\s*$")
_OPEN_ENDED = re.compile(
    r"\b(?:includ(?:e|es|ing)|such as|for example)(?: the following)?\s*:?\s*$"
)
_CONTINUED = re.compile(r"\b(?:continu|cont\.|overleaf|next page|see (?:above|below))", re.I)
_SECTION = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,3}\s+(?=[A-Z\"“])")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")

_ALL_OF = frozenset(
    "all any both each every either must shall should need needs require requires required "
    "requirements criteria conditions following".split()
)
_CONDITIONS = _ALL_OF - {"following"} | frozenset(
    "if when whenever where unless until only provided before after may can".split()
)
_GOES_ON = NEGATIONS | frozenset(
    "and or but plus except excepting excluding including unless until only if when where while "
    "provided that which who whose than as the an of in to for from by at on with is are was "
    "were be should must may can e.g i.e and/or".split()
)
"""An item that ends with one of these goes on elsewhere."""
_OF_THE_LIST = (
    (POINTING | NEGATIONS | NUMBER_WORDS.keys())
    | frozenset(
        "any all both each every at plus with without unless except excepting exception exceptions "
        "exclusion exclusions excluded only provided additionally furthermore moreover further "
        "another other others more alternatively either neither if".split()
    )
) - {"he", "she", "sie", "er"}
"""What begins with one of these may speak of the list before it, or add to it."""
_POINTING_BACK = frozenset(
    "these those above listed former latter first second third last item items point points step "
    "steps bullet list paragraph paragraphs clause clauses subsection subparagraph".split()
)
_ITEMS_NUMBER = re.compile(r"\((?:\d{1,2}|[a-z]|[ivx]{1,5})\)")
_HEADINGS_TURNING = REFUSING - {"stopping", "error", "errors"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence of the passage, as claims.statements found it. alone: it says something by itself.
    opens: it would, were it not the lead of what follows."""

    start: int
    end: int
    alone: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class WholeList:
    """What the stretches `first` to `last` hold, items without their marks."""

    first: int
    last: int
    lead: str
    items: tuple[str, ...]


def whole_lists(
    text: str, headings: Sequence[str], stretches: Sequence[Stretch]
) -> Iterator[WholeList]:
    said = [" ".join(text[one.start : one.end].split()) for one in stretches]
    begins = [
        not at or "\n" in text[stretches[at - 1].end : one.start]
        for at, one in enumerate(stretches)
    ]
    turned = bool(headings) and turns(headings[-1], _HEADINGS_TURNING)
    for at in range(len(stretches)):
        found = _list_at(at, said, stretches, begins)
        if found is None or not 1 < len(found.items) <= MOST_ITEMS:
            continue
        if sum(map(len, found.items)) > LONGEST_LIST or not all(map(_item_is_whole, found.items)):
            continue
        if _of_two_kinds(found.items) or (turned and not turns(found.lead, REFUSING)):
            continue
        if _complete(found, said, stretches, begins):
            yield found


def opens_inside(sentence: str) -> bool:
    """Whether a list begins within it: "Never give: - aspirin."."""
    lead, colon, rest = sentence.partition(": ")
    return bool(lead and colon) and _MARK.match(rest) is not None


def looks_listed(sentence: str) -> bool:
    """Whether it may be an item of a list, its mark of whatever kind."""
    return _LOOKS_LISTED.match(sentence) is not None


def turns(text: str, turning: frozenset[str]) -> bool:
    return any(word in turning or word.endswith(("n't", "n’t")) for word in _words(text))


def joined(lead: str, items: Sequence[str]) -> str:
    """Lead: one; two; and three."""
    text = lead.rstrip(": ") + ":"
    joining = ""
    for number, item in enumerate(items):
        found = _JOINING.search(item)
        bare = (item[: found.start()] if found else item).rstrip(_ITEM_ENDS)
        text += f"{';' if number else ''}{joining} {bare}"
        joining = f" {found[1]}" if found else ""
    return f"{text}."


def enumerated(lead: str, items: Sequence[str]) -> str:
    """Signs are fever, rash and cough. Empty unless each item is a single word: "pain in the chest,
    arm" would be another pain, and "aspirin and heparin flush" another flush."""
    adding = _ADDING.search(lead)
    bare = [item.rstrip(_ITEM_ENDS) for item in items]
    if adding is None or set(_words(lead)) & (TURNING | _ALL_OF - {"following"}):
        return ""
    if not all(item.isalpha() for item in bare):
        return ""
    if {item.lower() for item in bare} & (TURNING | {"and"}):
        return ""
    return f"{lead[: adding.end(1)]} {', '.join(bare[:-1])} and {bare[-1]}."


def _list_at(
    at: int, said: Sequence[str], stretches: Sequence[Stretch], begins: Sequence[bool]
) -> WholeList | None:
    """The lead and the items of the list that begins there; None where one mark is not like the
    other."""
    opened = _OPENED.match(said[at])
    parts: list[str] = []
    if stretches[at].opens:
        lead = said[at]
    elif stretches[at].alone and opened is not None:
        lead, parts = opened["lead"], [said[at][opened.end() :]]
    else:
        return None
    last = at
    while last + 1 < len(said) and begins[last + 1] and _MARK.match(said[last + 1]):
        last += 1
        parts.append(said[last])
    marks = [mark for part in parts if (mark := _MARK.match(part)) is not None]
    outer = _MARK.match(lead)
    if not marks or len({_kind(mark) for mark in marks}) > 1 or not _counts_up(marks):
        return None
    if outer is not None and _kind(outer) == _kind(marks[0]):
        return None  # an item of a list itself: where the inner one ends cannot be told
    marked = list(zip(parts, marks, strict=True))
    if marks[0]["bullet"] is None and any(part[mark.end()].isdigit() for part, mark in marked):
        return None  # "- 5 °C" may be below zero, "1. 5 mg" a decimal
    items = tuple(item for part, mark in marked for item in _items(part, mark))
    return WholeList(at, last, lead, items)


def _items(part: str, mark: re.Match[str]) -> list[str]:
    """Of a stretch: one item, or several that its bullet separates. A dash may be one of another
    kind, so it separates nothing."""
    begun = part[mark.end() :]
    if mark["bullet"] in ("•", "‣", "▪"):
        return re.split(rf"\s+{mark['bullet']}\s+", begun)
    return [begun] if f" {_kind(mark)} " not in begun else [""]


def _kind(mark: re.Match[str]) -> str:
    """The bullet itself, or how what counts on is written: "(1)", "a."."""
    counting = "1" if mark["digit"] else "a"
    return mark["bullet"] or mark["sign"] or f"{mark['open']}{counting}{mark['close']}"


_ROMAN = "i ii iii iv v vi vii viii ix x xi xii".split()


def _counts_up(marks: Sequence[re.Match[str]]) -> bool:
    """From one, none left out. Bullets do not count."""
    numbers = [mark["digit"] or mark["letter"] for mark in marks]
    if numbers[0] is None:
        return True
    counting = ([str(n + 1) for n in range(MOST_ITEMS)], list("abcdefghijkl"), _ROMAN)
    return any(numbers == known[: len(numbers)] for known in counting)


def _item_is_whole(item: str) -> bool:
    bare = item.rstrip(_ITEM_ENDS)
    joining = _JOINING.search(item)
    bare = item[: joining.start()].rstrip(_ITEM_ENDS) if joining else bare
    if not any(map(str.isalpha, bare)) or bare.endswith((":", "-", "–", "—", "/")):
        return False
    if bare.count("(") != bare.count(")") or bare.count("[") != bare.count("]"):
        return False
    return _INSIDE.search(bare) is None and bare.split()[-1].lower() not in _GOES_ON


def _of_two_kinds(items: Sequence[str]) -> bool:
    """Whether some begin small and some with a capital: then some may be parts of others, and
    only how far they were set in has told so."""
    begin = [item.split()[0] for item in items]
    return any(word.islower() for word in begin) and any(word.istitle() for word in begin)


def _complete(
    found: WholeList, said: Sequence[str], stretches: Sequence[Stretch], begins: Sequence[bool]
) -> bool:
    """Whether these are all items, and nothing behind them is part of the last one."""
    if found.items[-1].endswith((",", ";")) or _JOINING.search(found.items[-1]):
        return False
    behind = found.last + 1
    if behind == len(said):
        return _complete_at_end(found)
    if not (begins[behind] or _SECTION.match(said[behind])) or _goes_on(said[behind]):
        return False
    for at in range(behind, len(said)):
        if looks_listed(said[at]):
            return False
        if stretches[at].opens or opens_inside(said[at]):
            conditional = not _CONDITIONS.isdisjoint(_words(found.lead))
            return not (_of_the_list(said[at]) or (conditional and at == behind))
    return True


def _complete_at_end(found: WholeList) -> bool:
    """Where the passage ends with the list, the import may have cut it."""
    joins = [_JOINING.search(item) is not None for item in found.items]
    if joins.index(True) == len(joins) - 2 if any(joins) else False:
        return _ENDS_SENTENCE.search(found.items[-1]) is not None
    asking = _ALL_OF | (TURNING - {"of", "in", "to", "for", "may", "can", "with"})
    lead = set(_words(found.lead)) - {"following"}
    return _OPEN_ENDED.search(found.lead) is not None and asking.isdisjoint(lead)


def _goes_on(behind: str) -> bool:
    """Whether what stands behind the list may be part of it, or take something of it back."""
    if _ENDS.search(behind) is None or _CONTINUED.search(behind):
        return True
    return behind[:1].islower() or _of_the_list(behind)


def _of_the_list(sentence: str) -> bool:
    words = _words(_SECTION.sub("", sentence, count=1))
    if words[:2] in (["all", "other"], ["all", "others"]):
        return False
    return (
        not words
        or words[0] in _OF_THE_LIST
        or words[:2] == ["in", "addition"]
        or not _POINTING_BACK.isdisjoint(words)
        or _ITEMS_NUMBER.search(sentence) is not None
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
