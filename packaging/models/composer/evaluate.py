"""The composer beside quote mode, on texts that nothing of it has seen.

    .venv/bin/python packaging/models/composer/evaluate.py DATA [--bundle FOLDER] [--most N]
        [--show N]

Runs in the product's environment. Held-back articles, topics and sample documents are one library;
their questions are searched, quoted and composed by the product's own code, and what is written is
checked as `cite = "required"` checks it. Prints the table of docs/models/composer.md.

Rules kept here: three answers to each question that quote mode answers: quoted; rewritten by the
rules of appliance/claims alone, without a model; composed. Each is measured in the same way.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import Text, read_texts
from ngrams import Ngrams
from pairs import SEED, said_best

from appliance import citations
from appliance.engine.answering import Answering
from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.engine.prompts.composed import Line, evidence_lines
from appliance.engine.quoting.words import STOP_WORDS
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored
from tests.benchmarks.quoting.finding import Library, VectorCache
from tests.storyteller import HOST

FOUND = 16
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"^[\d.]+ ")
_INLINE_MARK = re.compile(r"(?:^|\s)[-•*]\s+\S")
_NUMBERED = re.compile(
    r"^\s*(?:\d{1,2}(?:\.\d{1,2})+\s|\(?\w{1,3}[.)]\s|note:|however,|also,)", re.I
)


@dataclass(frozen=True, slots=True)
class Case:
    source: str
    question: str
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, whoever gave it. written: before the check; sentences: that are shown. used: the
    lines of evidence that are in it."""

    written: tuple[str, ...]
    sentences: tuple[str, ...]
    used: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """lines: of evidence, there were so many that could be composed; quoted ones that cannot
    are not among them."""

    case: Case
    lines: tuple[Line, ...]
    quoted: Told
    ruled: Told
    composed: Told | None


def main() -> None:
    given = _arguments()
    texts = list(read_texts(given.data))
    held = [text for text in texts if text.held_back and text.source not in ("scifact", "bank")]
    passages, cases = _library(held, given.most)
    encoder = EngineHost(default_encoder_folder())
    chat = ChatHost(given.bundle or shipped_composer(), command=HOST)
    answering = Answering(encoder, chat, composes=True)
    library = Library(passages, VectorCache(encoder, None))
    words = Ngrams(p.text for text in texts if not text.held_back for p in text.passages)
    rows = list(_rows(cases, library, answering))
    for name in ("squad", "hospital", "sample", ""):
        chosen = [row for row in rows if name in ("", row.case.source)]
        _print(name or "all", chosen, len([c for c in cases if name in ("", c.source)]), words)
    for row in rows[: given.show]:
        print("\n?", row.case.question)
        for line in row.lines:
            print("   -", line.text)
        print(" Q:", " ".join(row.quoted.sentences))
        print(" C:", " ".join(row.composed.written) if row.composed else "(nothing)")
    chat.close()
    encoder.close()


