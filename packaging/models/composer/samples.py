"""Pairs into samples: each time another, so that copying is learnt and not the texts.

Rules kept here: what is changed is changed in question, lines and answer alike: numbers, and a
share of the words, become others, some of them made up; lines about something else are put between
and left out of the answer; where only such lines are left, the answer is that it is not there. A
sample depends on the seed, its step and its place alone.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer
from tokens import ANSWER, ASK, END

DECLINED = "Not in the documents."
LONGEST = 1_000
_WORD = re.compile(r"[A-Za-z]{4,}")
_NUMBER = re.compile(r"\d+")
_KEPT = frozenset(
    "however furthermore moreover also additionally addition note important remember include "
    "includes including following have this that these those they with from than when which".split()
)
_SYLLABLES = (
    "ba be bi bo cal cor da del dox e fen flu ga glo he i ke la lo lor mab man mi mon na ne nib "
    "nol o ol pa pril ra ri ro sar sta tan te ti tol u va vir xa xi za zol zu"
).split()
_LETTERS = "ABCDEFGHKLMNPRSTVX"


@dataclass(frozen=True, slots=True)
class Pair:
    question: str
    lines: tuple[str, ...]
    answer: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """tokens: of prompt and answer; the answer's begin at `answer`."""

    tokens: list[int]
    answer: int


@dataclass(frozen=True, slots=True)
class Share:
    """How often: invented pairs, words replaced, lines about something else, no answer."""

    invented: float = 0.15
    words: float = 0.45
    numbers: float = 0.75
    others: float = 0.30
    nothing: float = 0.06


def read_pairs(path: Path) -> list[Pair]:
    with path.open(encoding="utf-8") as file:
        rows = map(json.loads, file)
        return [
            Pair(row["question"], tuple(row["lines"]), tuple((t, n) for t, n in row["answer"]))
            for row in rows
        ]


def _id(tokenizer: Tokenizer, name: str) -> int:
    found = tokenizer.token_to_id(name)
    if found is None:
        raise ValueError(f"the tokenizer has no {name}")
    return int(found)


