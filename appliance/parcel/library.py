"""A library parcel: a prebuilt collection in one sealed file, documents, passages and vectors.

Rules kept here: the file is sealed under a code of its own (160 bits, typed like a recovery code),
which travels by another way than the stick; what is read is authenticated chunk by chunk, bounded,
and held against its own offsets and hashes before it is handed on, for who made it may have erred,
or mean harm. The vectors are of one encoder, which is named: another one's are refused by whoever
reads. No graph travels with them: it would be read by native code as it lies.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.parcel.errors import ParcelDamaged
from appliance.values import (
    VECTOR_SIZE,
    Block,
    BlockKind,
    DocumentKind,
    Page,
    PageFailure,
    PageSpan,
    PassageDraft,
)
from appliance.vault.recovery import read_code, secret_for
from appliance.vault.sealed import Context, stream_sealed, write_sealed

if TYPE_CHECKING:
    from appliance.values import Vectors

FILE = "library.sealed"
FORMAT = "cloister-library"
MAXIMUM_TEXT = 192 << 20
MAXIMUM_PARTS = 16_000_000
"""Lists and objects in one piece of JSON: each takes many times its two bytes once it is read."""

MAXIMUM_VECTORS = 256 << 20
MAXIMUM_ORIGINAL = 1 << 30
MAXIMUM_TITLE = 500
_LARGEST = 2**31 - 1  # what a store's columns hold
_WIDEST = 1_000_000.0  # points
_HASH = re.compile(r"[0-9a-f]{64}")
_LENGTH = struct.Struct(">Q")
_CONTEXT = Context("library-parcel", FILE)


@dataclass(frozen=True, slots=True)
class LibraryHeader:
    """encoder: what made the vectors (EngineHost.model). retired: originals' SHA-256 (hex) of what
    the collection no longer answers from, each with that of what it answers from in its place, ""
    for nothing."""

    title: str
    encoder: str
    documents: int
    retired: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryDocument:
    """vectors: shape (len(passages), VECTOR_SIZE), float32, unit length."""

    title: str
    kind: DocumentKind
    paged: bool
    pages: tuple[Page, ...]
    failures: tuple[PageFailure, ...]
    passages: tuple[PassageDraft, ...]
    vectors: Vectors
    original: bytes


def write_library(
    path: Path, code: str, header: LibraryHeader, documents: Iterable[LibraryDocument]
) -> None:
    """Durable on return, whole or not there. Raises RecoveryCodeMistyped, storage errors."""
    write_sealed(path, _key(code), _frames(header, documents), _CONTEXT)


def read_library(path: Path, code: str) -> tuple[LibraryHeader, Iterator[LibraryDocument]]:
    """The header, and the documents as they are read. Raises RecoveryCodeMistyped, Tampered (the
    wrong code, or damage), ParcelDamaged; the iterator raises the last two."""
    reader = _Reader(stream_sealed(path, _key(code), _CONTEXT))
    header = _header(reader.frame(MAXIMUM_TEXT))
    return header, _documents(reader, header)


def _key(code: str) -> bytes:
    return secret_for(read_code(code), "library-parcel")


def _frames(header: LibraryHeader, documents: Iterable[LibraryDocument]) -> Iterator[bytes]:
    yield from _framed(
        _dumped(
            {
                "documents": header.documents,
                "encoder": header.encoder,
                "format": FORMAT,
                "retired": [list(pair) for pair in header.retired],
                "title": header.title,
                "version": 1,
            }
        )
    )
    for document in documents:
        yield from _framed(_described(document))
        yield from _framed(document.vectors.astype("<f4").tobytes())
        yield from _framed(document.original)


def _framed(content: bytes) -> Iterator[bytes]:
    yield _LENGTH.pack(len(content))
    yield content


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _described(document: LibraryDocument) -> bytes:
    return _dumped(
        {
            "failures": [[one.page, one.code, one.sentence] for one in document.failures],
            "kind": document.kind.value,
            "original": hashlib.sha256(document.original).hexdigest(),
            "paged": document.paged,
            "pages": [
                [
                    page.number,
                    page.text,
                    [
                        [block.kind.value, block.start, block.end, block.level]
                        for block in page.blocks
                    ],
                    page.width,
                    page.height,
                ]
                for page in document.pages
            ],
            "passages": [
                [
                    passage.text,
                    [list(sentence) for sentence in passage.sentences],
                    list(passage.headings),
                    [[span.at, span.page, span.start, span.length] for span in passage.spans],
                ]
                for passage in document.passages
            ],
            "title": document.title,
        }
    )


# --- reading ---------------------------------------------------------------------------------


class _Reader:
    """Frames out of authenticated chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()

    def frame(self, limit: int) -> bytes:
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        if length > limit:
            raise ParcelDamaged("A part of the library parcel is larger than it may be.")
        return self._take(length)

    def require_end(self) -> None:
        if self._held or next(self._chunks, b""):
            raise ParcelDamaged("The library parcel goes on after its end.")

    def _take(self, count: int) -> bytes:
        while len(self._held) < count:
            chunk = next(self._chunks, b"")
            if not chunk:
                raise ParcelDamaged("The library parcel ends too early.")
            self._held += chunk
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken


