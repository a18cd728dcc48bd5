"""Bringing documents in: walk, read, parse in the sandbox, cut into passages, embed, store, log.

Rules kept here: a file is reported ADDED only when its document, its sealed original and its log
record are durable; what fails or is left out is reported with why and does not stop the rest, and
no file can stop a job twice; a job can be cancelled at any time, within one file too, and resumed
after a crash, and nothing is imported twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from appliance.errors import CloisterError, DocumentError, EngineFailed
from appliance.finding_files import (
    FileTooLarge,
    FileUnreadable,
    LeftOut,
    as_text,
    read_bounded,
    walk,
)
from appliance.protocols import Clock, Encoder, Reader
from appliance.values import (
    VECTOR_SIZE,
    DocumentInfo,
    ImportEvent,
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    ImportWorking,
    ParsedDocument,
    PassageDraft,
    Vectors,
)

ENCODE_BATCH = 64  # passages between two looks at the cancellation
_HARMLESS = "Is the engine well?"


class NothingToImport(CloisterError):
    code = "nothing_to_import"
    hint = "Name a file or a folder that exists and holds documents."


class TextStopsEngine(DocumentError):
    """The engine failed twice on the document's text and is well otherwise."""

    code = "text_stops_engine"
    hint = "Add the document in parts to find the place; tell your IT department of it."


class _Stopped(Exception):
    """The import is cancelled."""


class Shelf(Protocol):
    """One open collection, as the import sees it. Every write is durable on return."""

    def begin_job(self, paths: Sequence[Path], now: datetime) -> str: ...
    def job_files(self, job: str) -> tuple[tuple[Path, ImportState], ...]: ...
    def mark_file(self, job: str, path: Path, state: ImportState, code: str, why: str) -> None: ...
    def finish_job(self, job: str) -> None: ...
    def has_content(self, sha256: str) -> bool: ...
    def add(
        self,
        original: Original,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
    ) -> DocumentInfo:
        """The sealed original, the document and the log record; all or nothing is visible. The
        job's file is marked ADDED in the document's own transaction."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file of an import as it was read."""

    job: str
    path: Path
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """What an import runs on. `file_limit` in bytes."""

    shelf: Shelf
    reader: Reader
    encoder: Encoder
    now: Clock
    file_limit: int


def start_import(
    paths: Sequence[Path], parts: IntakeParts, cancelled: Callable[[], bool]
) -> Iterator[ImportEvent]:
    """Imports files and folders. Raises NothingToImport."""
    found = tuple(walk(paths))
    if not found:
        raise NothingToImport("No file was found there.")
    files = [path for path in found if isinstance(path, Path)]
    left_out = [path for path in found if isinstance(path, LeftOut)]
    job = parts.shelf.begin_job(files, parts.now())
    return resume(job, parts, cancelled, left_out)


def resume(
    job: str,
    parts: IntakeParts,
    cancelled: Callable[[], bool],
    left_out: Sequence[LeftOut] = (),
) -> Iterator[ImportEvent]:
    """Runs a job's remaining files; what was `left_out` is reported before them, once. The last
    event is ImportFinished."""
    started = parts.now()
    files = parts.shelf.job_files(job)
    total = len(left_out) + len(files)
    counts = dict.fromkeys(ImportState, 0)
    pages = 0
    yield ImportStarted(job, total)
    for done, out in enumerate(left_out, 1):
        yield _failed(_Place(job, out.path, done, total), out.error)
    counts[ImportState.FAILED] = len(left_out)
    done = len(left_out) + sum(state is not ImportState.PENDING for _, state in files)
    stopped = False
    for path in [path for path, state in files if state is ImportState.PENDING]:
        event = yield from import_file(_Place(job, path, done + 1, total), parts, cancelled)
        if event is None:
            stopped = True
            break
        done += 1
        if event.state is not ImportState.ADDED:  # that was marked with its document
            parts.shelf.mark_file(job, path, event.state, event.code, event.sentence)
        counts[event.state] += 1
        pages += event.pages
        yield event
    if not stopped:
        parts.shelf.finish_job(job)
    yield ImportFinished(
        job,
        added=counts[ImportState.ADDED],
        unchanged=counts[ImportState.UNCHANGED],
        failed=counts[ImportState.FAILED],
        pages=pages,
        cancelled=stopped,
        seconds=(parts.now() - started).total_seconds(),
    )


