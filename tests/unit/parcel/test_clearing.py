"""Clearing old backups away: what stays is whole before, afterwards and at any moment between."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.parcel.backup.checking import check_backups
from appliance.parcel.backup.clearing import Cleared, clear_backups
from appliance.parcel.errors import BackupDamaged, BackupForged, NoBackup
from tests.unit.parcel.material import KEYS, OTHER_KEYS, Desk, furnished, tree


def cleared(desk: Desk, keep: int) -> Cleared:
    with desk.place.writing():
        return clear_backups(desk.place, KEYS, keep=keep)


@pytest.fixture
def changed(desk: Desk) -> Desk:
    """Three backups; what the first two alone need is 1 MiB of the store and the file d1."""
    store = desk.data / "collections" / "c1" / "store.duckdb"
    store.write_bytes(os.urandom(1 << 20) + store.read_bytes()[1 << 20 :])
    (desk.data / "collections" / "c1" / "files" / "d1.sealed").unlink()
    desk.back_up()
    return desk


def test_what_only_old_backups_need_is_gone_and_the_rest_is_whole(
    changed: Desk, tmp_path: Path
) -> None:
    before = len(changed.files())
    found = cleared(changed, 1)
    assert (found.gone, found.first, found.last, found.chunks) == ((1, 2), 3, 3, 2)
    assert found.size > 1 << 20
    assert len(changed.files()) == before - 2 - 2 * 3
    assert check_backups(changed.place, keys=KEYS).first == 3
    changed.restore(tmp_path / "new")
    assert tree(tmp_path / "new") == tree(changed.data)
    assert changed.back_up().manifest.number == 4
    assert cleared(changed, 2).gone == ()
    assert check_backups(changed.place, keys=KEYS).last == 4


def test_keeping_more_than_there_are_takes_nothing_away(changed: Desk) -> None:
    files = changed.files()
    found = cleared(changed, 30)
    assert (found.gone, found.first, found.last, found.chunks) == ((), 1, 3, 0)
    assert changed.files() == files
    with pytest.raises(ValueError, match="one"):
        cleared(changed, 0)
    assert changed.files() == files


def test_nothing_goes_if_what_would_stay_is_damaged(changed: Desk) -> None:
    newest = changed.place.table(changed.place.manifest(3).manifest)
    old = {row.name for row in changed.place.table(changed.place.manifest(2).manifest)}
    alone = next(row for row in newest if row.name not in old)
    path = changed.place.chunk(alone.name)
    path.write_bytes(path.read_bytes()[:-1])
    files = changed.files()
    with pytest.raises(BackupDamaged):
        cleared(changed, 1)
    assert changed.files() == files


def test_what_is_damaged_among_those_that_go_is_no_hindrance(changed: Desk) -> None:
    changed.place.part(1, "manifest").write_bytes(b"{}")
    changed.place.part(2, "table").write_bytes(b"")
    assert cleared(changed, 1).gone == (1, 2)
    assert (
        check_backups(changed.place, keys=KEYS).chunks == changed.place.manifest(3).manifest.chunks
    )


class Killed(Exception):
    """Whatever ends the program there."""


@pytest.mark.parametrize("call", range(1, 9))
def test_a_clearing_that_was_killed_leaves_whole_backups_and_the_next_one_ends_it(
    changed: Desk, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    real, calls = Path.unlink, 0

    def unlink(path: Path, missing_ok: bool = False) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        real(path, missing_ok)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", unlink)
        with suppress(Killed):
            cleared(changed, 1)
    checked = check_backups(changed.place, keys=KEYS)
    assert checked.last == 3
    cleared(changed, 1)
    parts = [path.name for path in changed.place.backups.iterdir()]
    assert sorted(parts) == ["00000003.index", "00000003.manifest", "00000003.table"]
    chunks = [path for path in changed.files() if path.parent.parent.name == "chunks"]
    assert len(chunks) == changed.place.manifest(3).manifest.chunks


def test_nothing_but_chunks_is_taken_away_and_no_link_is_followed(
    changed: Desk, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    others = (elsewhere / ("ee" * 32), changed.place.folder / "chunks" / "note", elsewhere / "x")
    for path in others:
        path.write_bytes(b"kept")
    (changed.place.folder / "chunks" / "zz").symlink_to(elsewhere)
    link = changed.place.folder / "chunks" / "ee"
    if not link.exists():
        link.symlink_to(elsewhere)
    cleared(changed, 1)
    assert all(path.read_bytes() == b"kept" for path in others)


def test_who_has_not_the_key_clears_nothing(desk: Desk, tmp_path: Path) -> None:
    files = desk.files()
    with desk.place.writing(), pytest.raises(BackupForged):
        clear_backups(desk.place, OTHER_KEYS, keep=1)
    assert desk.files() == files
    (tmp_path / "bare").mkdir()
    with pytest.raises(NoBackup):
        cleared(furnished(tmp_path / "bare"), 1)
