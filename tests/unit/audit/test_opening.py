"""What opening a log must notice, and what it may put right."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.audit import Log, LogTampered, writer
from appliance.audit.frames import Header, encoded_frame, read_frames
from appliance.audit.verify import verify
from tests.unit.audit.making import ADDED, batched, created, filled, reopened


@dataclass(frozen=True, slots=True)
class Crash:
    """A log as a crash left it (never closed), before and after its last append.

    The last frame is bytes [start, end) of the journal."""

    before: Path
    after: Path
    start: int
    end: int
    size: int


def stopped(log: Log) -> None:
    """Ends a log as kill -9 would."""
    log._chain.close()


@pytest.fixture
def crash(tmp_path: Path) -> Crash:
    log = created(tmp_path / "log")
    filled(log, 20)
    log.checkpoint()
    filled(log, 30)
    shutil.copytree(tmp_path / "log", tmp_path / "before")
    start, size = log._chain.journal.end, log.size
    log.append(ADDED, b"sealed payload")
    end = log._chain.journal.end
    stopped(log)
    shutil.copytree(tmp_path / "log", tmp_path / "after")
    return Crash(tmp_path / "before", tmp_path / "after", start, end, size)


def test_a_torn_append_is_cut_and_said_in_a_record(crash: Crash, tmp_path: Path) -> None:
    """A crash in the middle of the write: nobody was told, so the record may go."""
    whole = (crash.after / "journal").read_bytes()
    length = crash.end - crash.start
    for written in (1, 3, 31, 32, 33, length // 2, *range(60, length, 61), length - 1):
        folder = tmp_path / f"torn-{written}"
        shutil.copytree(crash.before, folder)
        torn = bytearray((folder / "journal").read_bytes())
        torn[crash.start : crash.start + written] = whole[crash.start : crash.start + written]
        (folder / "journal").write_bytes(torn)
        log = reopened(folder)
        said = log.records(crash.size, 1)[0]
        assert said.action == "log.repaired"
        assert dict(said.fields)["details.record"] == str(crash.size)
        assert log.size == crash.size + 1
        log.append(ADDED)
        assert verify(folder, log.public_key).torn == 0
        log.close()
        reopened(folder).close()


def test_pages_of_a_torn_append_may_be_written_in_any_order(crash: Crash, tmp_path: Path) -> None:
    whole = (crash.after / "journal").read_bytes()
    folder = tmp_path / "torn"
    shutil.copytree(crash.before, folder)
    torn = bytearray((folder / "journal").read_bytes())
    torn[crash.start + 40 : crash.end] = whole[crash.start + 40 : crash.end]
    (folder / "journal").write_bytes(torn)
    log = reopened(folder)
    assert log.records(crash.size, 1)[0].action == "log.repaired"
    verify(folder, log.public_key)
    log.close()


def test_a_torn_append_at_the_files_end_is_cut_too(crash: Crash, tmp_path: Path) -> None:
    """Large frames lengthen the file, so a crash can leave it short."""
    whole = (crash.after / "journal").read_bytes()
    folder = tmp_path / "torn"
    shutil.copytree(crash.before, folder)
    (folder / "journal").write_bytes(whole[: crash.end - 20])
    log = reopened(folder)
    assert log.records(crash.size, 1)[0].action == "log.repaired"
    verify(folder, log.public_key)
    log.close()


def test_a_whole_append_that_nobody_was_told_of_is_kept(crash: Crash, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    shutil.copytree(crash.before, folder)
    shutil.copy(crash.after / "journal", folder / "journal")
    log = reopened(folder)
    assert log.size == crash.size + 1
    assert log.payload(crash.size) == b"sealed payload"
    log.close()


def test_an_acknowledged_record_that_is_gone_is_tampering(crash: Crash, tmp_path: Path) -> None:
    """The same bytes as after a crash, but the head says that the record was acknowledged."""
    whole = (crash.after / "journal").read_bytes()
    for cut in (crash.start, crash.start + 1, crash.end - 40, crash.end - 1):
        for filler in (b"\x00" * (len(whole) - cut), b""):
            folder = tmp_path / f"cut-{cut}-{len(filler)}"
            shutil.copytree(crash.after, folder)
            (folder / "journal").write_bytes(whole[:cut] + filler)
            with pytest.raises(LogTampered, match="cut or damaged"):
                reopened(folder)


def test_a_flipped_bit_of_the_journal_never_opens(crash: Crash, tmp_path: Path) -> None:
    whole = (crash.after / "journal").read_bytes()
    where = random.Random(3)  # noqa: S311  repeatable
    for at in (0, crash.end - 1, *(where.randrange(crash.end) for _ in range(60))):
        folder = tmp_path / f"flip-{at}"
        shutil.copytree(crash.after, folder, dirs_exist_ok=True)
        flipped = bytearray(whole)
        flipped[at] ^= 1 << where.randrange(8)
        (folder / "journal").write_bytes(flipped)
        try:
            log = reopened(folder)
        except LogTampered:
            continue
        # Only a signature inside (not the last) or a payload may wait for the checker.
        with pytest.raises(LogTampered):
            verify(folder, log.public_key)
        log.close()


# --- files put back ----------------------------------------------------------------------------


def put_back(folder: Path, older: Path, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.copy(older / name, folder / name)


@pytest.fixture
def two_states(tmp_path: Path) -> tuple[Path, Path]:
    """(older, newer): copies of one log after a clean close, 300 and 400 records long."""
    log = created(tmp_path / "log")
    filled(log, 300)
    log.close()
    shutil.copytree(tmp_path / "log", tmp_path / "older")
    log = reopened(tmp_path / "log")
    filled(log, 400)
    log.close()
    return tmp_path / "older", tmp_path / "log"


@pytest.mark.parametrize(
    "names",
    [
        ("journal",),
        ("journal", "head"),
        ("journal", "checkpoint"),
        ("journal", "head", "checkpoint"),
        ("journal", "head", "checkpoint", "index.sealed"),
        ("keys.sealed",),
        ("keys.sealed", "journal"),
    ],
)
def test_older_files_put_back_are_noticed(
    two_states: tuple[Path, Path], names: tuple[str, ...]
) -> None:
    """The sealed keys say how far the log had come, so even all data files together show."""
    older, newer = two_states
    put_back(newer, older, names)
    with pytest.raises(LogTampered):
        reopened(newer)


@pytest.mark.parametrize("name", ["index.sealed", "head"])
def test_files_that_may_lag_behind_do_no_harm(two_states: tuple[Path, Path], name: str) -> None:
    older, newer = two_states
    size = 400
    put_back(newer, older, (name,))
    log = reopened(newer)
    assert log.size >= size
    assert verify(newer, log.public_key).size == log.size
    log.close()


@pytest.mark.parametrize("name", ["journal", "keys.sealed", "head", "checkpoint", "epochs/1.note"])
def test_a_missing_file_is_named(two_states: tuple[Path, Path], name: str) -> None:
    _, newer = two_states
    log = reopened(newer)
    log.close()
    (newer / name).unlink()
    if name == "epochs/1.note":
        reopened(newer).close()  # it rides in the sealed keys as well
        return
    with pytest.raises(LogTampered, match=name.partition(".")[0]):
        reopened(newer)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["keys.sealed", "checkpoint", "epochs/1.note", "epochs/0.note"])
def test_a_damaged_file_is_noticed(two_states: tuple[Path, Path], name: str) -> None:
    _, newer = two_states
    flip(newer / name, (newer / name).stat().st_size - 5)
    with pytest.raises(LogTampered):
        reopened(newer)


def test_one_slot_of_the_head_may_be_torn_but_not_both(two_states: tuple[Path, Path]) -> None:
    _, newer = two_states
    flip(newer / "head", 12)
    reopened(newer).close()
    for at in (12, 524):
        content = bytearray((newer / "head").read_bytes())
        content[at] ^= 0xFF
        (newer / "head").write_bytes(content)
    with pytest.raises(LogTampered, match="head is damaged"):
        reopened(newer)


@pytest.mark.parametrize("snapshot", [True, False])
def test_damaged_tiles_of_older_records_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: bool
) -> None:
    """Those at the right edge always; the others when they are read, and by the checker."""
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 256)
    log = created(tmp_path)
    batched(log, 700)
    log.close()
    damage: list[tuple[str, Callable[[], object]]] = [
        ("tile/1/000.p/2", lambda: reopened(tmp_path)),
        ("tile/entries/001", lambda: verify(tmp_path, log.public_key)),
        ("tile/0/001", lambda: verify(tmp_path, log.public_key)),
    ]
    if not snapshot:
        (tmp_path / "index.sealed").unlink()
        damage += [
            (name, lambda: reopened(tmp_path)) for name in ("tile/0/001", "tile/entries/001")
        ]
    for name, noticing in damage:
        whole = (tmp_path / name).read_bytes()
        flip(tmp_path / name, 40)
        with pytest.raises(LogTampered):
            noticing()
        (tmp_path / name).write_bytes(whole)
    flip(tmp_path / "tile/entries/001", 40)
    (tmp_path / "index.sealed").touch()
    if snapshot:
        again = reopened(tmp_path)
        with pytest.raises(LogTampered):
            again.records(256, 1)
        again.close()


def test_tiles_a_power_cut_kept_back_are_written_again(tmp_path: Path) -> None:
    """They are not waited for: until the journal starts anew, it holds all that is in them."""
    log = created(tmp_path)
    filled(log, 600)
    stopped(log)
    (tmp_path / "tile/entries/001").write_bytes(b"")
    (tmp_path / "tile/0/001").unlink()
    with pytest.raises(LogTampered):
        verify(tmp_path, log.public_key)
    again = reopened(tmp_path)
    assert verify(tmp_path, again.public_key).size == again.size
    again.close()


def test_the_snapshot_of_another_log_is_not_used(tmp_path: Path) -> None:
    one, other = created(tmp_path / "one"), created(tmp_path / "other")
    one.note_value("vault", "main", 1)
    other.note_value("vault", "main", 2)
    for log in (one, other):
        log.close()
    shutil.copy(tmp_path / "other" / "index.sealed", tmp_path / "one" / "index.sealed")
    again = reopened(tmp_path / "one")
    assert again.latest_value("vault", "main") == 1
    again.close()


def test_frames_out_of_order_are_tampering() -> None:
    first = encoded_frame(0, 0, [b"a"], [b""], bytes(64))
    third = encoded_frame(2, 0, [b"c"], [b""], bytes(64))
    head = Header(0, bytes(32)).encoded()
    assert len(read_frames(head + first, 0)[0]) == 1
    with pytest.raises(LogTampered, match="jumps"):
        read_frames(head + first + third, 0)
    with pytest.raises(LogTampered, match="before later ones"):
        read_frames(head + first[:-1] + b"\x00" + third, 0)
