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
from appliance.assistant import PASSAGE_LIMIT
from appliance.engine.answering import Answering
from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.engine.prompts.composed import Line, evidence_lines
from appliance.engine.quoting.ranking import DEPTH
from appliance.engine.quoting.words import STOP_WORDS
from appliance.rewording import joined
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored
from tests.benchmarks.quoting.finding import Library, VectorCache
from tests.storyteller import HOST

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
    are not among them. ruled, composed: what passes alone; both with the quotation, as a person
    sees them, behind."""

    case: Case
    lines: tuple[Line, ...]
    quoted: Told
    ruled: Told
    composed: Told | None
    ruled_whole: Told
    shown: Told


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
        print(" S:", " ".join(row.shown.sentences))
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
        near = library.find(case.question, vector, frozenset(), DEPTH)
        found = answering.rank(case.question, near)[:PASSAGE_LIMIT]
        began = time.perf_counter()
        quoted = answering.quote(case.question, found)
        seconds = time.perf_counter() - began
        if not quoted.sentences:
            continue
        yield _row(case, quoted, found, answering, seconds)


def _row(
    case: Case, quoted: Answer, found: Sequence[Scored], answering: Answering, seconds: float
) -> Row:
    lines = evidence_lines(quoted)
    quote = Told(_texts(quoted), _texts(quoted), len(lines), seconds)
    ruled, wrote = _ruled(lines), None
    spent = 0.0
    if lines:
        began = time.perf_counter()
        wrote = _composed(case, found, answering)
        spent = time.perf_counter() - began
    return Row(
        case, lines, quote, _alone(ruled, found, 0.0),
        None if wrote is None else _alone(wrote, found, spent),
        _joined(ruled, quoted, found, len(lines), 0.0) or quote,
        (None if wrote is None else _joined(wrote, quoted, found, len(lines), spent)) or quote,
    )  # fmt: skip


def _texts(answer: Answer) -> tuple[str, ...]:
    return tuple(sentence.text for sentence in answer.sentences)


def _ruled(lines: Sequence[Line]) -> Answer:
    said = [said_best(line, first=not at) for at, line in enumerate(lines)]
    sentences = tuple(AnswerSentence(text, (at + 1,)) for at, text in enumerate(said) if text)
    cited = tuple(
        Citation(at + 1, line.passage, line.start, line.end) for at, line in enumerate(lines)
    )
    return Answer(sentences, cited, AnswerMode.GENERATE, "rules", 0.0, 1.0)


def _composed(case: Case, found: Sequence[Scored], answering: Answering) -> Answer | None:
    """None where there was nothing to compose: quote mode then answers."""
    last: Answer | None = None
    for step in answering.generate(case.question, found, (), lambda: None, bound=True):
        last = step if isinstance(step, Answer) else last
    return last


def _alone(written: Answer, found: Sequence[Scored], seconds: float) -> Told:
    """What of it passes the check."""
    shown = _texts(citations.check(written, found, "required"))
    return Told(_texts(written), shown, len(set(shown)), seconds)


def _joined(
    written: Answer, quoted: Answer, found: Sequence[Scored], lines: int, seconds: float
) -> Told | None:
    """As the person sees it; None where all of it is quoted."""
    checker = citations.Checker(found, "required")
    whole = joined(checker.check(written), checker.check(quoted), checker)
    if whole.mode is AnswerMode.QUOTE:
        return None
    return Told(_texts(written), _texts(whole), lines, seconds)


def _print(name: str, rows: Sequence[Row], asked: int, words: Ngrams) -> None:
    if not rows:
        return
    print(f"\n{name}: {asked} questions, {len(rows)} answered by quote mode")
    print(
        f"{'':44}" + "".join(f"{n:>10}" for n in ("quoted", "rules", "written", "+quotes", "shown"))
    )
    sides = (
        [row.quoted for row in rows],
        [replace(row.ruled, sentences=row.ruled.written) for row in rows],
        [_raw(row) for row in rows],
        [row.ruled_whole for row in rows],
        [row.shown for row in rows],
    )
    for label, measure in _MEASURES.items():
        values = [measure(rows, side) for side in sides]
        print(f"{label:44}" + "".join(f"{value:10.1f}" for value in values))
    print(f"{'perplexity of words':44}" + "".join(f"{_perplexity(s, words):10.1f}" for s in sides))
    fallen = sum(row.shown is row.quoted for row in rows)
    print(f"nothing of what was written is shown, quote mode answers: {fallen}")


def _raw(row: Row) -> Told:
    """What was written, before any check."""
    told = row.composed
    return row.quoted if told is None else replace(told, sentences=told.written)


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


_MEASURES: Mapping[str, Callable[..., float]] = {
    "faithful: all words and numbers, % of answers": lambda rows, side: _share(
        [_faithful(r, t) for r, t in zip(rows, side, strict=True)]
    ),
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
