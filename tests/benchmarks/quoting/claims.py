"""SciFact's claims and the abstracts that bear on them, as cases: which passages to rank first."""

from __future__ import annotations

import json
from pathlib import Path

from appliance.engine.encoder.client import EngineHost
from appliance.values import PageSpan, Passage
from tests.benchmarks.quoting.cases import PASSAGE_CHARACTERS, Case, sentences_of
from tests.benchmarks.quoting.finding import Library, VectorCache
from tests.benchmarks.quoting.measuring import Looked, look
from tests.evaluation.holding_back import part_of


def read_claims(folder: Path, part: str) -> tuple[tuple[Passage, ...], tuple[Case, ...]]:
    """The abstracts, each one passage, and the training claims of this part."""
    passages: list[Passage] = []
    keys: dict[str, int] = {}
    for line in (folder / "corpus.jsonl").open(encoding="utf-8"):
        entry = json.loads(line)
        text = " ".join(entry["text"].split())[: 2 * PASSAGE_CHARACTERS] or entry["title"]
        keys[entry["_id"]] = len(passages)
        passages.append(
            Passage(
                collection="c", document=entry["_id"], key=len(passages), title=entry["title"],
                text=text, sentences=sentences_of(text), headings=(entry["title"],),
                spans=(PageSpan(0, 1, 0, len(text)),),
            )
        )  # fmt: skip
    gold: dict[str, list[tuple[int, int, int]]] = {}
    for row in (folder / "train.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, score = row.split("\t")
        if int(score) > 0:
            key = keys[document]
            gold.setdefault(query, []).append((key, 0, len(passages[key].text)))
    cases = []
    for line in (folder / "queries.jsonl").open(encoding="utf-8"):
        entry = json.loads(line)
        if entry["_id"] in gold and part_of(entry["_id"]) == part:
            spans = tuple(gold[entry["_id"]])
            cases.append(Case("claims", "answerable", entry["text"], entry["_id"], spans))
    return tuple(passages), tuple(cases)


def look_at_claims(folder: Path, cache: VectorCache, host: EngineHost, part: str) -> list[Looked]:
    """The claims of a part, found and read."""
    passages, cases = read_claims(folder, part)
    return look(cases, Library(passages, cache), host)
