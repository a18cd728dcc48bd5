"""Reads the public collections into passages and questions a reader can be trained on.

    .venv/bin/python packaging/models/reader/corpora.py DATA FOLDER

DATA holds `reading/` (SQuAD 1.1), `hospital/` and `bank/` (HTML), `retrieval/` (SciFact) and
`tables/` (TAT-QA); packaging/models/policies/ holds policies with questions in other words. Writes
FOLDER/passages.jsonl and FOLDER/questions.jsonl.

Rules kept here: documents are read and cut by the product's own code. Whole articles, topics and
queries are held back by the hash of their name (`part_of`), never a part of one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from appliance.documents import ReaderLimits, SandboxedReader
from appliance.documents.limits import always
from appliance.documents.sentences import sentences
from tests.evaluation.holding_back import part_of
from tests.evaluation.policies import POLICIES, read_policies

LONGEST = 1_000
"""Characters of a passage cut here; the product's own cutting gives about the same."""
FEWEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Passage:
    """sentences: [start, end) of text. part: see part_of."""

    id: str
    source: str
    group: str
    part: str
    title: str
    heading: str
    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """gold: ids of passages that answer. spans: [start, end) by passage, where they are known:
    one for each person who marked an answer. against: ids of passages that speak of the same and do
    not answer; where there are any, nothing does."""

    source: str
    group: str
    part: str
    text: str
    gold: tuple[str, ...]
    spans: dict[str, tuple[tuple[int, int], ...]]
    against: tuple[str, ...] = ()


Found = Iterator[Passage | Question]


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """[start, end) of pieces of at most LONGEST characters, cut between sentences."""
    start = last = 0
    for _, end in sentences(text):
        if end - start > LONGEST and last > start:
            yield start, last
            start = last
            while text[start : start + 1].isspace():
                start += 1
        last = end
    if last > start:
        yield start, last


def squad(folder: Path) -> Found:
    """SQuAD 1.1, development part: people marked the words that answer."""
    for article in json.loads((folder / "dev-v1.1.json").read_text("utf-8"))["data"]:
        group, part = article["title"], part_of(article["title"])
        title = group.replace("_", " ")
        for number, paragraph in enumerate(article["paragraphs"]):
            whole = paragraph["context"]
            pieces = list(stretches(whole))
            for n, (start, end) in enumerate(pieces):
                text = whole[start:end]
                identifier = f"squad/{group}/{number}/{n}"
                yield Passage(
                    identifier, "squad", group, part, title, "", text, tuple(sentences(text))
                )
            for asked in paragraph["qas"]:
                spans: dict[str, list[tuple[int, int]]] = {}
                for answer in asked["answers"]:
                    first = answer["answer_start"]
                    last = first + len(answer["text"])
                    for n, (start, end) in enumerate(pieces):
                        if start <= first and last <= end:
                            spans.setdefault(f"squad/{group}/{number}/{n}", []).append(
                                (first - start, last - start)
                            )
                if spans:
                    gold = {key: tuple(found) for key, found in spans.items()}
                    yield Question(
                        "squad", group, part, asked["question"].strip(), tuple(gold), gold
                    )


def pages(folder: Path, source: str) -> Found:
    """HTML documents; where a heading is a question, what stands under it answers it. Of other
    headings a question is made."""
    with_reader = SandboxedReader(ReaderLimits())
    try:
        for path in sorted(folder.glob("*.html")):
            yield from page(path, source, with_reader)
    finally:
        with_reader.close()


def page(path: Path, source: str, reader: SandboxedReader) -> Found:
    document = reader.parse(path.read_bytes(), path.name, always)
    part = part_of(path.stem)
    under: dict[str, list[str]] = {}
    for number, draft in enumerate(reader.chunk(document, always)):
        heading = draft.headings[-1] if draft.headings else ""
        identifier = f"{source}/{path.stem}/{number}"
        yield Passage(
            identifier, source, path.stem, part, document.title, heading, draft.text,
            draft.sentences,
        )  # fmt: skip
        if heading and heading != document.title:
            under.setdefault(heading, []).append(identifier)
    for heading, gold in under.items():
        question = asked_by(heading)
        if question and len(gold) <= 8:
            yield Question(source, path.stem, part, question, tuple(gold), {})


