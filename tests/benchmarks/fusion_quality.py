"""Finding: what words, vectors and both together bring up (SciFact's training queries)

Through the product's own library and encoder, a document a passage. The test queries are not
touched. Without the public collection beside the checkout there are no figures.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.intake import embedded_text
from appliance.memory.library import Library
from appliance.values import DocumentKind, Page, PageSpan, PassageDraft, Scored, StoreMark
from tests.unit.memory.material import KEY, NOON

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "retrieval"
DEPTH = 200  # both rankings, 100 deep each, with nothing in common
BATCH = 256
NOWHERE = 10**6


def run() -> list[tuple[str, float, str]]:
    if not (DATA / "corpus.jsonl").is_file():
        return []
    host = EngineHost(default_encoder_folder())
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as folder:
        library = Library(Path(folder), Path(folder) / "spill", _unheard)
        try:
            names = _fill(library, host)
            return _figures(library, host, names)
        finally:
            library.abandon()
            host.close()


def _unheard(_mark: StoreMark) -> None:
    """No log listens."""


def _lines(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def _fill(library: Library, host: EngineHost) -> dict[str, str]:
    """Returns the collection's own name of each document."""
    library.create_collection("scifact", KEY)
    names: dict[str, str] = {}
    corpus = _lines("corpus.jsonl")
    for at in range(0, len(corpus), BATCH):
        part = corpus[at : at + BATCH]
        drafts = [_draft(entry["text"], entry["title"]) for entry in part]
        vectors = host.encode([embedded_text(draft) for draft in drafts])
        for row, (entry, draft) in enumerate(zip(part, drafts, strict=True)):
            info = library.add_document(
                "scifact",
                title=entry["title"],
                kind=DocumentKind.TEXT,
                paged=False,
                size=len(draft.text),
                sha256=hashlib.sha256(entry["_id"].encode()).hexdigest(),
                added=NOON,
                pages=(Page(1, draft.text),),
                passages=(draft,),
                vectors=vectors[row : row + 1],
            )
            names[info.id] = entry["_id"]
    return names


def _draft(text: str, title: str) -> PassageDraft:
    return PassageDraft(text, ((0, len(text)),), (title,), (PageSpan(0, 1, 0, len(text)),))


def _figures(
    library: Library, host: EngineHost, names: dict[str, str]
) -> list[tuple[str, float, str]]:
    wanted: dict[str, set[str]] = {}
    for line in (DATA / "train.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            wanted.setdefault(query, set()).add(document)
    orders: dict[str, Callable[[Scored], float]] = {
        "words alone": lambda hit: hit.word_rank or NOWHERE,
        "vectors alone": lambda hit: hit.vector_rank or NOWHERE,
        "fused": lambda hit: -hit.score,
    }
    sums = dict.fromkeys(orders, 0.0)
    asked = [entry for entry in _lines("queries.jsonl") if entry["_id"] in wanted]
    for entry in asked:
        vector = host.encode([entry["text"]])
        hits = library.find(entry["text"], vector, (), DEPTH)
        for name, order in orders.items():
            ranked = [names[hit.passage.document] for hit in sorted(hits, key=order)]
            sums[name] += ndcg(ranked, wanted[entry["_id"]])
    return [(f"nDCG@10, {name}", total / len(asked), "") for name, total in sums.items()]


def ndcg(ranked: Sequence[str], wanted: set[str], depth: int = 10) -> float:
    """Normalised discounted cumulative gain, relevance 0 or 1 (Järvelin and Kekäläinen, 2002)."""
    gain = sum(
        1 / math.log2(rank + 2) for rank, name in enumerate(ranked[:depth]) if name in wanted
    )
    best = sum(1 / math.log2(rank + 2) for rank in range(min(depth, len(wanted))))
    return gain / best
