"""What a bound answer may not hold, found by regular expressions over the finished text.

Written apart from the automaton and sharing none of its code or lists but the list of ordinary
words; it looks at less than the automaton does, and each thing it looks at in a simpler way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from appliance.engine.decoding import bound

ORDINARY = frozenset((Path(bound.__path__[0]) / "ordinary_words.txt").read_text().split())
UNITS = (
    "mg/kg|mg/mL|mmol/L|mg|mL|mcg|g|kg|L|micrograms?|milligrams?|grams?|hours?|days?|weeks?|months?"
    "|years?|minutes?|tablets?|capsules?|drops|units?|times|percent|daily|weekly|%|°C|mmHg"
)
NUMBERS = re.compile(r"[^\W_]*\d(?:[^\W_]|[.,:/·–-](?=[^\W_]))*")
DOSES = re.compile(rf"(\d[\d.,]*?)[\s(*\"-]*({UNITS})(?![^\W\d_])")
DATES = re.compile(
    r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December) \d{4}\b"
)
SPELLED = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred"
    r"|thousand|half|once|twice|first|second|third|double|january|february|march|april|june|july"
    r"|august|september|october|november|december|monday|sunday|daily|weekly)\b",
    re.IGNORECASE,
)
NEIGHBOURS = re.compile(r"\d[\d.,]*(?: |, | and | or | to | of | in | - | – )\d[\d.,]*\d|\d \d")
CURRENCY = re.compile(r"[£$€]\s?\d[\d.,]*|[<>≤≥±]\s?\d[\d.,]*")
INSIDE = re.compile(r"(?<=[a-z,] )[A-Z][^\W\d_]*")
WORDS = re.compile(r"(?<![^\W_])[^\W\d_]{3,}(?![^\W_])")
SCRIPTS = re.compile(r"[^\x00-\x7f“”‘’«»–—…•]+")


def strangers(text: str, evidence: tuple[str, ...], marks: int) -> list[str]:
    """Everything in the text that has no business there."""
    said = re.sub(r"\[(\d+)\]", lambda m: "" if 0 < int(m[1]) <= marks else m[0], text)
    return list(_strangers(said, "\n".join(evidence)))


def _strangers(said: str, evidence: str) -> Iterator[str]:
    for pattern in (NUMBERS, DOSES, DATES, NEIGHBOURS, CURRENCY, SCRIPTS):
        known = {_plain(match[0]) for match in pattern.finditer(evidence)}
        yield from (m[0] for m in pattern.finditer(said) if _plain(m[0]) not in known)
    known = {word.casefold() for word in re.findall(r"[^\W\d_]+", evidence)}
    yield from (m[0] for m in SPELLED.finditer(said) if m[0].casefold() not in known)
    yield from (m[0] for m in WORDS.finditer(said) if m[0].casefold() not in known | ORDINARY)
    names = set(re.findall(r"[^\W\d_]+", evidence)) | {"I"}
    yield from (m[0] for m in INSIDE.finditer(said) if m[0] not in names)


def _plain(found: str) -> str:
    return re.sub(r"[\s(*\"-]+", " ", found.rstrip(".,"))
