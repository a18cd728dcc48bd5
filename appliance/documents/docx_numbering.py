"""The numbers that Word writes before headings and list items, which stand in no text.

Rules kept here: procedures are cited by them ("4.2", "step 3"), so they become text; whatever is
odd in a definition gives no number rather than a wrong one.

Source: ECMA-376 part 1, 17.9 (numbering).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appliance.documents.docx_xml import Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_LONGEST = 40
_HIGHEST = 100_000
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    style: str = ""


@dataclass(slots=True)
class Numbering:
    """The document's numbered lists and how far each has counted."""

    lists: dict[str, str] = field(default_factory=dict)
    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    counters: dict[str, list[int | None]] = field(default_factory=dict)

    def level_of_style(self, number: str, style: str) -> int:
        """The level a heading style stands for in a list, 0 where it says none."""
        for index, level in self.levels.get(self.lists.get(number, ""), {}).items():
            if style and level.style == style:
                return index
        return 0

    def label(self, number: str, index: int) -> str:
        """Counts one on and returns what is written, "" for bullets and unknown lists."""
        definition = self.lists.get(number, "")
        levels = self.levels.get(definition, {})
        level = levels.get(index)
        if level is None:
            return ""
        counters = self.counters.setdefault(definition, [None] * _LEVELS)
        for at, start in self.restarts.pop(number, {}).items():
            counters[at] = start - 1
        before = counters[index]
        counters[index] = min(level.start if before is None else before + 1, _HIGHEST)
        counters[index + 1 :] = [None] * (_LEVELS - index - 1)
        if level.form in {"bullet", "none"}:
            return ""

        def written(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            other = levels.get(at, _Level())
            value = counters[at]
            return _written(other.start if value is None else value, other.form)

        return _PLACE.sub(written, level.text)[:_LONGEST].strip()


def numbering_of(root: Element) -> Numbering:
    """What word/numbering.xml defines."""
    numbering = Numbering()
    for abstract in root.iter(f"{_W}abstractNum"):
        levels = {}
        for element in abstract.findall(f"{_W}lvl"):
            index = _index(element.get(f"{_W}ilvl", ""))
            if index is not None:
                levels[index] = _level(element)
        numbering.levels[abstract.get(f"{_W}abstractNumId", "")] = levels
    for element in root.findall(f"{_W}num"):
        name = element.get(f"{_W}numId", "")
        numbering.lists[name] = value_of(element, "abstractNumId")
        starts = {}
        for override in element.findall(f"{_W}lvlOverride"):
            index = _index(override.get(f"{_W}ilvl", ""))
            start = value_of(override, "startOverride")
            if index is not None and start.isdecimal():
                starts[index] = min(int(start[:6]), _HIGHEST)
        numbering.restarts[name] = starts
    return numbering


def reference(properties: Element) -> tuple[str, int | None]:
    """(list, level) of a w:pPr; the list is "" where there is none, "0" where it is taken away."""
    element = properties.find(f"{_W}numPr")
    if element is None:
        return "", None
    return value_of(element, "numId"), _index(value_of(element, "ilvl"))


def value_of(element: Element, tag: str) -> str:
    """w:val of the first child of that name, "" without."""
    child = element.find(f"{_W}{tag}")
    return str(child.get(f"{_W}val", "")) if child is not None else ""


def _level(element: Element) -> _Level:
    start = value_of(element, "start")
    return _Level(
        min(int(start[:6]), _HIGHEST) if start.isdecimal() else 1,
        value_of(element, "numFmt") or "decimal",
        value_of(element, "lvlText"),
        value_of(element, "pStyle"),
    )


def _index(text: str) -> int | None:
    return int(text) if len(text) == 1 and text.isdecimal() and int(text) < _LEVELS else None


def _written(value: int, form: str) -> str:
    if form in {"lowerLetter", "upperLetter"} and 0 < value <= 26 * 20:
        letters = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in {"lowerRoman", "upperRoman"} and 0 < value < 4000:
        roman = _roman(value)
        return roman if form == "lowerRoman" else roman.upper()
    if form == "decimalZero":
        return f"{value:02d}"
    return str(value)


def _roman(value: int) -> str:
    parts = []
    for worth, letters in _ROMAN:
        parts.append(letters * (value // worth))
        value %= worth
    return "".join(parts)
