"""Documents, pages and passages as rows of a collection's store.

Rules kept here: a document is visible only when it is whole, however many transactions it took;
what came from a document is bound as parameters; what is read back is checked before it is used;
passage keys only rise and are never used twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

import numpy as np

from appliance.errors import CloisterError
from appliance.memory import layout
from appliance.memory.database import Row
from appliance.memory.errors import DocumentUnknown, DocumentUnusable, StoreDamaged
from appliance.memory.postings import decode_run, encode_run, run_of
from appliance.memory.shelf import Segment
from appliance.memory.store import Store, Transaction
from appliance.memory.terms import Terms
from appliance.values import (
    VECTOR_SIZE,
    DocumentInfo,
    DocumentKind,
    Page,
    Passage,
    PassageDraft,
    Vectors,
)

BATCH: Final = 1024
"""Passages in a segment, and pages or passages in one statement."""

BATCHES_PER_TRANSACTION: Final = 16

TITLE_WEIGHT: Final = 3
HEADING_WEIGHT: Final = 1
"""How often a title's and the innermost heading's words count beside a passage's own (see
docs/decisions/0003-stores.md for the measurement)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_Item = TypeVar("_Item")

_PAGE_ROWS = """INSERT INTO pages SELECT ?, r.number, r.text, r.blocks, r.width, r.height FROM
    (SELECT unnest(from_json(?, '[{"number":"INTEGER","text":"VARCHAR","blocks":"VARCHAR",
    "width":"DOUBLE","height":"DOUBLE"}]')) AS r)"""
_PASSAGE_ROWS = """INSERT INTO passages SELECT r.key, ?, r.text, r.layout FROM
    (SELECT unnest(from_json(?, '[{"key":"BIGINT","text":"VARCHAR","layout":"VARCHAR"}]')) AS r)"""
_INFO = "id, title, kind, pages, passages, size, sha256, added, failures"


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as it is to be stored. vectors has shape (len(passages), VECTOR_SIZE)."""

    info: DocumentInfo
    paged: bool
    pages: tuple[Page, ...]
    passages: tuple[PassageDraft, ...]
    vectors: Vectors


def require_sound(draft: Draft) -> None:
    """Raises DocumentUnusable unless the draft's parts fit together."""
    vectors = draft.vectors
    if vectors.shape != (len(draft.passages), VECTOR_SIZE) or vectors.dtype != np.float32:
        raise DocumentUnusable("A document's passages and vectors do not fit together.")
    lengths = np.linalg.norm(vectors, axis=1)
    if not bool(np.all(np.abs(lengths - 1.0) < 0.01)):  # NaN fails this too
        raise DocumentUnusable("A document's vectors are not of unit length.")
    if len({page.number for page in draft.pages}) != len(draft.pages):
        raise DocumentUnusable("A document has two pages of one number.")