def _documents(reader: _Reader, header: LibraryHeader) -> Iterator[LibraryDocument]:
    import numpy as np

    for _ in range(header.documents):
        untrusted = _loaded(reader.frame(MAXIMUM_TEXT))
        raw, original = reader.frame(MAXIMUM_VECTORS), reader.frame(MAXIMUM_ORIGINAL)
        try:
            passages = tuple(_passage(row) for row in untrusted["passages"])
            document = LibraryDocument(
                title=_title(untrusted["title"]),
                kind=DocumentKind(untrusted["kind"]),
                paged=untrusted["paged"] is True,
                pages=tuple(_page(row) for row in untrusted["pages"]),
                failures=tuple(
                    PageFailure(_count(page), _text(code), _text(why))
                    for page, code, why in untrusted["failures"]
                ),
                passages=passages,
                vectors=np.frombuffer(raw, "<f4").reshape(len(passages), VECTOR_SIZE),
                original=original,
            )
            known = _text(untrusted["original"])
        except (KeyError, TypeError, ValueError):
            raise ParcelDamaged("A document in the library parcel has not its form.") from None
        if hashlib.sha256(original).hexdigest() != known:
            raise ParcelDamaged("A document in the library parcel is not its original.")
        _require_spans(document)
        _require_unit_length(document.vectors)
        yield document
    reader.require_end()


def _header(untrusted: bytes) -> LibraryHeader:
    fields = _loaded(untrusted)
    try:
        header = LibraryHeader(
            _title(fields["title"]),
            _text(fields["encoder"]),
            _count(fields["documents"]),
            tuple(  # what earlier versions did not write
                (_hash(gone), _hash(now) if now else "") for gone, now in fields.get("retired", ())
            ),
        )
        known = (fields["format"], fields["version"]) == (FORMAT, 1)
    except (KeyError, TypeError, ValueError):
        raise ParcelDamaged("The library parcel has no header.") from None
    if not known:
        raise ParcelDamaged(
            "The library parcel is of a form this version cannot read.",
            hint="Install a newer version of Cloister.",
        )
    return header


def _loaded(untrusted: bytes) -> dict[str, Any]:
    if untrusted.count(b"[") + untrusted.count(b"{") > MAXIMUM_PARTS:
        raise ParcelDamaged("A part of the library parcel has more to it than it may have.")
    try:
        value = json.loads(untrusted, parse_constant=_not_a_number)
    except (ValueError, RecursionError):
        raise ParcelDamaged("A part of the library parcel is no JSON.") from None
    if not isinstance(value, dict):
        raise ParcelDamaged("A part of the library parcel has not its form.")
    return value


def _page(row: list[Any]) -> Page:
    number, text, blocks, width, height = row
    return Page(
        _count(number),
        _text(text),
        tuple(
            Block(BlockKind(kind), *_within(start, end, len(text)), _count(level))
            for kind, start, end, level in blocks
        ),
        _measure(width),
        _measure(height),
    )


def _passage(row: list[Any]) -> PassageDraft:
    text, sentences, headings, spans = row
    return PassageDraft(
        _text(text),
        tuple(_within(start, end, len(text)) for start, end in sentences),
        tuple(_text(heading) for heading in headings),
        tuple(PageSpan(*(_count(field) for field in span)) for span in spans),
    )


def _require_spans(document: LibraryDocument) -> None:
    """Every passage stands where it says that it stands."""
    lengths = {page.number: len(page.text) for page in document.pages}
    if len(lengths) != len(document.pages):
        raise ParcelDamaged("A document in the library parcel has two pages of one number.")
    for passage in document.passages:
        for span in passage.spans:
            if span.at + span.length > len(passage.text) or span.start + span.length > lengths.get(
                span.page, -1
            ):
                raise ParcelDamaged("A passage in the library parcel stands nowhere.")


def _require_unit_length(vectors: Vectors) -> None:
    """A longer one would be found before everything else; one of no number anywhere."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors, axis=1)
    if not bool(np.all(np.abs(lengths - 1.0) < 0.01)):  # NaN fails this too
        raise ParcelDamaged("A vector in the library parcel is not of unit length.")


def _within(start: object, end: object, length: int) -> tuple[int, int]:
    if not 0 <= _count(start) <= _count(end) <= length:
        raise ValueError("not within its text")
    return _count(start), _count(end)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _title(value: object) -> str:
    title = _text(value)
    if len(title) > MAXIMUM_TITLE:
        raise ValueError("not a title")
    return title


def _hash(value: object) -> str:
    if not _HASH.fullmatch(_text(value)):
        raise ValueError("not a hash")
    return _text(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise TypeError("not a count")
    return value


def _measure(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _WIDEST:
        raise TypeError("not a measure")
    return float(value)


def _not_a_number(_: str) -> float:
    raise ValueError("no number")
