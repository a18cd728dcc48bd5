"""Bringing documents in: walk, read, parse in the sandbox, cut into passages, embed, store, log.

Rules kept here: a file is reported ADDED only when its document, its sealed original and its log
record are durable; what fails is reported with why and does not stop the rest; a job can be
cancelled between files and resumed after a crash, and nothing is imported twice.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from appliance.errors import CloisterError, DocumentError
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


class FileUnreadable(CloisterError):
    code = "file_unreadable"
    hint = "Check that the file still exists and that you may read it."


class FileTooLarge(CloisterError):
    code = "file_too_large"
    hint = "Split the document, or ask IT to raise `file_limit_mb`."


class NothingToImport(CloisterError):
    code = "nothing_to_import"
    hint = "Name a file or a folder that exists and holds documents."


class Shelf(Protocol):
    """One open collection, as the import sees it. Every write is durable on return."""

    def begin_job(self, paths: Sequence[Path], now: datetime) -> str: ...
    def job_files(self, job: str) -> tuple[tuple[Path, ImportState], ...]: ...
    def mark_file(self, job: str, path: Path, state: ImportState, code: str, why: str) -> None: ...
    def finish_job(self, job: str) -> None: ...
    def has_content(self, sha256: str) -> bool: ...
    def add(
        self,
        original: bytes,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
        sha256: str,
    ) -> DocumentInfo:
        """The sealed original, the document and the log record; all or nothing is visible."""


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
    files = tuple(walk(paths))
    if not files:
        raise NothingToImport("No file was found there.")
    job = parts.shelf.begin_job(files, parts.now())
    return resume(job, parts, cancelled)


def resume(job: str, parts: IntakeParts, cancelled: Callable[[], bool]) -> Iterator[ImportEvent]:
    """Runs a job's remaining files. The last event is ImportFinished."""
    started = parts.now()
    files = parts.shelf.job_files(job)
    done = sum(state is not ImportState.PENDING for _, state in files)
    counts = dict.fromkeys(ImportState, 0)
    pages = 0
    yield ImportStarted(job, len(files))
    stopped = False
    for path in [path for path, state in files if state is ImportState.PENDING]:
        event = yield from import_file(path, parts, done + 1, len(files), cancelled)
        if event is None:
            stopped = True
            break
        done += 1
        parts.shelf.mark_file(job, path, event.state, event.code, event.sentence)
        counts[event.state] += 1
        pages += event.pages if event.state is ImportState.ADDED else 0
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


def import_file(
    path: Path, parts: IntakeParts, done: int, total: int, cancelled: Callable[[], bool]
) -> Generator[ImportWorking, None, ImportProgress | None]:
    """One file: added, unchanged, or failed with the reason; None when it was cancelled. Errors
    of the store, the engine or the log are not the file's fault and are raised."""
    if cancelled():
        return None
    yield ImportWorking(str(path), done - 1, total, 0, 0)
    try:
        untrusted = read_bounded(path, parts.file_limit)
        sha256 = hashlib.sha256(untrusted).hexdigest()
        if parts.shelf.has_content(sha256):
            return ImportProgress(str(path), done, total, ImportState.UNCHANGED)
        document = parts.reader.parse(untrusted, path.name)
        passages = parts.reader.chunk(document)
    except (DocumentError, FileUnreadable, FileTooLarge) as error:
        return _failed(path, done, total, error)
    batches = []
    for start in range(0, len(passages), ENCODE_BATCH):
        if cancelled():
            return None
        batch = passages[start : start + ENCODE_BATCH]
        batches.append(parts.encoder.encode([embedded_text(p) for p in batch]))
        yield ImportWorking(str(path), done - 1, total, start + len(batch), len(passages))
    vectors = np.concatenate(batches) if batches else np.empty((0, VECTOR_SIZE), np.float32)
    info = parts.shelf.add(untrusted, document, passages, vectors, sha256)
    return ImportProgress(
        str(path),
        done,
        total,
        ImportState.ADDED,
        pages=info.pages,
        passages=info.passages,
        failures=document.failures,
    )


def _failed(path: Path, done: int, total: int, error: CloisterError) -> ImportProgress:
    return ImportProgress(
        str(path),
        done,
        total,
        ImportState.FAILED,
        code=error.code,
        sentence=error.sentence,
        hint=error.next_step,
    )


def embedded_text(passage: PassageDraft) -> str:
    """What of a passage is embedded: its innermost heading gives the text its subject."""
    heading = passage.headings[-1] if passage.headings else ""
    return f"{heading}. {passage.text}" if heading else passage.text


def walk(paths: Sequence[Path]) -> Iterator[Path]:
    """Every regular file below `paths`, each once, in a stable order. Hidden files and links that
    lead elsewhere are left out; a path that is named itself is taken as it is."""
    seen: set[Path] = set()
    for given in paths:
        path = given.expanduser().absolute()
        candidates = [path] if not path.is_dir() else _below(path)
        for candidate in candidates:
            if candidate not in seen:
                seen.add(candidate)
                yield candidate


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path


def read_bounded(path: Path, limit: int) -> bytes:
    """The file's bytes. Raises FileUnreadable or FileTooLarge; never blocks on a pipe or device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileUnreadable("It is not a regular file.")
            if status.st_size > limit:
                raise FileTooLarge(
                    f"The file has {status.st_size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} fit."
                )
            untrusted = file.read(limit + 1)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read: {error.strerror}.") from error
    if len(untrusted) > limit:
        raise FileTooLarge(f"The file has grown past {limit / 1e6:,.0f} MB while it was read.")
    return untrusted