def clean(text: str) -> str:
    """The text with lone surrogates, which no encoding can hold, replaced one for one."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def write_document(
    store: Store, draft: Draft, terms: Terms, finish: Callable[[Transaction], None]
) -> list[Segment]:
    """Stores the document; it is visible from the last transaction on, in which `finish` runs.

    Raises StorageFull, StorageReadOnly; what was stored of it is then removed, now or at the next
    open.
    """
    batches = [*_batches(draft.pages), *_batches(draft.passages)]
    groups = list(_grouped(batches, BATCHES_PER_TRANSACTION)) or [[]]
    segments: list[Segment] = []
    try:
        for place, group in enumerate(groups):
            with store.transaction() as transaction:
                if place == 0:
                    _insert_document(transaction, draft, ready=len(groups) == 1)
                for batch in group:
                    _insert_batch(transaction, draft, batch, terms, segments)
                if place == len(groups) - 1:
                    _publish(transaction, draft.info.id, already=place == 0)
                    finish(transaction)
    except BaseException:
        if len(groups) > 1:
            with suppress(CloisterError):  # the first error is the one to report
                delete_document(store, draft.info.id)
        raise
    return segments


@dataclass(frozen=True, slots=True)
class _Batch:
    start: int
    pages: tuple[Page, ...] = ()
    passages: tuple[PassageDraft, ...] = ()


def _batches(items: tuple[Page, ...] | tuple[PassageDraft, ...]) -> Iterator[_Batch]:
    for start in range(0, len(items), BATCH):
        part = items[start : start + BATCH]
        yield _Batch(
            start,
            tuple(item for item in part if isinstance(item, Page)),
            tuple(item for item in part if isinstance(item, PassageDraft)),
        )


def _grouped(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _insert_document(transaction: Transaction, draft: Draft, *, ready: bool) -> None:
    info = draft.info
    transaction.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            info.id,
            ready,
            clean(info.title),
            info.kind.value,
            draft.paged,
            info.pages,
            len(draft.passages),
            info.size,
            info.sha256,
            naive(info.added),
            clean(layout.encode_failures(info.failures)),
        ],
    )


def _publish(transaction: Transaction, document: str, *, already: bool) -> None:
    if not already:
        transaction.execute("UPDATE documents SET ready = true WHERE id = ?", [document])


def _insert_batch(
    transaction: Transaction, draft: Draft, batch: _Batch, terms: Terms, segments: list[Segment]
) -> None:
    if batch.pages:
        rows = [_page_row(page) for page in batch.pages]
        transaction.execute(_PAGE_ROWS, [draft.info.id, layout.dump(rows)])
    if batch.passages:
        first = _take_keys(transaction, len(batch.passages))
        title = clean(draft.info.title)
        rows, counted = [], []
        for key, passage in enumerate(batch.passages, start=first):
            text = clean(passage.text)
            headings = tuple(clean(heading) for heading in passage.headings)
            rows.append(
                {"key": key, "text": text, "layout": layout.encode_layout(passage, headings)}
            )
            counted.append(_weighted(terms, title, headings, text))
        transaction.execute(_PASSAGE_ROWS, [draft.info.id, layout.dump(rows)])
        vectors = draft.vectors[batch.start : batch.start + len(rows)]
        segment = Segment(first, draft.info.id, vectors, run_of(first, counted))
        _insert_segment(transaction, segment)
        segments.append(segment)


def _page_row(page: Page) -> dict[str, str | int | float]:
    return {
        "number": page.number,
        "text": clean(page.text),
        "blocks": layout.encode_blocks(page.blocks),
        "width": page.width,
        "height": page.height,
    }


def _weighted(terms: Terms, title: str, headings: tuple[str, ...], text: str) -> Counter[int]:
    counted = terms.count(text)
    for above, weight in ((title, TITLE_WEIGHT), (" ".join(headings), HEADING_WEIGHT)):
        for term, times in terms.count(above).items():
            counted[term] += weight * times
    return counted


def _insert_segment(transaction: Transaction, segment: Segment) -> None:
    transaction.execute(
        "INSERT INTO segments VALUES (?, ?, ?, ?, ?)",
        [
            segment.first,
            segment.document,
            len(segment.words.lengths),
            segment.vectors.astype("<f4").tobytes(),
            encode_run(segment.words),
        ],
    )


def _take_keys(transaction: Transaction, count: int) -> int:
    first = transaction.execute("SELECT following FROM keys")[0][0]
    if not isinstance(first, int):
        raise StoreDamaged("A store's row does not have its form.")
    transaction.execute("UPDATE keys SET following = ?", [first + count])
    return first


def delete_document(store: Store, document: str, also: tuple[str, ...] = ()) -> None:
    """Removes every row of a document, whole or not, in one transaction. also: further tables."""
    with store.transaction() as transaction:
        for table in ("segments", "passages", "pages", *also):
            transaction.execute(f"DELETE FROM {table} WHERE document = ?", [document])  # noqa: S608 - fixed names
        transaction.execute("DELETE FROM documents WHERE id = ?", [document])


def sweep(store: Store) -> int:
    """Removes documents that never became whole. Returns how many."""
    unfinished = store.read("SELECT id FROM documents WHERE NOT ready")
    for (document,) in unfinished:
        delete_document(store, str(document))
    return len(unfinished)


# --- reading back ----------------------------------------------------------------------------


def list_documents(store: Store, collection: str) -> tuple[DocumentInfo, ...]:
    """Whole documents, oldest first."""
    rows = store.read(f"SELECT {_INFO} FROM documents WHERE ready ORDER BY added, id")  # noqa: S608 - fixed names
    return tuple(_info(collection, row) for row in rows)


def count_documents(store: Store) -> tuple[int, int]:
    """Whole documents, and their passages."""
    ((documents, passages),) = store.read(
        "SELECT count(*), coalesce(sum(passages), 0)::BIGINT FROM documents WHERE ready"
    )
    if not (isinstance(documents, int) and isinstance(passages, int)):
        raise _damaged()
    return documents, passages


def read_document(store: Store, collection: str, document: str) -> DocumentInfo:
    """Raises DocumentUnknown."""
    sql = f"SELECT {_INFO} FROM documents WHERE ready AND id = ?"  # noqa: S608 - fixed names
    rows = store.read(sql, [document])
    if not rows:
        raise DocumentUnknown("There is no such document in this collection.")
    return _info(collection, rows[0])


def find_content(store: Store, sha256: str) -> str | None:
    """The id of the whole document with these bytes."""
    rows = store.read("SELECT id FROM documents WHERE ready AND sha256 = ? LIMIT 1", [sha256])
    return str(rows[0][0]) if rows else None


def read_page(store: Store, document: str, number: int) -> Page:
    """Raises DocumentUnknown."""
    rows = store.read(
        "SELECT p.number, p.text, p.blocks, p.width, p.height FROM pages p "
        "JOIN documents d ON d.id = p.document WHERE d.ready AND p.document = ? AND p.number = ?",
        [document, number],
    )
    if not rows:
        raise DocumentUnknown("There is no such page in this collection.")
    _, text, blocks, width, height = rows[0]
    if not (isinstance(text, str) and isinstance(width, float) and isinstance(height, float)):
        raise _damaged()
    return Page(number, text, layout.decode_blocks(blocks), width, height)


def read_passages(store: Store, collection: str, keys: Sequence[int]) -> dict[int, Passage]:
    """Those of whole documents among the keys."""
    if not keys:
        return {}
    wanted = ",".join(str(int(key)) for key in keys)  # binding each would cost 0.1 ms a key
    rows = store.read(
        "SELECT p.key, p.document, d.title, p.text, p.layout, d.paged FROM passages p "  # noqa: S608 - numbers
        f"JOIN documents d ON d.id = p.document WHERE d.ready AND p.key IN ({wanted})"
    )
    found = (_passage(collection, row) for row in rows)
    return {passage.key: passage for passage in found}


def read_segments(store: Store, document: str = "") -> list[Segment]:
    """All segments of whole documents (or of one), by ascending first key."""
    rows = store.read(
        "SELECT s.first, s.document, s.passages, s.vectors, s.words FROM segments s "
        "JOIN documents d ON d.id = s.document WHERE d.ready AND ? IN ('', d.id) ORDER BY s.first",
        [document],
    )
    return [_segment(row) for row in rows]


def naive(moment: datetime) -> datetime:
    """UTC without its zone, as stored."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(untrusted: object) -> datetime:
    if not isinstance(untrusted, datetime):
        raise _damaged()
    return untrusted.replace(tzinfo=UTC)


