"""The texts the composer is trained and measured on, as the product would keep them: passages.

Rules kept here: documents go through the product's own reader and are cut by its own code, so what
is learnt is what will be read. An article, topic or file is held back if the first four bytes of
its name's SHA-256, big-endian, are divisible by five; nothing of it is ever trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.documents.limits import ReaderLimits
from appliance.documents.reader import SandboxedReader
from appliance.documents.sentences import sentences
from appliance.values import PageSpan, Passage
from tests.evaluation.holding_back import held_back

SAMPLE = Path(__file__).resolve().parents[3] / "appliance" / "sample"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the passage that answers it. gold: texts, each of which is an answer; empty
    where the whole passage is."""

    question: str
    passage: int
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One article, topic or file. name: what the hold-out is drawn by."""

    source: str
    name: str
    passages: tuple[Passage, ...]
    asked: tuple[Asked, ...] = ()

    @property
    def held_back(self) -> bool:
        return held_back(self.name)


def read_texts(data: Path) -> Iterator[Text]:
    """Everything, in a fixed order."""
    yield from _squad(data / "reading" / "dev-v1.1.json")
    yield from _documents("hospital", data / "hospital", "*.html")
    yield from _documents("bank", data / "bank", "*.html")
    for folder in ("hospital", "bank"):
        yield from _documents("sample", SAMPLE / folder, "*.*")
    yield from _abstracts(data / "retrieval" / "corpus.jsonl")


def _squad(path: Path) -> Iterator[Text]:
    for article in json.loads(path.read_text("utf-8"))["data"]:
        title = article["title"]
        passages: list[Passage] = []
        asked: list[Asked] = []
        for paragraph in article["paragraphs"]:
            at = len(passages)
            passages.append(_plain(title, at, " ".join(paragraph["context"].split())))
            for one in paragraph["qas"]:
                gold = tuple(sorted({answer["text"] for answer in one["answers"]}))
                asked.append(Asked(" ".join(one["question"].split()), at, gold))
        yield Text("squad", title, tuple(passages), tuple(asked))


def _documents(source: str, folder: Path, pattern: str) -> Iterator[Text]:
    """Files by the product's reader. A heading that is a question is asked of what stands below."""
    reader = SandboxedReader(ReaderLimits())
    try:
        for path in sorted(path for path in folder.glob(pattern) if path.suffix != ".py"):
            document = reader.parse(path.read_bytes(), path.name)
            passages = tuple(
                Passage("c", path.stem, at, document.title, draft.text, draft.sentences,
                        draft.headings, draft.spans, document.paged)
                for at, draft in enumerate(reader.chunk(document))
            )  # fmt: skip
            asked = tuple(
                Asked(heading.replace(" ?", "?"), passage.key, ())
                for passage in passages
                for heading in passage.headings[-1:]
                if heading.rstrip().endswith("?")
            )
            yield Text(source, path.stem, passages, asked)
    finally:
        reader.close()


def _abstracts(path: Path) -> Iterator[Text]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            text = " ".join(row["text"].split())
            if text:
                yield Text("scifact", str(row["_id"]), (_plain(row["title"], 0, text),))


def _plain(title: str, key: int, text: str) -> Passage:
    name = " ".join(title.replace("_", " ").split())
    spans = (PageSpan(0, 1, 0, len(text)),)
    return Passage("c", title, key, name, text, tuple(sentences(text)), (), spans)
