"""Which files of an import are done, so that it can go on after a crash.

Rules kept here: a job is written before its first file is read; a file's state is written in the
same transaction as its document, so the two never disagree; a finished job leaves no path behind.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final

from appliance.memory import layout
from appliance.memory.catalogue import aware, clean, naive
from appliance.memory.errors import DocumentUnusable, JobUnknown, StoreDamaged
from appliance.memory.store import ROWS_PER_TRANSACTION, Store, Transaction
from appliance.values import ImportJob, ImportState

_FILE_ROWS: Final = """INSERT INTO job_files SELECT ?, r.place, r.path, 'pending', '', '' FROM
    (SELECT unnest(from_json(?, '[{"place":"INTEGER","path":"VARCHAR"}]')) AS r)"""


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file of an import, in the order given. code and sentence are set when it failed."""

    path: str
    state: ImportState
    code: str = ""
    sentence: str = ""


def begin_job(store: Store, paths: Sequence[str], now: datetime) -> str:
    """Writes the job down; returns its id. Raises DocumentUnusable for too many files."""
    if len(paths) > ROWS_PER_TRANSACTION:
        raise DocumentUnusable(
            f"An import takes at most {ROWS_PER_TRANSACTION:,} files.",
            hint="Import the folders inside it one after the other.",
        )
    job = token_hex(8)
    rows = [{"place": place, "path": _stored(path)} for place, path in enumerate(paths)]
    with store.transaction() as transaction:
        transaction.execute("INSERT INTO jobs VALUES (?, ?)", [job, naive(now)])
        transaction.execute(_FILE_ROWS, [job, layout.dump(rows)])
    return job


def job_files(store: Store, job: str) -> tuple[JobFile, ...]:
    """Every file of the job. Raises JobUnknown."""
    _require_job(store, job)
    rows = store.read(
        "SELECT path, state, code, sentence FROM job_files WHERE job = ? ORDER BY place", [job]
    )
    return tuple(
        JobFile(_restored(path), _state(state), str(code), str(sentence))
        for path, state, code, sentence in rows
    )


def mark_in(transaction: Transaction, job: str, file: JobFile) -> None:
    """Sets a file's state inside a transaction."""
    transaction.execute(
        "UPDATE job_files SET state = ?, code = ?, sentence = ? WHERE job = ? AND path = ?",
        [file.state.value, file.code, clean(file.sentence), job, _stored(file.path)],
    )


def mark_file(store: Store, job: str, file: JobFile) -> None:
    """Sets a file's state, durable on return."""
    with store.transaction() as transaction:
        mark_in(transaction, job, file)


def finish_job(store: Store, job: str) -> None:
    """Forgets the job and its paths. Raises JobUnknown."""
    _require_job(store, job)
    with store.transaction() as transaction:
        transaction.execute("DELETE FROM job_files WHERE job = ?", [job])
        transaction.execute("DELETE FROM jobs WHERE id = ?", [job])


def discard_job(store: Store, job: str) -> int:
    """Gives an unfinished import up; durable on return. What it added stays; its paths, the
    failed ones too, are forgotten. Gives how many it had not come to. Raises JobUnknown."""
    left = sum(file.state is ImportState.PENDING for file in job_files(store, job))
    finish_job(store, job)
    return left


def unfinished_jobs(store: Store, collection: str) -> tuple[ImportJob, ...]:
    """Jobs that were begun and not finished, oldest first."""
    rows = store.read(
        "SELECT j.id, j.started, count(f.job), "
        "count(f.job) FILTER (WHERE f.state = 'pending') FROM jobs j "
        "LEFT JOIN job_files f ON f.job = j.id GROUP BY ALL ORDER BY j.started, j.id"
    )
    jobs = []
    for job, started, total, remaining in rows:
        if not (isinstance(total, int) and isinstance(remaining, int)):
            raise StoreDamaged("A store's row does not have its form.")
        jobs.append(ImportJob(str(job), collection, remaining, total, aware(started)))
    return tuple(jobs)


def holds_job(store: Store, job: str) -> bool:
    return bool(store.read("SELECT 1 FROM jobs WHERE id = ?", [job]))


def _require_job(store: Store, job: str) -> None:
    if not holds_job(store, job):
        raise JobUnknown("There is no such import.")


def _stored(path: str) -> str:
    """A path's bytes, one character each: file names need not be text."""
    return os.fsencode(path).decode("latin-1")


def _restored(untrusted: object) -> str:
    try:
        return os.fsdecode(str(untrusted).encode("latin-1"))
    except UnicodeEncodeError:
        raise StoreDamaged("A store's row does not have its form.") from None


def _state(untrusted: object) -> ImportState:
    try:
        return ImportState(str(untrusted))
    except ValueError:
        raise StoreDamaged("A store's row does not have its form.") from None
