"""A disk that is full, failing or read-only: no record, no answer, and nothing lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit import ExportRefused, Log
from appliance.audit.verify import verify
from appliance.errors import LogUnwritable, StorageFull
from appliance.values import Outcome
from tests.unit.audit.making import ADDED, VERDICT, batched, created, filled, question, reopened

FAULTS = [
    (name, code)
    for name in ("pwrite", "fdatasync")
    for code in (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)
]


def failing(code: int) -> Callable[..., int]:
    def call(*_arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    return call


def require_closed_to_writing(log: Log) -> None:
    size = log.size
    for call in (
        lambda: log.append(ADDED),
        lambda: log.append_batch([ADDED]),
        lambda: log.open_ask(question("q-later"), VERDICT),
        lambda: log.close_ask("q-1", Outcome.FAILED),
        lambda: log.note_value("vault", "main", 1),
        log.checkpoint,
        lambda: log.erase_payload(1),
    ):
        with pytest.raises(LogUnwritable):
            call()
    assert log.size == size


@pytest.mark.parametrize(("name", "code"), FAULTS)
def test_a_failed_write_closes_the_log_to_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    log = created(tmp_path)
    log.append(ADDED, b"sealed")
    log.open_ask(question("q-1"), VERDICT)
    size = log.size
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(code))
        with pytest.raises(LogUnwritable) as caught:
            log.close_ask("q-1", Outcome.ANSWERED)
    assert os.strerror(code) in caught.value.sentence
    assert caught.value.next_step
    require_closed_to_writing(log)  # although the disk is well again
    assert log.records(0, 10)[-1].action == "ask.opened"  # reading goes on
    log.close()
    again = reopened(tmp_path)
    assert again.size >= size
    again.close_interrupted()
    assert verify(tmp_path, again.public_key).unclosed == ()
    again.close()


def test_a_write_that_comes_up_short_is_a_failed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = created(tmp_path)
    log.append(ADDED, b"sealed")
    real = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[: len(data) // 2], at))
        with pytest.raises(LogUnwritable):
            log.append(ADDED)
    require_closed_to_writing(log)
    log.close()
    again = reopened(tmp_path)
    assert [record.action for record in again.records(0, 9)] == [
        "log.created",
        "document.added",
        "log.repaired",
    ]
    again.close()


def test_a_failed_sync_is_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fdatasync the kernel may have dropped the data and reports success next."""
    log = created(tmp_path)
    log.append(ADDED)
    calls: list[int] = []

    def sync(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fdatasync", sync)
    for _ in range(3):
        with pytest.raises(LogUnwritable):
            log.append(ADDED)
    assert len(calls) == 1
    log.close()
    assert len(calls) == 1


def test_a_journal_taken_away_closes_the_log_to_writing(tmp_path: Path) -> None:
    log = created(tmp_path)
    log.append(ADDED, b"sealed")
    os.close(log._chain.journal._descriptor)
    with pytest.raises(LogUnwritable):
        log.append(ADDED)
    require_closed_to_writing(log)
    log._chain.head.close()


@pytest.mark.parametrize("name", ["write", "fsync", "replace"])
def test_a_disk_that_fills_up_while_publishing_closes_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The record itself is durable by then, but nobody was told."""
    log = created(tmp_path)
    batched(log, 255)
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(errno.ENOSPC))
        with pytest.raises(LogUnwritable):
            log.append(ADDED)
    with pytest.raises(LogUnwritable):
        log.append(ADDED)
    log.close()
    again = reopened(tmp_path)
    assert again.size >= 256
    assert verify(tmp_path, again.public_key).size == again.size
    again.close()


def test_a_log_on_a_full_disk_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing(errno.ENOSPC))
        with pytest.raises(LogUnwritable):
            created(tmp_path / "log")
    created(tmp_path / "log").close()


def test_an_export_to_a_full_disk_or_a_used_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = created(tmp_path / "log")
    filled(log, 20)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_bytes(b"")
    with pytest.raises(ExportRefused):
        log.export(tmp_path / "used")
    log.checkpoint()
    with monkeypatch.context() as patch:
        real = os.fsync
        calls = iter(range(100))

        def sync(descriptor: int) -> None:
            if next(calls) > 4:
                raise OSError(errno.ENOSPC, "full")
            real(descriptor)

        patch.setattr(os, "fsync", sync)
        with pytest.raises(StorageFull):
            log.export(tmp_path / "copy")
    assert not (tmp_path / "copy" / "checkpoint").exists()
    log.append(ADDED)  # the log itself goes on
    log.export(tmp_path / "copy-2")
    assert verify(tmp_path / "copy-2", log.public_key).size == log.size
    log.close()


LIMITED = """
import resource, sys
from pathlib import Path
from appliance.errors import LogUnwritable
from tests.unit.audit.making import ADDED, reopened
log = reopened(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
last = -1
try:
    while True:
        last = log.append(ADDED, b"x" * 3000)
except LogUnwritable:
    pass
try:
    log.append(ADDED)
except LogUnwritable:
    print(last)
"""


@pytest.mark.parametrize("limit", [700_000, 900_000])
def test_a_real_limit_on_file_size_fails_closed(tmp_path: Path, limit: int) -> None:
    created(tmp_path / "log").close()
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "log"), str(limit)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    last = int(done.stdout)
    assert last > 50
    log = reopened(tmp_path / "log")
    assert log.size > last
    assert log.payload(last) == b"x" * 3000
    verify(tmp_path / "log", log.public_key)
    log.close()