def _library(texts: Sequence[Text], most: int) -> tuple[list[Passage], list[Case]]:
    """All passages under keys of their own, and at most so many questions a source."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    passages: list[Passage] = []
    cases: list[Case] = []
    for text in texts:
        cases += [Case(text.source, asked.question, asked.gold) for asked in text.asked]
        if text.source == "sample":
            cases += [Case("sample", f"{heading}?", ()) for heading in _headings(text)]
        for passage in text.passages:
            passages.append(replace(passage, key=len(passages)))
    dice.shuffle(cases)
    counts: dict[str, int] = {}
    kept = []
    for case in dict.fromkeys(cases):
        counts[case.source] = counts.get(case.source, 0) + 1
        if counts[case.source] <= most:
            kept.append(case)
    return passages, kept


def _headings(text: Text) -> list[str]:
    """Of a policy: what somebody might ask for, without its number."""
    found = {p.headings[-1]: p.title for p in text.passages if p.headings}
    return [f"{_NUMBER.sub('', heading)} ({title})" for heading, title in found.items()]


def _rows(cases: Sequence[Case], library: Library, answering: Answering) -> Iterator[Row]:
    for case in cases:
        vector = library.encode([case.question])[0]
        found = library.find(case.question, vector, frozenset(), FOUND)
        began = time.perf_counter()
        quoted = answering.quote(case.question, found)
        seconds = time.perf_counter() - began
        if not quoted.sentences:
            continue
        lines = evidence_lines(quoted)
        quote = tuple(sentence.text for sentence in quoted.sentences)
        yield Row(
            case,
            lines,
            Told(quote, quote, len(lines), seconds),
            _ruled(lines, found),
            _composed(case, found, lines, answering),
        )


def _ruled(lines: Sequence[Line], found: Sequence[Scored]) -> Told:
    said = [said_best(line, first=not at) for at, line in enumerate(lines)]
    sentences = tuple(AnswerSentence(text, (at + 1,)) for at, text in enumerate(said) if text)
    cited = tuple(
        Citation(at + 1, line.passage, line.start, line.end) for at, line in enumerate(lines)
    )
    answer = Answer(sentences, cited, AnswerMode.GENERATE, "rules", 0.0, 1.0)
    shown = tuple(one.text for one in citations.check(answer, found, "required").sentences)
    return Told(tuple(one.text for one in sentences), shown, len(shown), 0.0)


def _composed(
    case: Case, found: Sequence[Scored], lines: Sequence[Line], answering: Answering
) -> Told | None:
    """None where there was nothing to compose, or nothing of it stood: quote mode then answers."""
    if not lines:
        return None
    began = time.perf_counter()
    last: Answer | None = None
    for step in answering.generate(case.question, found, (), lambda: None):
        last = step if isinstance(step, Answer) else last
    seconds = time.perf_counter() - began
    if last is None:
        return None
    shown = citations.check(last, found, "required").sentences
    written = tuple(one.text for one in last.sentences)
    return Told(written, tuple(one.text for one in shown), len({o.text for o in shown}), seconds)


def _print(name: str, rows: Sequence[Row], asked: int, words: Ngrams) -> None:
    if not rows:
        return
    print(f"\n{name}: {asked} questions, {len(rows)} answered by quote mode")
    print(f"{'':44}{'quoted':>10}{'rules':>10}{'composed':>10}{'shown':>10}")
    shown = [_shown(row) for row in rows]
    sides = (
        [row.quoted for row in rows],
        [replace(row.ruled, sentences=row.ruled.written) for row in rows],
        [_raw(row) for row in rows],
        shown,
    )
    for label, measure in _MEASURES.items():
        values = [measure(rows, side) for side in sides]
        print(f"{label:44}" + "".join(f"{value:10.1f}" for value in values))
    print(f"{'perplexity of words':44}" + "".join(f"{_perplexity(s, words):10.1f}" for s in sides))
    fallen = sum(row.composed is None or not row.composed.sentences for row in rows)
    print(f"nothing of the composed answer stands, quote mode answers: {fallen}")


def _raw(row: Row) -> Told:
    """What was written, before any check."""
    told = row.composed
    return row.quoted if told is None else replace(told, sentences=told.written)


def _shown(row: Row) -> Told:
    """What the person sees."""
    told = row.composed
    return row.quoted if told is None or not told.sentences else told


def _share(values: Sequence[bool]) -> float:
    return 100 * sum(values) / max(1, len(values))


def _faithful(row: Row, told: Told) -> bool:
    """Every content word and number of it stands in the evidence or the question."""
    known = {word.lower() for word in _WORD.findall(row.case.question)}
    for text in (*row.quoted.sentences, *(line.text for line in row.lines)):
        known |= {word.lower() for word in _WORD.findall(text)}
    said = {word.lower() for text in told.sentences for word in _WORD.findall(text)}
    return not (said - known - STOP_WORDS)


def _holds(row: Row, told: Told) -> bool:
    text = " ".join(told.sentences).casefold()
    return any(" ".join(answer.split()).casefold() in text for answer in row.case.gold)


def _flawless(told: Told) -> bool:
    """No list marks, section numbers or openings that lean on nothing; every sentence begins and
    ends as one; none is said twice."""
    texts = told.sentences
    return len(set(texts)) == len(texts) and all(
        not _INLINE_MARK.search(text)
        and not _NUMBERED.match(text)
        and not text[:1].islower()
        and text.rstrip("\"'”’)]")[-1:] in tuple(".!?")
        for text in texts
    )


def _perplexity(side: Sequence[Told], words: Ngrams) -> float:
    return words.perplexity([" ".join(told.sentences) for told in side])


def _accepted(rows: Sequence[Row], side: Sequence[Told]) -> float:
    """Of what was written. A quotation passes by its own rule."""
    written = passed = 0
    for row, told in zip(rows, side, strict=True):
        if told is row.quoted:
            continue
        of = row.ruled if told.written == row.ruled.written and not told.seconds else row.composed
        if of is not None:
            written, passed = written + len(of.written), passed + len(of.sentences)
    return 100 * passed / written if written else 100.0


_MEASURES: Mapping[str, Callable[..., float]] = {
    "faithful: all words and numbers, % of answers": lambda rows, side: _share(
        [_faithful(r, t) for r, t in zip(rows, side, strict=True)]
    ),
    "sentences that the check accepts, %": _accepted,
    "complete: lines of evidence used, %": lambda rows, side: (
        100 * sum(min(t.used, len(r.lines)) for r, t in zip(rows, side, strict=True) if r.lines)
        / max(1, sum(len(r.lines) for r in rows))
    ),
    "complete: holds the marked answer, %": lambda rows, side: _share(
        [_holds(r, t) for r, t in zip(rows, side, strict=True) if r.case.gold]
    ),
    "fluent: without a flaw, % of answers": lambda rows, side: _share([_flawless(t) for t in side]),
    "words an answer": lambda rows, side: (
        sum(len(" ".join(t.sentences).split()) for t in side) / max(1, len(side))
    ),
    "milliseconds, median": lambda rows, side: (
        1000 * sorted(t.seconds for t in side)[len(side) // 2]
    ),
}  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--most", type=int, default=250)
    parser.add_argument("--show", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
