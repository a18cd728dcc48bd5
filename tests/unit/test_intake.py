"""Importing: everything is accounted for, nothing is imported twice, stopping loses nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from appliance.errors import DocumentError, EngineFailed, StorageFull
from appliance.intake import IntakeParts, NothingToImport, resume, start_import, walk
from appliance.values import (
    DocumentInfo,
    DocumentKind,
    ImportEvent,
    ImportFinished,
    ImportProgress,
    ImportState,
    Page,
    PageSpan,
    PageView,
    ParsedDocument,
    PassageDraft,
    Vectors,
)
from tests.contract.fakes import NOON, BagEncoder, TickingClock


class LineReader:
    """Each line a passage; a file that begins with "bad" is damaged."""

    def parse(self, untrusted: bytes, name: str) -> ParsedDocument:
        if untrusted.startswith(b"bad"):
            raise DocumentError("It is damaged.")
        text = untrusted.decode()
        return ParsedDocument(name, DocumentKind.TEXT, False, (Page(1, text),))

    def chunk(self, document: ParsedDocument) -> tuple[PassageDraft, ...]:
        return tuple(
            PassageDraft(line, ((0, len(line)),), (), (PageSpan(0, 1, 0, len(line)),))
            for line in document.pages[0].text.splitlines()
        )

    def render(
        self,
        untrusted: bytes,
        document_title: str,
        page: int,
        ranges: Sequence[tuple[int, int]],
        scale: float,
    ) -> PageView:
        raise NotImplementedError


@dataclass
class MemoryShelf:
    jobs: dict[str, dict[Path, ImportState]] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    documents: dict[str, DocumentInfo] = field(default_factory=dict)
    full: bool = False

    def begin_job(self, paths: Sequence[Path], now: datetime) -> str:
        job = f"job{len(self.jobs)}"
        self.jobs[job] = dict.fromkeys(paths, ImportState.PENDING)
        return job

    def job_files(self, job: str) -> tuple[tuple[Path, ImportState], ...]:
        return tuple(self.jobs[job].items())

    def mark_file(self, job: str, path: Path, state: ImportState, code: str, why: str) -> None:
        self.jobs[job][path] = state

    def finish_job(self, job: str) -> None:
        self.finished.add(job)

    def has_content(self, sha256: str) -> bool:
        return sha256 in self.documents

    def add(
        self,
        original: bytes,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
        sha256: str,
    ) -> DocumentInfo:
        if self.full:
            raise StorageFull("The disk is full.")
        assert vectors.shape == (len(passages), 384)
        info = DocumentInfo(
            f"d{len(self.documents)}", "c", document.title, document.kind, len(document.pages),
            len(passages), len(original), sha256, NOON,
        )  # fmt: skip
        self.documents[sha256] = info
        return info


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


def parts(shelf: MemoryShelf, *, encoder: BagEncoder | None = None) -> IntakeParts:
    return IntakeParts(shelf, LineReader(), encoder or BagEncoder(), TickingClock(), 10_000)


def states(events: Sequence[ImportEvent]) -> dict[str, ImportState]:
    return {Path(e.path).name: e.state for e in events if isinstance(e, ImportProgress)}


def test_every_file_is_accounted_for_with_its_reason(tmp_path: Path, shelf: MemoryShelf) -> None:
    (tmp_path / "good.txt").write_text("one\ntwo")
    (tmp_path / "same.txt").write_text("one\ntwo")
    (tmp_path / "worse.txt").write_text("bad")
    (tmp_path / "huge.txt").write_text("x" * 10_001)
    (tmp_path / ".hidden").write_text("no")
    os.mkfifo(tmp_path / "pipe.txt")
    events = list(start_import([tmp_path], parts(shelf), lambda: False))
    assert states(events) == {
        "good.txt": ImportState.ADDED,
        "same.txt": ImportState.UNCHANGED,
        "worse.txt": ImportState.FAILED,
        "huge.txt": ImportState.FAILED,
        "pipe.txt": ImportState.FAILED,
    }
    for event in events:
        if isinstance(event, ImportProgress) and event.state is ImportState.FAILED:
            assert event.code
            assert event.sentence
            assert event.hint
    last = events[-1]
    assert isinstance(last, ImportFinished)
    assert (last.added, last.unchanged, last.failed, last.pages) == (1, 1, 3, 1)
    assert shelf.finished == {last.job}


def test_a_stopped_import_goes_on_where_it_stopped(tmp_path: Path, shelf: MemoryShelf) -> None:
    for i in range(6):
        (tmp_path / f"{i}.txt").write_text(f"text {i}")
    stop = iter([False] * 5 + [True] * 100)
    first = list(start_import([tmp_path], parts(shelf), lambda: next(stop)))
    finished = first[-1]
    assert isinstance(finished, ImportFinished)
    assert finished.cancelled
    assert 0 < len(shelf.documents) < 6
    assert shelf.finished == set()
    rest = list(resume(finished.job, parts(shelf), lambda: False))
    assert not set(states(first)) & set(states(rest))
    assert len(shelf.documents) == 6
    assert shelf.finished == {finished.job}


def test_a_full_disk_stops_the_import_and_the_file_stays_pending(
    tmp_path: Path, shelf: MemoryShelf
) -> None:
    (tmp_path / "a.txt").write_text("a")
    shelf.full = True
    with pytest.raises(StorageFull):
        list(start_import([tmp_path], parts(shelf), lambda: False))
    shelf.full = False
    list(resume("job0", parts(shelf), lambda: False))
    assert len(shelf.documents) == 1


def test_a_dead_engine_does_not_blame_the_file(tmp_path: Path, shelf: MemoryShelf) -> None:
    (tmp_path / "a.txt").write_text("a")
    encoder = BagEncoder()
    encoder.failure = EngineFailed("It stopped.")
    with pytest.raises(EngineFailed):
        list(start_import([tmp_path], parts(shelf, encoder=encoder), lambda: False))
    assert list(shelf.jobs["job0"].values()) == [ImportState.PENDING]


def test_an_empty_folder_is_said(tmp_path: Path, shelf: MemoryShelf) -> None:
    with pytest.raises(NothingToImport):
        start_import([tmp_path], parts(shelf), lambda: False)


def test_a_path_that_is_not_there_fails_with_a_reason(tmp_path: Path, shelf: MemoryShelf) -> None:
    events = list(start_import([tmp_path / "gone.pdf"], parts(shelf), lambda: False))
    assert states(events) == {"gone.pdf": ImportState.FAILED}


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.txt").write_text("s")
    (inside / "link").symlink_to(outside)
    (inside / "file-link.txt").symlink_to(outside / "secret.txt")
    (inside / "own.txt").write_text("o")
    assert [path.name for path in walk([inside])] == ["own.txt"]


def test_a_folder_of_10000_files_is_walked_in_a_stable_order(tmp_path: Path) -> None:
    for i in range(10_000):
        (tmp_path / f"{i:05}.txt").touch()
    found = list(walk([tmp_path, tmp_path / "00007.txt"]))
    assert [path.name for path in found] == [f"{i:05}.txt" for i in range(10_000)]
