"""A folder in BEIR's form: corpus.jsonl, queries.jsonl, and judgements in qrels/*.tsv or *.tsv.

Rules kept here: the corpus is read one document at a time and never held; only queries that are
judged are asked; a judged document that the corpus does not hold still counts as missed, and is
said. Judgements have three columns (query, document, score) or the four of TREC (the second is not
used), parted by tabs or spaces, with a header or without.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.evaluation import lines
from tests.evaluation.errors import DataUnusable
from tests.evaluation.material import Case, Entry, Notices, entry_of_text

MOST_JUDGEMENTS = 5_000_000


class BeirFolder:
    """One split of a folder. Implements material.DataSet."""

    asks = False

    def __init__(self, folder: Path, judgements: Path) -> None:
        self._folder = folder
        self._judgements = judgements
        self._held: set[str] = set()
        self.notices = Notices()
        _require(folder / "corpus.jsonl")
        _require(folder / "queries.jsonl")

    @property
    def name(self) -> str:
        return f"BEIR {self._folder.resolve().name} ({self._judgements.stem})"

    def entries(self) -> Iterator[Entry]:
        path = self._folder / "corpus.jsonl"
        for number, untrusted in lines.objects(path):
            where = f"{path.name}, line {number}"
            name = lines.name_of(untrusted.get("_id"), where)
            if name in self._held:
                self.notices.add("a document whose id was there before, left out")
                continue
            title = lines.text_of(untrusted, "title", where)
            text = lines.text_of(untrusted, "text", where)
            entry, _ = entry_of_text(name, title, text, self.notices)
            if not entry.passages:
                self.notices.add("a document without text, left out")
                continue
            self._held.add(name)
            yield entry
        if not self._held:
            raise DataUnusable(f"{path} holds no document with text.")

    def cases(self) -> list[Case]:
        judged = self._judged()
        cases: list[Case] = []
        path = self._folder / "queries.jsonl"
        for number, untrusted in lines.objects(path):
            where = f"{path.name}, line {number}"
            name = lines.name_of(untrusted.get("_id"), where)
            text = " ".join(lines.text_of(untrusted, "text", where).split())
            grades = judged.pop(name, None)
            if grades is None:
                self.notices.add("a query without a judgement (or given twice), not asked")
            elif not text:
                self.notices.add("a query without text, not asked")
            elif not any(grade > 0 for grade in grades.values()):
                self.notices.add("a query for which nothing is relevant, not asked")
            else:
                self._count_missing(grades)
                cases.append(Case(name, text, name, tuple(grades.items())))
        self.notices.add("a judged query that is not in queries.jsonl", len(judged))
        self._require_fit(cases)
        return cases

    def left_out(self, case: Case) -> frozenset[str]:
        return frozenset(name for name, grade in case.grades if grade > 0)

    def nearby(self, case: Case) -> frozenset[str]:
        return self.left_out(case)

    def _count_missing(self, grades: dict[str, int]) -> None:
        missing = sum(grade > 0 and name not in self._held for name, grade in grades.items())
        self.notices.add(
            "a relevant document that is not in the corpus; it counts as missed", missing
        )

    def _require_fit(self, cases: list[Case]) -> None:
        if not cases:
            raise DataUnusable(
                f"{self._judgements} judges no query of queries.jsonl as having an answer.",
                hint="The ids in the first column must be the '_id's of queries.jsonl.",
            )
        if not any(name in self._held for case in cases for name, grade in case.grades if grade):
            raise DataUnusable(
                f"{self._judgements} names no document of corpus.jsonl.",
                hint="The judgements belong to another corpus, or their columns are swapped.",
            )

    def _judged(self) -> dict[str, dict[str, int]]:
        judged: dict[str, dict[str, int]] = {}
        count = 0
        for number, line in lines.lines(self._judgements):
            row = _row(line)
            score = _score(row[-1]) if len(row) in (3, 4) else None
            if score is None:
                if count == 0 and len(row) in (3, 4):
                    count = 1  # the header
                    continue
                raise DataUnusable(
                    f"{self._judgements.name}, line {number}: not query, document and a number.",
                    hint="Each line has three columns (query-id, corpus-id, score) parted by tabs.",
                )
            count += 1
            if count > MOST_JUDGEMENTS:
                raise DataUnusable(f"{self._judgements.name} has over {MOST_JUDGEMENTS:,} lines.")
            grades = judged.setdefault(row[0], {})
            grades[row[-2]] = max(score, grades.get(row[-2], 0))
        return judged


def _row(line: str) -> list[str]:
    parts = line.split("\t") if "\t" in line else line.split()
    return [part.strip() for part in parts]


def _score(text: str) -> int | None:
    """A whole number, also written "1.0"; what is below 0 is 0. None for what is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return max(int(value), 0) if value.is_integer() else None


def _require(path: Path) -> None:
    if not path.is_file():
        raise DataUnusable(
            f"There is no {path.name} in {path.parent}.",
            hint="A BEIR folder holds corpus.jsonl, queries.jsonl and qrels/*.tsv.",
        )


def splits_of(folder: Path) -> dict[str, Path]:
    """The judgements of a folder by the name of their split. Raises DataUnusable for none."""
    found = {path.stem: path for path in sorted(folder.glob("*.tsv"))}
    found |= {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    if not found:
        raise DataUnusable(
            f"There are no judgements in {folder}.",
            hint="Put them into qrels/test.tsv: query-id, corpus-id and score, parted by tabs.",
        )
    return found


def open_beir(folder: Path, split: str = "") -> list[BeirFolder]:
    """The split that is named, or every one, each on its own."""
    if not folder.is_dir():
        raise DataUnusable(f"{folder} is not a folder.", hint="Name a BEIR folder with BEIR=…")
    found = splits_of(folder)
    if split and split not in found:
        raise DataUnusable(
            f"{folder} has no judgements named {split!r}.",
            hint=f"There are: {', '.join(found)}.",
        )
    chosen = [found[split]] if split else list(found.values())
    return [BeirFolder(folder, path) for path in chosen]
