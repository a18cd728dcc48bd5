"""Questions with and without an answer, out of two public collections and the written policies.

A case is answerable, or unanswerable in one of three ways: "removed" (its article or topic is taken
out of the library), "swapped" (its rarest word is replaced by one the library does not hold: the
drug that is not in the guidelines), "hard" (only the passages that answer are taken out; the rest
of the article stays). Policies have unanswerable questions of their own, "missing": about what a
document speaks of, and what it does not say. A seventh of all others are asked of a small library
of 1 to 40 passages.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.engine.quoting.words import STOP_WORDS, Rarity, split_words, stem
from appliance.values import PageSpan, Passage
from tests.evaluation.holding_back import part_of
from tests.evaluation.policies import read_policies

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9–-])")
_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Dr|Mr|Mrs|Ms|St|vs|etc|e\.g|i\.e|U\.S|No|Inc|Jr|Sr|ca|al)\.$"
)
_SOURCE = re.compile(r"https?://|^\W*(?:source:|see also|for more information)", re.IGNORECASE)
PASSAGE_CHARACTERS = 1_100


@dataclass(frozen=True, slots=True)
class Case:
    """gold: passage key and [start, end) of what answers. removed: keys not in the library."""

    corpus: str
    kind: str
    question: str
    group: str
    gold: tuple[tuple[int, int, int], ...]
    removed: frozenset[int] = frozenset()
    small: bool = False

    @property
    def answerable(self) -> bool:
        return self.kind == "answerable"

    def holds(self, key: int, start: int, end: int) -> bool:
        """Whether characters [start, end) of a passage answer, at least in half."""
        return self.answerable and any(
            key == k and min(end, b) - max(start, a) >= 0.5 * min(b - a, end - start)
            for k, a, b in self.gold
        )

    def holds_passage(self, key: int) -> bool:
        return any(key == k for k, _, _ in self.gold)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages and the answerable cases over them. groups: passage keys of an article or topic;
    akin: groups that speak of the same thing and are removed with it. names: by which a group's
    part is decided (part_of). spoilt: whether it has unanswerable questions of its own."""

    name: str
    passages: tuple[Passage, ...]
    cases: tuple[Case, ...]
    groups: dict[str, frozenset[int]]
    akin: dict[str, tuple[str, ...]]
    parts: dict[str, str]
    spoilt: bool = False

    def stems(self) -> set[str]:
        texts = (f"{p.title} {' '.join(p.headings)} {p.text}" for p in self.passages)
        return {stem(word) for text in texts for word in split_words(text)}

    def rare_words(self, rarity: Rarity, absent_from: Corpus) -> list[str]:
        """Rare words of this corpus's questions that the other corpus does not hold."""
        known = absent_from.stems()
        words = {w for case in self.cases for w in split_words(case.question) if w.isalpha()}
        return sorted(
            w for w in words
            if len(w) > 4 and rarity.of(w.casefold()) > 0.9 and stem(w) not in known
        )  # fmt: skip

    def cases_of(
        self, part: str, dice: random.Random, names: Sequence[str], rarity: Rarity, most: int
    ) -> list[Case]:
        """Cases of the articles or topics of this part, half of them made unanswerable. Where the
        corpus has unanswerable ones, all are asked of their own document alone: their questions do
        not say which one they mean."""
        cases = [case for case in self.cases if self.parts[case.group] == part]
        dice.shuffle(cases)
        if self.spoilt:
            return [self._at_home(case) for case in cases[:most]]
        made = []
        for n, case in enumerate(cases[:most]):
            spoilt = case if n % 2 else self._spoilt(case, n, dice, names, rarity)
            made.append(self._shrunk(spoilt, dice) if n % 7 == 3 else spoilt)
        return made

    def _at_home(self, case: Case) -> Case:
        everything = frozenset(range(len(self.passages)))
        return replace(case, removed=everything - self.groups[case.group])

    def _shrunk(self, case: Case, dice: random.Random) -> Case:
        """The case over a library of a few passages, most of the same topic if that is there."""
        size = dice.choice((1, 3, 6, 12, 40))
        kin = sorted(self.groups[case.group] - case.removed)
        others = [dice.randrange(len(self.passages)) for _ in range(size)]
        kept = {k for k, _, _ in case.gold} if case.answerable else set()
        kept |= set(dice.sample(kin, min(len(kin), size // 2 + 1)))
        kept |= set(others[: max(1, size - len(kept))]) - case.removed
        everything = range(len(self.passages))
        return replace(case, removed=frozenset(k for k in everything if k not in kept), small=True)

    def _spoilt(
        self, case: Case, n: int, dice: random.Random, names: Sequence[str], rarity: Rarity
    ) -> Case:
        if n % 10 in (0, 4):
            keys = {k for g in self.akin[case.group] for k in self.groups[g]}
            return replace(case, kind="removed", removed=frozenset(keys))
        if n % 10 in (2, 6):
            swapped = _swap(case.question, dice.choice(names), rarity)
            return replace(case, kind="swapped", question=swapped)
        return replace(case, kind="hard", removed=frozenset(k for k, _, _ in case.gold))


def _swap(question: str, name: str, rarity: Rarity) -> str:
    """The question with its rarest word replaced."""
    words = [w for w in split_words(question) if w.casefold() not in STOP_WORDS and w.isalpha()]
    if not words:
        return f"{question} {name}"
    rarest = max(words, key=lambda w: (rarity.of(w.casefold()), len(w)))
    return question.replace(rarest, name.capitalize() if rarest[0].isupper() else name.lower())


def sentences_of(text: str) -> tuple[tuple[int, int], ...]:
    cuts = [0]
    for match in _SENTENCE_END.finditer(text):
        if not _ABBREVIATION.search(text[: match.start()][-6:]):
            cuts.append(match.end())
    ends = [*cuts[1:], len(text)]
    return tuple((a, a + len(text[a:b].rstrip())) for a, b in zip(cuts, ends, strict=True) if a < b)


def _passage(key: int, title: str, headings: tuple[str, ...], text: str) -> Passage:
    return Passage(
        collection="c", document=title, key=key, title=title, text=text,
        sentences=sentences_of(text), headings=headings, spans=(PageSpan(0, 1, 0, len(text)),),
    )  # fmt: skip


def read_squad(folder: Path) -> Corpus:
    """SQuAD 1.1 development part: 48 articles; the sentence with the marked span answers."""
    passages: list[Passage] = []
    cases: list[Case] = []
    groups: dict[str, set[int]] = {}
    parts: dict[str, str] = {}
    for article in json.loads((folder / "dev-v1.1.json").read_text("utf-8"))["data"]:
        title = article["title"].replace("_", " ")
        parts[title] = part_of(article["title"])
        for paragraph in article["paragraphs"]:
            key, text = len(passages), paragraph["context"]
            passages.append(_passage(key, title, (), text))
            groups.setdefault(title, set()).add(key)
            for asked in paragraph["qas"]:
                spans = {
                    (key, a["answer_start"], a["answer_start"] + len(a["text"]))
                    for a in asked["answers"]
                }
                question = " ".join(asked["question"].split())
                cases.append(Case("squad", "answerable", question, title, tuple(sorted(spans))))
    return Corpus(
        "squad", tuple(passages), tuple(cases),
        {g: frozenset(k) for g, k in groups.items()}, {g: (g,) for g in groups}, parts,
    )  # fmt: skip


def read_hospital(folder: Path) -> Corpus:
    """Health topics: each <h2> is a question, the text below it the answer."""
    passages: list[Passage] = []
    cases: list[Case] = []
    groups: dict[str, set[int]] = {}
    parts: dict[str, str] = {}
    for path in sorted(folder.glob("*.html")):
        page = path.read_text("utf-8")
        title = _plain(re.search(r"<h1>(.*?)</h1>", page, re.DOTALL))
        here = part_of(path.stem)
        parts[title] = here if parts.get(title, here) == here else "mixed"
        for section in re.split(r"<h2>", page)[1:]:
            heading, _, body = section.partition("</h2>")
            question = " ".join(html.unescape(heading).replace(" ?", "?").split())
            gold = []
            for text in _stretches(body):
                key = len(passages)
                passages.append(_passage(key, title, (title, question), text))
                groups.setdefault(title, set()).add(key)
                gold += [
                    (key, a, b) for a, b in sentences_of(text) if not _SOURCE.search(text[a:b])
                ]
            if gold:
                cases.append(Case("hospital", "answerable", question, title, tuple(gold)))
    return Corpus(
        "hospital", tuple(passages), tuple(cases),
        {g: frozenset(k) for g, k in groups.items()}, _akin(groups), parts,
    )  # fmt: skip


def read_written(folder: Path) -> Corpus:
    """Policies, asked about in other words."""
    passages: list[Passage] = []
    cases: list[Case] = []
    groups: dict[str, frozenset[int]] = {}
    parts: dict[str, str] = {}
    for policy in read_policies(folder):
        title, before = policy.title, len(passages)
        parts[title] = part_of(policy.name)
        for section in policy.sections:
            key = len(passages)
            passages.append(_passage(key, title, (section.heading,), section.text))
            cases += (
                Case("policies", "answerable", asked.text, title, ((key, asked.start, asked.end),))
                for asked in section.asked
            )
            cases += (Case("policies", "missing", text, title, ()) for text in section.missing)
        groups[title] = frozenset(range(before, len(passages)))
    akin: dict[str, tuple[str, ...]] = {title: (title,) for title in groups}
    return Corpus("policies", tuple(passages), tuple(cases), groups, akin, parts, spoilt=True)


def _plain(match: re.Match[str] | None) -> str:
    return " ".join(html.unescape(match.group(1)).split()) if match else "untitled"


def _stretches(body: str) -> list[str]:
    """Paragraphs of a section, joined to passages of some length."""
    texts = re.findall(r"<(?:p|li)[^>]*>(.*?)</(?:p|li)>", body, re.DOTALL)
    plain = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", t)).split()) for t in texts]
    sentences = [p[a:b] for p in plain if p for a, b in sentences_of(p)]
    stretches: list[str] = []
    for sentence in sentences:
        if stretches and len(stretches[-1]) + len(sentence) < PASSAGE_CHARACTERS:
            stretches[-1] += " " + sentence
        else:
            stretches.append(sentence)
    return stretches


def _akin(titles: dict[str, set[int]]) -> dict[str, tuple[str, ...]]:
    """Topics whose title says all another's title says: "Asthma", "Childhood Asthma"."""
    stems = {
        t: frozenset(stem(w) for w in split_words(t) if w.casefold() not in STOP_WORDS)
        for t in titles
    }
    return {
        t: tuple(u for u in titles if stems[t] <= stems[u] or stems[u] <= stems[t]) for t in titles
    }