class Samples:
    def __init__(self, pairs: Sequence[Pair], tokenizer: Tokenizer, seed: int) -> None:
        self._pairs = pairs
        self._seed = seed
        self._tokenizer = tokenizer
        self._ask, self._answer, self._end = (_id(tokenizer, name) for name in (ASK, ANSWER, END))
        words = {word for pair in pairs for line in pair.lines for word in _WORD.findall(line)}
        self._words = sorted(word.lower() for word in words)

    def at(self, step: int, count: int, share: Share, longest: int) -> list[Sample]:
        """`count` samples of at most `longest` tokens."""
        dice = random.Random(f"{self._seed}/{step}")  # noqa: S311 - reproducible on purpose
        kept: list[Sample] = []
        while len(kept) < count:
            invented = dice.random() < share.invented
            pair = self._invented(dice) if invented else self._drawn(dice, share)
            sample = self.sample(pair)
            if len(sample.tokens) <= longest:
                kept.append(sample)
        return kept

    def sample(self, pair: Pair) -> Sample:
        numbered = [f"[{number}] {line}" for number, line in enumerate(pair.lines, start=1)]
        prompt = "\n".join([pair.question, *numbered])
        said = " ".join(f"{text} [{n}]" if n else text for text, n in pair.answer)
        asked, written = self._tokenizer.encode_batch([prompt, f" {said}"])
        before = [self._ask, *asked.ids, self._answer]
        return Sample([*before, *written.ids, self._end], len(before))

    def _drawn(self, dice: random.Random, share: Share) -> Pair:
        pair = dice.choice(self._pairs)
        if dice.random() < share.nothing:
            pair = self._nothing(pair, dice)
        elif dice.random() < share.others:
            pair = self._with_others(pair, dice)
        words = dice.random() < share.words
        return self._replaced(pair, dice, share.numbers, dice.uniform(0.1, 0.7) if words else 0.0)

    def _others(self, question: str, dice: random.Random, count: int) -> list[str]:
        """Lines of other pairs that share no word of the question."""
        asked = {word.lower()[:5] for word in _WORD.findall(question)}
        found: list[str] = []
        for _ in range(4 * count):
            line = dice.choice(dice.choice(self._pairs).lines)
            if len(line) < 400 and not asked & {w.lower()[:5] for w in _WORD.findall(line)}:
                found.append(line)
        return found[:count]

    def _with_others(self, pair: Pair, dice: random.Random) -> Pair:
        """Only where the question has words with the lines in common: else nobody could tell."""
        asked = {word.lower()[:5] for word in _WORD.findall(pair.question)}
        for line in pair.lines:
            if not asked & {word.lower()[:5] for word in _WORD.findall(line)}:
                return pair
        lines = [(line, True) for line in pair.lines]
        for other in self._others(pair.question, dice, dice.choice((1, 1, 2))):
            lines.insert(dice.randint(0, len(lines)), (other, False))
        moved = [at for at, (_, own) in enumerate(lines, start=1) if own]
        answer = tuple((text, moved[number - 1]) for text, number in pair.answer)
        return Pair(pair.question, tuple(line for line, _ in lines), answer)

    def _nothing(self, pair: Pair, dice: random.Random) -> Pair:
        others = self._others(pair.question, dice, dice.choice((1, 2, 3)))
        if not others:
            return pair
        return Pair(pair.question, tuple(others), ((DECLINED, 0),))

    def _replaced(self, pair: Pair, dice: random.Random, numbers: float, words: float) -> Pair:
        text = " ".join((pair.question, *pair.lines))
        known = {word.lower() for word in _WORD.findall(text)} - _KEPT
        changed = {word: self._word(dice) for word in sorted(known) if dice.random() < words}
        digits = {
            number: "".join(dice.choice("0123456789") for _ in number)
            for number in sorted(set(_NUMBER.findall(text)))
            if dice.random() < numbers
        }

        def word(found: re.Match[str]) -> str:
            new = changed.get(found[0].lower(), "")
            if not new:
                return found[0]
            return new.upper() if found[0].isupper() else (
                new.capitalize() if found[0][0].isupper() else new
            )  # fmt: skip

        def again(text: str) -> str:
            text = _NUMBER.sub(lambda found: digits.get(found[0], found[0]), text)
            return _WORD.sub(word, text) if changed else text

        return Pair(
            again(pair.question),
            tuple(map(again, pair.lines)),
            tuple((again(said) if n else said, n) for said, n in pair.answer),
        )

    def _word(self, dice: random.Random) -> str:
        if dice.random() < 0.5:
            return dice.choice(self._words)
        return "".join(dice.choice(_SYLLABLES) for _ in range(dice.randint(2, 4)))

    def _invented(self, dice: random.Random) -> Pair:
        """Lines of words at random: whoever gets them right copies."""
        made = [
            self._list(dice) if dice.random() < 0.15 else _alone(self._line(dice))
            for _ in range(dice.randint(1, 4))
        ]
        words = _WORD.findall(dice.choice(made)[0]) or ["this"]
        answer = tuple((said, number) for number, (_, said) in enumerate(made, start=1))
        return Pair(f"What about {dice.choice(words)}?", tuple(line for line, _ in made), answer)

    def _list(self, dice: random.Random) -> tuple[str, str]:
        """A list as it stands in a document, and as one sentence."""
        lead = " ".join(self._word(dice) for _ in range(dice.randint(2, 6))).capitalize()
        items = [
            " ".join(self._word(dice) for _ in range(dice.randint(1, 4)))
            for _ in range(dice.randint(2, 8))
        ]
        mark = dice.choice(("- ", "- ", "• ", "* "))
        large, stop = dice.random() < 0.5, dice.choice(("", "", ".", ";"))
        shown = [f"{mark}{item.capitalize() if large else item}{stop}" for item in items]
        return f"{lead}: {' '.join(shown)}", f"{lead}: {'; '.join(items)}."

    def _line(self, dice: random.Random) -> str:
        words = []
        for _ in range(dice.randint(3, 18)):
            kind = dice.random()
            if kind < 0.12:
                words.append(_figure(dice))
            elif kind < 0.18:
                words.append("".join(dice.choice(_LETTERS) for _ in range(dice.randint(2, 4))))
            else:
                words.append(self._word(dice))
            if dice.random() < 0.08:
                words[-1] += ","
        words[0] = words[0][:1].upper() + words[0][1:]
        before = dice.choice(("", "", "", f"{dice.randint(1, 9)}.{dice.randint(1, 9)} "))
        return before + " ".join(words) + "."


def _alone(line: str) -> tuple[str, str]:
    """A line, and the same without a section's number."""
    return line, re.sub(r"^\d\.\d (?=[A-Z])", "", line)


def _figure(dice: random.Random) -> str:
    number = str(dice.randint(0, 10 ** dice.randint(1, 4)))
    if dice.random() < 0.25:
        number += f".{dice.randint(0, 99)}"
    unit = dice.choice(
        ("", "", " mg", " %", " hours", " mg/kg", " days", " ml", " units", " mmol/l")
    )
    return dice.choice(("", "", "", "$", "< ", "> ", "-")) + number + unit


def batches(samples: Sequence[Sample], budget: int) -> Iterator[list[Sample]]:
    """Samples of like length together; a batch has at most `budget` tokens with its padding."""
    batch: list[Sample] = []
    for sample in sorted(samples, key=lambda one: len(one.tokens)):
        if batch and len(sample.tokens) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(sample)
    if batch:
        yield batch


def without_invented(share: Share) -> Share:
    return replace(share, invented=0.0)
