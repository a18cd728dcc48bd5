"""What the appliance in memory keeps of documents: collections, imports that can be stopped and
gone on with, and pages to be looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from appliance.cancellation import Cancellation
from appliance.errors import CloisterError, UsageError
from appliance.values import (
    Citation,
    Collection,
    DocumentInfo,
    DocumentKind,
    ImportEvent,
    ImportFinished,
    ImportJob,
    ImportProgress,
    ImportStarted,
    ImportState,
    PageView,
)
from tests.gui.drawn_pages import draw_page, set_text
from tests.gui.memory_answers import files_of, read
from tests.gui.memory_state import Halted, Pace, State, Unreadable


class MemoryLibrary:
    def __init__(self, state: State, pace: Pace) -> None:
        self._held, self._pace = state, pace

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        stored = self._held.documents[citation.passage.collection].get(citation.passage.document)
        if stored is None:
            raise Unreadable(
                "This document is no longer in the library.", hint="Ask again to find another."
            )
        number = page or citation.passage.page
        quoted = citation.quote if number == citation.passage.page else ""
        if stored.info.kind is DocumentKind.PDF:
            return draw_page(stored.info.title, stored.pages, number, quoted, scale)
        return set_text(stored.info.title, stored.pages, number, quoted)

    def collections(self) -> tuple[Collection, ...]:
        with self._held.guard:
            return tuple(
                replace(
                    c,
                    documents=len(self._held.documents[c.id]),
                    passages=sum(s.info.passages for s in self._held.documents[c.id].values()),
                )
                for c in self._held.collections.values()
            )

    def create_collection(self, title: str) -> Collection:
        with self._held.guard:
            if any(c.title == title for c in self._held.collections.values()):
                raise UsageError(
                    f"There is a collection “{title}” already.", hint="Choose another name."
                )
            made = Collection(f"k{len(self._held.collections) + 1}", title)
            self._held.collections[made.id] = made
            self._held.documents[made.id] = {}
            self._held.note("collection.create", made.id, "done")
            return made

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        with self._held.guard:
            return tuple(stored.info for stored in self._held.documents[collection].values())

    def suggestions(self, collection: str, count: int) -> tuple[str, ...]:
        with self._held.guard:
            heads = [
                line[2:].lstrip("0123456789. ")
                for stored in self._held.documents[collection].values()
                for line in stored.pages[0][:1]
                if line.startswith("# ")
            ]
        return tuple(f"What is said about {head}?" for head in heads[:count])

    def remove_document(self, collection: str, document: str) -> None:
        with self._held.guard:
            del self._held.documents[collection][document]
            self._held.note("document.remove", document, "done")

    def add(
        self, collection: str, paths: Sequence[Path], cancelled: Cancellation
    ) -> Iterator[ImportEvent]:
        job = f"j{len(self._held.log)}"
        return self._import(job, collection, files_of(paths), 0, cancelled)

    def resume_import(self, job: str, cancelled: Cancellation) -> Iterator[ImportEvent]:
        halted = self._held.jobs.pop(job)
        done = halted.job.total - halted.job.remaining
        return self._import(job, halted.job.collection, halted.rest, done, cancelled)

    def discard_import(self, job: str) -> None:
        del self._held.jobs[job]

    def unfinished_imports(self) -> tuple[ImportJob, ...]:
        return tuple(halted.job for halted in self._held.jobs.values())

    def _import(
        self, job: str, collection: str, files: list[Path], done: int, cancelled: Cancellation
    ) -> Iterator[ImportEvent]:
        started, total = time.monotonic(), done + len(files)
        tally = dict.fromkeys(ImportState, 0)
        pages = 0
        yield ImportStarted(job, total)
        for index, file in enumerate(files):
            if cancelled.cancelled:
                left = files[index:]
                halted = ImportJob(job, collection, len(left), total, self._held.clock)
                self._held.jobs[job] = Halted(halted, left)
                break
            time.sleep(self._pace.file)
            event = self._read(collection, file, done + index + 1, total)
            tally[event.state] += 1
            pages += event.pages
            yield event
        yield ImportFinished(
            job,
            tally[ImportState.ADDED],
            tally[ImportState.UNCHANGED],
            tally[ImportState.FAILED],
            pages,
            cancelled.cancelled,
            time.monotonic() - started,
        )

    def _read(self, collection: str, file: Path, done: int, total: int) -> ImportProgress:
        stored = read(collection, file)
        if isinstance(stored, CloisterError):
            return ImportProgress(
                str(file), done, total, ImportState.FAILED,
                code=stored.code, sentence=stored.sentence, hint=stored.next_step,
            )  # fmt: skip
        with self._held.guard:
            known = self._held.documents[collection]
            if any(s.info.sha256 == stored.info.sha256 for s in known.values()):
                return ImportProgress(str(file), done, total, ImportState.UNCHANGED)
            known[stored.info.id] = stored
            self._held.note("document.add", stored.info.id, "done")
        return ImportProgress(
            str(file), done, total, ImportState.ADDED, stored.info.pages, stored.info.passages,
            failures=stored.info.failures,
        )  # fmt: skip