def import_one(
    path: Path, parts: IntakeParts, cancelled: Callable[[], bool]
) -> Iterator[ImportEvent]:
    """One file, not written down as an import to be gone on with: a kill leaves it out or in. The
    last event is ImportFinished."""
    started = parts.now()
    yield ImportStarted("", 1)
    event = yield from import_file(_Place("", path, 1, 1), parts, cancelled)
    if event is not None:
        yield event
    states = [event.state] if event is not None else []
    yield ImportFinished(
        "",
        added=states.count(ImportState.ADDED),
        unchanged=states.count(ImportState.UNCHANGED),
        failed=states.count(ImportState.FAILED),
        pages=event.pages if event is not None else 0,
        cancelled=event is None,
        seconds=(parts.now() - started).total_seconds(),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A file and where it stands in its import: the `number`th of `total`."""

    job: str
    path: Path
    number: int
    total: int

    @property
    def shown(self) -> str:
        return as_text(str(self.path))

    def working(self, passages: int, of: int) -> ImportWorking:
        return ImportWorking(self.shown, self.number - 1, self.total, passages, of)


def import_file(
    place: _Place, parts: IntakeParts, cancelled: Callable[[], bool]
) -> Generator[ImportWorking, None, ImportProgress | None]:
    """One file: added, unchanged, or failed with the reason; None when it was cancelled. Errors
    of the store, the engine or the log are not the file's fault and are raised."""
    try:
        return (yield from _taken_in(place, parts, _stopping(cancelled)))
    except _Stopped:
        return None
    except (DocumentError, FileUnreadable, FileTooLarge) as error:
        return _failed(place, error)
    except CloisterError:
        raise
    except Exception as error:  # noqa: BLE001 - what nobody foresaw in one file stops no import
        return _unforeseen(place, error)


def _taken_in(
    place: _Place, parts: IntakeParts, go_on: Callable[[], None]
) -> Generator[ImportWorking, None, ImportProgress]:
    go_on()
    yield place.working(0, 0)
    untrusted = read_bounded(place.path, parts.file_limit)
    sha256 = hashlib.sha256(untrusted).hexdigest()
    if parts.shelf.has_content(sha256):
        return ImportProgress(place.shown, place.number, place.total, ImportState.UNCHANGED)
    document = parts.reader.parse(untrusted, as_text(place.path.name), go_on)
    passages = parts.reader.chunk(document, go_on)
    batches = []
    for start in range(0, len(passages), ENCODE_BATCH):
        go_on()
        batch = passages[start : start + ENCODE_BATCH]
        batches.append(_encoded(parts.encoder, [embedded_text(p) for p in batch]))
        yield place.working(start + len(batch), len(passages))
    vectors = np.concatenate(batches) if batches else np.empty((0, VECTOR_SIZE), np.float32)
    original = Original(place.job, place.path, untrusted, sha256)
    info = parts.shelf.add(original, document, passages, vectors)
    return ImportProgress(
        place.shown,
        place.number,
        place.total,
        ImportState.ADDED,
        pages=info.pages,
        passages=info.passages,
        failures=document.failures,
    )


def _stopping(cancelled: Callable[[], bool]) -> Callable[[], None]:
    def go_on() -> None:
        if cancelled():
            raise _Stopped

    return go_on


def _encoded(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """A failed engine is started anew by the next call, so each text has a second chance. Raises
    TextStopsEngine when it fails again though the engine is well, EngineFailed when it is not."""
    try:
        return encoder.encode(texts)
    except EngineFailed:
        pass
    try:
        return encoder.encode(texts)
    except EngineFailed as error:
        encoder.encode([_HARMLESS])
        raise TextStopsEngine("The engine stops at this document's text.") from error


def _failed(place: _Place, error: CloisterError) -> ImportProgress:
    return ImportProgress(
        place.shown,
        place.number,
        place.total,
        ImportState.FAILED,
        code=error.code,
        sentence=error.sentence,
        hint=error.next_step,
    )


def _unforeseen(place: _Place, error: Exception) -> ImportProgress:
    """Names the kind of thing alone: its words may hold text of the document."""
    kind = type(error).__name__
    return ImportProgress(
        place.shown,
        place.number,
        place.total,
        ImportState.FAILED,
        code=f"unexpected:{kind}",
        sentence=f"Something unforeseen ({kind}) happened with this file; it was not added.",
        hint="Save the file anew under a simple name and add that; if it fails again, "
        "tell your IT department.",
    )


def embedded_text(passage: PassageDraft) -> str:
    """What of a passage is embedded: its innermost heading gives the text its subject."""
    heading = passage.headings[-1] if passage.headings else ""
    return f"{heading}. {passage.text}" if heading else passage.text
