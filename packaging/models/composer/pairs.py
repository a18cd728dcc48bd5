"""Writes the pairs the composer learns from: question, lines of evidence, answer.

    .venv/bin/python packaging/models/composer/pairs.py DATA FILE

Runs in the product's environment. Rules kept here: what an answer says is what appliance/claims
accepts of the evidence, made by the same code, so that a model that has learnt the pairs writes
what the product shows; nothing of a text that is held back is written; the seed is fixed.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import Asked, Text, read_texts

from appliance import claims
from appliance.claims.parts import without_bullet
from appliance.engine.prompts.composed import (
    MOST_CHARACTERS,
    Line,
    composed,
    lines_within,
)
from appliance.engine.prompts.grounded import visible
from appliance.values import Passage

SEED = 20_261_128
WANTED = (1, 1, 2, 2, 3, 3, 4, 5, 6)
"""How many lines, each as often as it stands here."""
ROUNDS = {"squad": 1, "hospital": 3, "bank": 8, "sample": 30, "scifact": 1}
"""How often each text is drawn from: policies are few and full of numbers and lists."""
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{4,}")
_ASKING = (
    "What about {0}?", "What is said about {0}?", "When is {0} required?", "How is {0} handled?",
    "Who is responsible for {0}?", "What applies to {0} and {1}?", "How much {0} is allowed?",
    "Is {0} part of {1}?", "What must be done about {0}?", "Tell me about {0} and {1}.",
    "What is the rule on {0}?", "How soon is {0} done?", "Why does {0} matter for {1}?",
    "And {0}?", "And for {0}?", "What about {0} then?", "And if {0}?", "{0} and {1}?", "{0} {1}",
    "Can I {0}?", "Do we {0} {1}?", "What else?", "Why?", "How long?", "And then?",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """answer: sentences, each with the number of its line; none where nothing answers."""

    source: str
    question: str
    lines: tuple[str, ...]
    answer: tuple[tuple[str, int], ...]


def pairs(text: Text, dice: random.Random) -> Iterator[Pair]:
    """Pairs of one text."""
    for asked in text.asked:
        yield from _pair(text, asked, dice)
    for _ in range(ROUNDS[text.source]):
        for passage in text.passages:
            yield from _pair(text, _invented(passage, dice), dice)


def _pair(text: Text, asked: Asked, dice: random.Random) -> Iterator[Pair]:
    chosen = _chosen(text, asked, dice)
    if not chosen:
        return
    question = composed(asked.question, chosen).messages[0].text.split("\n")[0]
    answer = tuple(
        (said, number)
        for number, line in enumerate(chosen, start=1)
        if (said := said_best(line, first=number == 1 or not _follows(chosen[number - 2], line)))
    )
    if answer:
        yield Pair(text.source, question, tuple(line.text for line in chosen), answer)


def _invented(passage: Passage, dice: random.Random) -> Asked:
    words = sorted(set(_WORD.findall(passage.text))) or ["this"]
    two = [dice.choice(words), dice.choice(words)]
    return Asked(dice.choice(_ASKING).format(*two), passage.key, ())


def _chosen(text: Text, asked: Asked, dice: random.Random) -> list[Line]:
    """Up to six lines: runs of neighbours, of one passage or of two."""
    wanted = dice.choice(WANTED)
    chosen: list[Line] = []
    size = 0
    others = list(range(len(text.passages)))
    for place in (asked.passage, dice.choice(others)):
        passage = text.passages[place]
        lines = list(lines_within(passage, 0, len(passage.text), _statements(passage)))
        at = _first(lines, asked, dice)
        for line in lines[at : at + dice.choice((1, 1, 2, 3))]:
            size += len(line.text)
            if len(chosen) < wanted and size <= MOST_CHARACTERS and line not in chosen:
                chosen.append(line)
    return chosen


def _first(lines: Sequence[Line], asked: Asked, dice: random.Random) -> int:
    """The line that answers; where that is not known, any, lists and numbered ones rather."""
    for at, line in enumerate(lines):
        if any(answer in line.text for answer in asked.gold):
            return at
    weights = [
        6 if _is_list(line) else 4 if said_best(line, first=True) != line.text else 1
        for line in lines
    ]
    return dice.choices(range(len(lines)), weights)[0] if lines else 0


def _is_list(line: Line) -> bool:
    return any(one.last > one.place for one in _saying(line))


def _saying(line: Line) -> list[claims.Statement]:
    return [
        one
        for one in _statements(line.passage)
        if one.alone and (one.start, one.end) == (line.start, line.end)
    ]


_KNOWN: dict[int, tuple[claims.Statement, ...]] = {}


def _statements(passage: Passage) -> tuple[claims.Statement, ...]:
    if id(passage) not in _KNOWN:
        _KNOWN[id(passage)] = claims.statements(passage)
    return _KNOWN[id(passage)]


def _follows(before: Line, line: Line) -> bool:
    between = line.passage.text[before.end : line.start]
    return before.passage == line.passage and before.end <= line.start and not between.strip()


def said_best(line: Line, *, first: bool) -> str:
    """How the line is best said: the last way that claims/ knows; nothing where it knows none. One
    that leans on the sentence before it keeps its opening word behind that one."""
    ways = _saying(line)
    if not ways:
        return ""
    best = ways[-1]
    if not first and ways[0].leaning is claims.Leaning.FULLY and best.last == best.place:
        best = ways[0]
    text = visible(without_bullet(best.text))
    return _small_items(text) if best.last > best.place else claims.capitalised(text)


_COMMON: set[str] = set()
"""Words that stand in small letters in many texts: what begins an item may then be small."""


def _small_items(text: str) -> str:
    def small(found: re.Match[str]) -> str:
        word = found[2]
        return found[1] + (word.lower() if word.lower() in _COMMON else word)

    return re.sub(r"((?::|;|; and|; or) )([A-Z][a-z]*)(?=[-,;.]| [a-z])", small, text)


def _learn_common(texts: Sequence[Text]) -> None:
    counts: dict[str, int] = {}
    for text in texts:
        words = {word for p in text.passages for word in re.findall(r"\b[a-z]+\b", p.text)}
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    _COMMON.update(word for word, count in counts.items() if count >= 5)


def main(data: Path, out: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    texts = list(read_texts(data))
    trained = [text for text in texts if not text.held_back]
    _learn_common(trained)
    made = [pair for text in trained for pair in pairs(text, dice)]
    dice.shuffle(made)
    with out.open("w", encoding="utf-8") as file:
        for pair in made:
            file.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    with out.with_suffix(".txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{p.text}\n" for text in trained for p in text.passages)
    print(f"{len(made):,} pairs out of {len(trained):,} texts")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
