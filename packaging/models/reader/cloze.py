"""Questions made out of sentences, to train on before people's questions: a span is taken out and
asked for (after Lewis, Denoyer and Riedel 2019, "Unsupervised Question Answering by Cloze
Translation").

Rules kept here: pure; the dice decide, so the same seed makes the same questions. The span stands
in the sentence, word for word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_COUNTED = (
    r"(?:percent|per cent|%|years?|months?|weeks?|days?|hours?|minutes?|seconds?|miles?|km|metres?|"
    r"meters?|feet|mg|mL|ml|mcg|g|kg|mmol/L|million|billion|dollars?|times|people|patients?)"
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("when", re.compile(rf"\b(?:\d{{1,2}} )?(?:{_MONTHS})(?: \d{{1,2}})?(?:,? \d{{4}})?\b")),
    ("when", re.compile(r"(?<=\bin )(?:1[0-9]|20)\d\d\b")),
    (
        "how long",
        re.compile(
            r"\b(?:within|for|after|at least|up to|every)? ?(?:\d[\d.,]*|one|two|three|four|five|"
            r"six|ten) (?:to \d+ )?(?:business )?(?:years?|months?|weeks?|days?|hours?|minutes?)\b"
        ),
    ),
    ("how many", re.compile(rf"[$£€]?\b\d[\d,.]*(?: to \d[\d.,]*)? ?{_COUNTED}?(?!\w)")),
    ("why", re.compile(r"(?<=because )[^.;,]{12,120}|(?<=due to )[^.;,]{8,80}")),
    ("how", re.compile(r"\bby \w+ing\b[^.;,]{4,80}")),
    ("where", re.compile(r"(?<=\bin )(?:the )?[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")),
    ("who", re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: (?:of |the |de )?[A-Z][\w’'-]+)+")),
    ("which", re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]{2,}")),
    (
        "what",
        re.compile(
            r"(?<= (?:is|as|to|of) )(?:an?|the) [a-z][\w’'-]+(?: [a-z][\w’'-]+){1,5}(?=[.,;]| (?:"
            r"that|which|and|in|by|for)\b)"
        ),
    ),
    (
        "what",
        re.compile(
            r"(?<=includes )[^.;]{6,90}|(?<=include )[^.;]{6,90}|(?<=causes )[^.;,]{4,60}|"
            r"(?<=called )[^.;,()]{4,50}|(?<=requires )[^.;]{6,90}|(?<=must )[^.;,]{8,90}"
        ),
    ),
)
_STOP = frozenset(
    "the a an of to in on for with and or that which is are was were be been by as at from it its "
    "this these those their has have had can may will would also such".split()
)
LONGEST_ANSWER = 120


def cloze(
    text: str, sentence: tuple[int, int], dice: random.Random
) -> tuple[str, tuple[int, int]] | None:
    """(question, [start, end) of what answers it), or None where the sentence offers nothing."""
    start, end = sentence
    said = text[start:end]
    if not 6 <= len(said.split()) <= 45:
        return None
    found = [
        (ask, match.start(), match.end())
        for ask, pattern in _KINDS
        for match in pattern.finditer(said)
        if 0 < match.end() - match.start() <= LONGEST_ANSWER
        and match.end() - match.start() < 0.6 * len(said)
    ]
    if not found:
        return None
    wanted = dice.choice(sorted({ask for ask, _, _ in found}))
    ask, first, last = dice.choice([entry for entry in found if entry[0] == wanted])
    while last > first and said[last - 1] in " ,.":
        last -= 1
    while first < last and said[first] == " ":
        first += 1
    question = _asked(ask, said[:first], said[last:], dice)
    if len(question.split()) < 4 or last <= first:
        return None
    return question, (start + first, start + last)


def _asked(ask: str, before: str, after: str, dice: random.Random) -> str:
    """What is left of the sentence, as a person might ask: some of it, in some order."""
    left = _clauses(before)[-1:] if dice.random() < 0.6 else _clauses(before)[-2:]
    right = _clauses(after)[:1] if dice.random() < 0.7 else _clauses(after)[:2]
    near, far = " ".join(left).split(), " ".join(right).split()
    words = near + far if dice.random() < 0.6 else far + near
    drop = dice.choice((0.0, 0.1, 0.25))
    kept = [
        word
        for word in words
        if dice.random() > (3 * drop if word.lower() in _STOP else drop) and word.strip(".,;:()-")
    ]
    kept = [word.strip(".,;:()") for word in kept][:24]
    style = dice.random()
    if style < 0.15:  # key words, as people type into a search field
        return " ".join(word for word in kept if word.lower() not in _STOP)
    if style < 0.3:
        asked = f"{' '.join(kept)} {ask}"
    else:
        linked = dice.choice(("", "", "is ", "was ", "did ", "are ")) if ask != "how many" else ""
        asked = f"{ask} {linked}{' '.join(kept)}"
    if dice.random() < 0.7:
        asked = asked[0].upper() + asked[1:]
    return f"{asked}?" if dice.random() < 0.8 else asked


def _clauses(text: str) -> Sequence[str]:
    parts = [part.strip() for part in re.split(r"[,;:(]\s", text)]
    return [part for part in parts if part] or [""]
