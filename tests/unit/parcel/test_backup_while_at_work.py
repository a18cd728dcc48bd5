"""A backup of one moment while files change, go away, or are none."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from appliance.parcel import reading
from appliance.parcel.backup import snapshot
from appliance.parcel.backup.checking import check_backups
from appliance.parcel.backup.snapshot import held_open
from appliance.parcel.backup.writing import (
    Chunks,
    newest_backup,
    write_backup,
)
from appliance.parcel.errors import (
    BackupUnsettled,
)
from tests.unit.parcel.material import (
    ABOUT,
    KEYS,
    VAULT,
    Desk,
    furnished,
)


def test_a_file_that_changes_while_it_is_read_is_not_backed_up(desk: Desk) -> None:
    path = desk.data / "collections" / "c1" / "files" / "d1.sealed"
    changes: dict[str, Callable[[], object]] = {
        "gone": path.unlink,
        "replaced": lambda: path.write_bytes(b"x" * path.stat().st_size),
        "a link": lambda: path.with_name("link").replace(path),
    }
    content = path.read_bytes()
    path.with_name("link").symlink_to("/etc/hostname")
    for change in changes.values():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        taken = {source.path: source for source in desk.snapshot().sources}
        change()
        with pytest.raises(BackupUnsettled):
            list(taken["collections/c1/files/d1.sealed"].pieces())


def test_after_something_changed_only_what_changed_is_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = desk.data / "collections" / "c1" / "files" / "d1.sealed"
    (desk.data / "new").write_bytes(os.urandom(1_500_000))
    looked_at: list[str] = []

    def opened(path: Path) -> AbstractContextManager[tuple[int, int]]:
        looked_at.append(path.name)
        return reading.opened(path)

    monkeypatch.setattr(snapshot, "opened", opened)
    with desk.place.writing():
        newest = newest_backup(desk.place, KEYS, VAULT)
        chunks = Chunks(desk.place, KEYS, newest)
        taken = desk.snapshot()
        gone.unlink()
        with pytest.raises(BackupUnsettled):
            write_backup(taken, chunks, ABOUT, newest)
        assert {"new", "d1.sealed", "store.duckdb"} <= set(looked_at)
        looked_at.clear()
        (desk.data / "empty").write_bytes(b"no more")
        written = write_backup(desk.snapshot(), chunks, ABOUT, newest)
    assert looked_at == ["empty"]
    assert (written.manifest.files, written.written_chunks) == (5, 3)
    checked = check_backups(desk.place, keys=KEYS, number=3)
    assert checked.chunks == written.manifest.chunks  # none of the file that is gone


def test_a_store_that_is_replaced_meanwhile_is_read_as_it_was(desk: Desk) -> None:
    path = desk.data / "collections" / "c1" / "store.duckdb"
    content = path.read_bytes()
    source = held_open("store", path)
    path.with_name("next").write_bytes(b"new")
    path.with_name("next").replace(path)
    assert b"".join(source.pieces()) == content
    os.close(source.descriptor)


def test_links_pipes_and_unreadable_names_are_left_out_and_said(tmp_path: Path) -> None:
    desk = furnished(tmp_path)
    (desk.data / "link").symlink_to("/etc")
    os.mkfifo(desk.data / "pipe")
    Path(os.fsdecode(bytes(desk.data) + b"/bad\xff")).write_bytes(b"x")
    written = desk.back_up()
    assert sorted(written.left_out) == ["bad?", "link", "pipe"]
    assert written.manifest.files == 4


def test_a_folder_that_goes_away_while_it_is_listed_was_passing(tmp_path: Path) -> None:
    desk = furnished(tmp_path)
    (desk.data / "passing" / "deep").mkdir(parents=True)

    def wanted(path: str) -> bool:
        if path == "passing/deep":
            (desk.data / "passing" / "deep").rmdir()
        return True

    assert "passing" not in " ".join(source.path for source in desk.snapshot(wanted).sources)