def asked_by(heading: str) -> str:
    """The question a heading asks or stands for; empty where it says too little."""
    text = " ".join(heading.replace("(are)", "").split())
    if text.endswith("?"):
        return text.removesuffix("?").rstrip() + "?"
    text = re.sub(r"^(?:§\s*)?[\dA-Z]+(?:[.\-(][\w)]+)*[.)]?\s+|^\W+", "", text).rstrip(".")
    if len(text.split()) < 2 or len(text) > 120:
        return ""
    return f"What are the rules on {text[0].lower()}{text[1:]}?"


def scifact(folder: Path) -> Found:
    """SciFact: scientific claims and the abstracts that bear on them."""
    for line in (folder / "corpus.jsonl").open(encoding="utf-8"):
        entry = json.loads(line)
        text = " ".join(entry["text"].split())
        for n, (start, end) in enumerate(stretches(text)):
            piece = text[start:end]
            yield Passage(
                f"scifact/{entry['_id']}/{n}",
                "scifact",
                entry["_id"],
                "training",
                entry["title"],
                "",
                piece,
                tuple(sentences(piece)),
            )
    wanted: dict[str, list[str]] = {}
    for line in (folder / "train.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            wanted.setdefault(query, []).append(document)
    for line in (folder / "queries.jsonl").open(encoding="utf-8"):
        entry = json.loads(line)
        if entry["_id"] in wanted:
            gold = tuple(f"scifact/{d}" for d in wanted[entry["_id"]])
            yield Question("scifact", entry["_id"], part_of(entry["_id"]), entry["text"], gold, {})


def tatqa(folder: Path) -> Found:
    """TAT-QA: notes to accounts, questions answered by a span of their text."""
    for report in json.loads((folder / "tatqa_dataset_dev.json").read_text("utf-8")):
        group = report["table"]["uid"]
        part = part_of(group)
        texts: dict[int, str] = {}
        for paragraph in report["paragraphs"]:
            text = " ".join(paragraph["text"].split())[:LONGEST]
            texts[paragraph["order"]] = text
            identifier = f"tatqa/{group}/{paragraph['order']}"
            if len(text.split()) >= FEWEST_WORDS:
                yield Passage(
                    identifier, "tatqa", group, part, "", "", text, tuple(sentences(text))
                )
        for asked in report["questions"]:
            if asked["answer_from"] == "text" and asked["answer_type"] == "span":
                spans = dict(_placed(asked, texts, group))
                if spans:
                    yield Question("tatqa", group, part, asked["question"], tuple(spans), spans)


def _placed(
    asked: dict[str, Any], texts: dict[int, str], group: str
) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    answer = " ".join(str(asked["answer"][0]).split())
    for order in map(int, asked["rel_paragraphs"]):
        at = texts.get(order, "").find(answer)
        if at >= 0 and answer:
            yield f"tatqa/{group}/{order}", ((at, at + len(answer)),)


def policies(folder: Path) -> Found:
    """Policies, asked about in other words; and asked what they do not say."""
    for policy in read_policies(folder):
        part = part_of(policy.name)
        for number, section in enumerate(policy.sections):
            identifier = f"policies/{policy.name}/{number}"
            text = section.text
            yield Passage(
                identifier, "policies", policy.name, part, policy.title, section.heading, text,
                tuple(sentences(text)),
            )  # fmt: skip
            for asked in section.asked:
                spans: dict[str, tuple[tuple[int, int], ...]] = {
                    identifier: ((asked.start, asked.end),)
                }
                yield Question("policies", policy.name, part, asked.text, (identifier,), spans)
            for missing in section.missing:
                yield Question("policies", policy.name, part, missing, (), {}, (identifier,))


def write(folder: Path, found: Iterable[Passage | Question]) -> None:
    """Both files, in the order found."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "passages.jsonl").open("w", encoding="utf-8") as passages,
        (folder / "questions.jsonl").open("w", encoding="utf-8") as questions,
    ):
        for entry in found:
            file = passages if isinstance(entry, Passage) else questions
            file.write(json.dumps(asdict(entry)) + "\n")


def everything(data: Path) -> Found:
    yield from squad(data / "reading")
    yield from pages(data / "hospital", "hospital")
    yield from pages(data / "bank", "bank")
    yield from scifact(data / "retrieval")
    yield from tatqa(data / "tables")
    yield from policies(POLICIES)


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    write(Path(sys.argv[2]), everything(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
