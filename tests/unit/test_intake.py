"""Importing: everything is accounted for, nothing is imported twice, stopping loses nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from appliance.errors import DocumentError, EngineFailed, StorageFull
from appliance.finding_files import LeftOut, walk
from appliance.intake import IntakeParts, NothingToImport, Original, resume, start_import
from appliance.values import (
    DocumentInfo,
    DocumentKind,
    ImportEvent,
    ImportFinished,
    ImportProgress,
    ImportStarted,
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

    def parse(self, untrusted: bytes, name: str, go_on: Callable[[], None]) -> ParsedDocument:
        if untrusted.startswith(b"bad"):
            raise DocumentError("It is damaged.")
        text = untrusted.decode()
        return ParsedDocument(name, DocumentKind.TEXT, False, (Page(1, text),))

    def chunk(
        self, document: ParsedDocument, go_on: Callable[[], None]
    ) -> tuple[PassageDraft, ...]:
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
        original: Original,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
    ) -> DocumentInfo:
        if self.full:
            raise StorageFull("The disk is full.")
        assert vectors.shape == (len(passages), 384)
        info = DocumentInfo(
            f"d{len(self.documents)}", "c", document.title, document.kind, len(document.pages),
            len(passages), len(original.content), original.sha256, NOON,
        )  # fmt: skip
        self.documents[original.sha256] = info
        self.jobs[original.job][original.path] = ImportState.ADDED
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
    (inside / "dangling").symlink_to(tmp_path / "nowhere")
    found = list(walk([inside]))
    assert [path.name for path in found if isinstance(path, Path)] == ["own.txt"]
    left_out = {out.path.name: out.error for out in found if isinstance(out, LeftOut)}
    assert set(left_out) == {"link", "file-link.txt", "dangling"}
    assert all(error.sentence and error.next_step for error in left_out.values())


def test_a_folder_of_10000_files_is_walked_in_a_stable_order(tmp_path: Path) -> None:
    for i in range(10_000):
        (tmp_path / f"{i:05}.txt").touch()
    found = list(walk([tmp_path, tmp_path / "00007.txt"]))
    names = [path.name for path in found if isinstance(path, Path)]
    assert names == [f"{i:05}.txt" for i in range(10_000)]


def test_a_name_that_is_not_text_is_imported_and_shown_as_text(
    tmp_path: Path, shelf: MemoryShelf
) -> None:
    with open(os.fsencode(tmp_path) + b"/bad\xff.txt", "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"good text")
    (tmp_path / "next.txt").write_text("next")
    events = list(start_import([tmp_path], parts(shelf), lambda: False))
    assert states(events) == {
        "bad\N{REPLACEMENT CHARACTER}.txt": ImportState.ADDED,
        "next.txt": ImportState.ADDED,
    }
    assert {info.title for info in shelf.documents.values()} == {
        "bad\N{REPLACEMENT CHARACTER}.txt",
        "next.txt",
    }


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "\ud800.txt"], ids=["long", "nul", "no byte"])
def test_a_name_that_no_file_can_have_fails_with_a_reason(
    tmp_path: Path, shelf: MemoryShelf, name: str
) -> None:
    (tmp_path / "good.txt").write_text("good")
    paths = [tmp_path / name, tmp_path / "good.txt"]
    events = list(start_import(paths, parts(shelf), lambda: False))
    assert sorted(states(events).values()) == [ImportState.ADDED, ImportState.FAILED]
    for event in events:
        if isinstance(event, ImportProgress):
            event.path.encode()


class PoisonedReader(LineReader):
    """Stumbles over what nobody foresaw."""

    def parse(self, untrusted: bytes, name: str, go_on: Callable[[], None]) -> ParsedDocument:
        if b"poison" in untrusted:
            raise RuntimeError("the secret words")
        return super().parse(untrusted, name, go_on)


def test_what_nobody_foresaw_in_one_file_fails_that_file_alone(
    tmp_path: Path, shelf: MemoryShelf
) -> None:
    (tmp_path / "a.txt").write_text("poison")
    (tmp_path / "b.txt").write_text("fine")
    poisoned = IntakeParts(shelf, PoisonedReader(), BagEncoder(), TickingClock(), 10_000)
    events = list(start_import([tmp_path], poisoned, lambda: False))
    (failed,) = [e for e in events if isinstance(e, ImportProgress) and e.code]
    assert failed.code == "unexpected:RuntimeError"
    assert "secret" not in failed.sentence + failed.hint
    assert states(events) == {"a.txt": ImportState.FAILED, "b.txt": ImportState.ADDED}
    assert shelf.finished == {"job0"}


class FrailEncoder(BagEncoder):
    """Fails on texts with "poison", and on the first `falls` calls."""

    def __init__(self, falls: int = 0) -> None:
        super().__init__()
        self.falls = falls

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.falls -= 1
        if self.falls >= 0 or any("poison" in text for text in texts):
            raise EngineFailed("It stopped.")
        return super().encode(texts)


def test_text_that_stops_the_engine_twice_fails_that_file_alone(
    tmp_path: Path, shelf: MemoryShelf
) -> None:
    (tmp_path / "a.txt").write_text("poison")
    (tmp_path / "b.txt").write_text("fine")
    events = list(start_import([tmp_path], parts(shelf, encoder=FrailEncoder()), lambda: False))
    assert states(events) == {"a.txt": ImportState.FAILED, "b.txt": ImportState.ADDED}
    assert [e.code for e in events if isinstance(e, ImportProgress)] == ["text_stops_engine", ""]


def test_an_engine_that_failed_once_gets_the_text_again(tmp_path: Path, shelf: MemoryShelf) -> None:
    (tmp_path / "a.txt").write_text("fine")
    events = list(start_import([tmp_path], parts(shelf, encoder=FrailEncoder(1)), lambda: False))
    assert states(events) == {"a.txt": ImportState.ADDED}


def test_a_folder_that_cannot_be_read_is_reported_and_the_rest_imported(
    tmp_path: Path, shelf: MemoryShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(name)
    scandir = os.scandir

    def guarded(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    events = list(start_import([tmp_path], parts(shelf), lambda: False))
    assert states(events) == {"closed": ImportState.FAILED, "open.txt": ImportState.ADDED}
    (failed,) = [e for e in events if isinstance(e, ImportProgress) and e.code]
    assert "Permission denied" in failed.sentence
    assert isinstance(events[0], ImportStarted)
    assert (events[0].total, failed.done, failed.total) == (2, 1, 2)
    last = events[-1]
    assert isinstance(last, ImportFinished)
    assert (last.added, last.failed) == (1, 1)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """One that everybody may enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_path_behind_a_closed_folder_fails_with_a_reason(public_folder: Path) -> None:
    """In a child that is nobody: root may read everything."""
    closed = public_folder / "closed"
    closed.mkdir()
    (closed / "a.txt").write_text("a")
    closed.chmod(0)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from appliance.finding_files import FileUnreadable, LeftOut, read_bounded, walk\n"
        "os.setuid(65534) if os.getuid() == 0 else None\n"
        "closed = Path(sys.argv[1])\n"
        "print(*(type(f.error).__name__ for f in walk([closed]) if isinstance(f, LeftOut)))\n"
        "(file,) = walk([closed / 'a.txt'])\n"
        "try:\n"
        "    read_bounded(file, 10)\n"
        "except FileUnreadable as error:\n"
        "    print(error.sentence)\n"
    )
    try:
        ended = subprocess.run(
            [sys.executable, "-c", script, str(closed)],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        closed.chmod(0o700)
    assert ended.stdout.splitlines() == [
        "FolderUnreadable",
        "The file cannot be read: Permission denied.",
    ], ended.stderr


def test_very_deep_folders_are_walked(tmp_path: Path) -> None:
    deep = [Path(f"{tmp_path}{'/d' * depth}") for depth in range(1, 1501)]
    for folder in deep:
        folder.mkdir()
    (deep[-1] / "a.txt").touch()
    try:
        assert list(walk([tmp_path])) == [deep[-1] / "a.txt"]
    finally:  # tidying up would recurse
        (deep[-1] / "a.txt").unlink()
        for folder in reversed(deep):
            folder.rmdir()
