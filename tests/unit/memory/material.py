"""What the memory's tests are made of: marks kept as a log would, documents, vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from appliance.errors import LogUnwritable
from appliance.memory.library import Library
from appliance.memory.store import OnMark, Store
from appliance.values import (
    VECTOR_SIZE,
    Block,
    BlockKind,
    DocumentInfo,
    DocumentKind,
    Page,
    PageSpan,
    PassageDraft,
    StoreMark,
    Vectors,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Marks:
    """Keeps every mark, and the newest of each store, as the log does."""

    def __init__(self) -> None:
        self.all: list[StoreMark] = []

    def __call__(self, mark: StoreMark) -> None:
        self.all.append(mark)

    def newest(self, store_id: str) -> StoreMark:
        return [mark for mark in self.all if mark.store_id == store_id][-1]


class RefusingMarks(Marks):
    """A log that fails while `refuse` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse = False

    def __call__(self, mark: StoreMark) -> None:
        if self.refuse:
            raise LogUnwritable("The log is full.")
        super().__call__(mark)


def unit_vectors(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, VECTOR_SIZE)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def draft(text: str, headings: tuple[str, ...] = ("Dosing",)) -> PassageDraft:
    return PassageDraft(text, ((0, len(text)),), headings, (PageSpan(0, 1, 0, len(text)),))


def add_texts(
    library: Library,
    collection: str,
    texts: Sequence[str],
    *,
    title: str = "Guideline",
    seed: int = 0,
    vectors: Vectors | None = None,
    document: str = "",
    replaces: str = "",
) -> DocumentInfo:
    """A document of one page and a passage a text."""
    page = "\n".join(texts)
    return library.add_document(
        collection,
        document=document,
        replaces=replaces,
        title=title,
        kind=DocumentKind.PDF,
        paged=True,
        size=len(page),
        sha256=hashlib.sha256(page.encode("utf-8", "surrogatepass")).hexdigest(),
        added=NOON,
        pages=(Page(1, page, (Block(BlockKind.PARAGRAPH, 0, len(page)),), 595.0, 842.0),),
        passages=tuple(draft(text) for text in texts),
        vectors=unit_vectors(len(texts), seed) if vectors is None else vectors,
    )


def make_store(folder: Path, marks: Marks, *, name: str = "ward", key: bytes = KEY) -> Store:
    """A store with one table `notes(text)`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Store.create(
        folder / "store.duckdb",
        key,
        spill=folder / "spill",
        kind="collection",
        id=name,
        schema=("CREATE TABLE notes (text VARCHAR)",),
        on_mark=marks,
    )


def open_store(
    folder: Path,
    mark: StoreMark | None,
    marks: Marks | None = None,
    *,
    name: str = "ward",
    key: bytes = KEY,
    earlier: Sequence[StoreMark] = (),
) -> Store:
    return Store.open(
        folder / "store.duckdb",
        key,
        spill=folder / "spill",
        kind="collection",
        id=name,
        mark=mark,
        on_mark=marks or Marks(),
        earlier=lambda: earlier,
    )


def write_note(store: Store, text: str) -> None:
    with store.transaction() as transaction:
        transaction.execute("INSERT INTO notes VALUES (?)", [text])


def notes(store: Store) -> list[str]:
    return [str(text) for (text,) in store.read("SELECT text FROM notes ORDER BY rowid")]


def make_library(folder: Path, marks: OnMark, exact_limit: int = 20_000) -> Library:
    return Library(folder / "collections", folder / "spill", marks, exact_limit=exact_limit)


def reopened(library: Library, folder: Path, marks: Marks, exact_limit: int = 20_000) -> Library:
    library.close()
    again = make_library(folder, marks, exact_limit)
    again.open_collection("ward", KEY, marks.newest("collection/ward"))
    return again
