"""What is evaluated, and how: the command's options.

Rules kept here: every option has its bounds and says them; what is not named is what a person would
want of their own data.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.errors import UsageError
from tests.evaluation.finding import Part
from tests.evaluation.holding_back import fold_of, held_back

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
CACHE: Final = ROOT / ".cache" / "evaluation"
RANKING: Final = tuple(part.value for part in Part)
PARTS: Final = (*RANKING, "quote", "span", "composed")
"""What can be switched off. quote: questions are asked and answers judged; span: the reader's words
are compared with the answers; composed: the shipped composer's answers are judged."""


@dataclass(frozen=True, slots=True)
class Options:
    """queries: at most so many questions a data set, None for all. mix: the share of answerable
    questions that are made unanswerable. fold: None for all of them."""

    beir: tuple[Path, ...]
    squad: tuple[Path, ...]
    hospital: tuple[Path, ...]
    parts: tuple[str, ...] = PARTS
    split: str = ""
    queries: int | None = 500
    mix: float = 0.5
    library: str = "all"
    reading: bool = False
    articles: str = "all"
    headings: str = "kept"
    folds: int = 5
    fold: int | None = None
    seed: int = 20261123
    cache: Path = CACHE
    json: Path | None = None

    @property
    def ranking(self) -> tuple[Part, ...]:
        return tuple(part for part in Part if part.value in self.parts)

    def asks_of(self, name: str) -> bool:
        """Whether questions of an article, a topic or, in BEIR, a query are asked."""
        return self.articles == "all" or held_back(name) == (self.articles == "held")

    def in_fold(self, query: str) -> bool:
        return self.fold is None or fold_of(query, self.folds) == self.fold

    def words(self) -> str:
        """What restricts the questions, for the tables."""
        said = [f"at most {self.queries:,} questions, seed {self.seed}" if self.queries else ""]
        said.append(f"articles {self.articles}" if self.articles != "all" else "")
        said.append(f"fold {self.fold} of {self.folds}" if self.fold is not None else "")
        said.append(f"library: {self.library}" if self.library != "all" else "")
        return "; ".join(part for part in said if part) or "all questions"


def parse(arguments: Sequence[str], shared: Path = SHARED) -> Options:
    """The options; without any data set, those beside the checkout. Raises UsageError, and
    SystemExit as argparse does."""
    given = _parser().parse_args(arguments)
    parts = tuple(part.strip() for part in given.parts.split(",") if part.strip())
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        raise UsageError(
            f"There is no part {', '.join(unknown) or 'named'}.",
            hint=f"Parts are {', '.join(PARTS)}, parted by commas.",
        )
    _require(0.0 <= given.mix <= 1.0, "--mix is a share between 0 and 1.")
    _require(given.queries >= 0, "--queries is a number, 0 for all.")
    _require(given.folds >= 2, "--folds is at least 2.")
    _require(given.fold is None or 0 <= given.fold < given.folds, "--fold is below --folds.")
    beir, squad, hospital = tuple(given.beir), tuple(given.squad), tuple(given.hospital)
    if not (beir or squad or hospital):
        beir = _there(shared / "retrieval", "corpus.jsonl")
        squad = _there(shared / "reading" / "dev-v1.1.json")
        hospital = _there(shared / "hospital")
    if not (beir or squad or hospital):
        raise UsageError(
            "There is no data to evaluate on.",
            hint="Name some: make eval BEIR=folder, SQUAD=file.json or HOSPITAL=folder.",
        )
    return Options(
        beir=beir, squad=squad, hospital=hospital, parts=parts, split=given.split,
        queries=given.queries or None, mix=given.mix, library=given.library,
        reading=given.reading, articles=given.articles, headings=given.headings,
        folds=given.folds, fold=given.fold, seed=given.seed, cache=given.cache, json=given.json,
    )  # fmt: skip


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise UsageError(sentence, hint="See docs/evaluation.md, or --help.")


def _there(path: Path, file: str = "") -> tuple[Path, ...]:
    return (path,) if (path / file if file else path).exists() else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make eval", description="See docs/evaluation.md.")
    add = parser.add_argument
    add("--beir", type=Path, action="append", default=[], metavar="DIR")
    add("--squad", type=Path, action="append", default=[], metavar="FILE")
    add("--hospital", type=Path, action="append", default=[], metavar="DIR")
    add("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    add("--split", default="", help="which qrels; all, each alone, if not named")
    add("--queries", type=int, default=500, help="at most so many a data set, 0 for all")
    add("--mix", type=float, default=0.5, help="share of questions made unanswerable")
    add("--library", choices=("all", "article", "paragraph"), default="all",
        help="what a question is asked of")  # fmt: skip
    add("--reading", action="store_true", help="also ask of the right paragraph alone")
    add("--articles", choices=("all", "held", "fitted"), default="all",
        help="of which articles, topics or query ids questions are asked")  # fmt: skip
    add("--headings", choices=("kept", "removed"), default="kept",
        help="of hospital pages: whether the headings that ask are in the library")  # fmt: skip
    add("--folds", type=int, default=5)
    add("--fold", type=int, default=None, help="ask only the queries of this fold, from 0")
    add("--seed", type=int, default=20261123)
    add("--cache", type=Path, default=CACHE, help="where vectors are kept")
    add("--json", type=Path, default=None, help="write the tables there, too")
    return parser