def _info(collection: str, row: Row) -> DocumentInfo:
    document, title, kind, pages, passages, size, sha256, added, failures = row
    if not (isinstance(pages, int) and isinstance(passages, int) and isinstance(size, int)):
        raise _damaged()
    try:
        known = DocumentKind(str(kind))
    except ValueError:
        raise _damaged() from None
    return DocumentInfo(
        str(document),
        collection,
        str(title),
        known,
        pages,
        passages,
        size,
        str(sha256),
        aware(added),
        layout.decode_failures(failures),
    )


def _passage(collection: str, row: Row) -> Passage:
    key, document, title, text, placed, paged = row
    if not (isinstance(key, int) and isinstance(text, str)):
        raise _damaged()
    sentences, headings, spans = layout.decode_layout(placed)
    return Passage(
        collection,
        str(document),
        key,
        str(title),
        text,
        sentences,
        headings,
        spans,
        bool(paged),
    )


def _segment(row: Row) -> Segment:
    first, document, passages, vectors, words = row
    if not (
        isinstance(first, int)
        and isinstance(passages, int)
        and isinstance(vectors, bytes)
        and isinstance(words, bytes)
        and len(vectors) == 4 * VECTOR_SIZE * passages
    ):
        raise _damaged()
    run = decode_run(first, words)
    if len(run.lengths) != passages:
        raise _damaged()
    shaped = np.frombuffer(vectors, "<f4").reshape(passages, VECTOR_SIZE)
    return Segment(first, str(document), shaped, run)


def _damaged() -> StoreDamaged:
    return StoreDamaged("A store's row does not have its form.")
