"""What a backup promises: whole or not at all, nothing in the clear, only what changed."""

from __future__ import annotations

import errno
import os
import signal
import stat
from pathlib import Path

import pytest

from appliance.errors import StorageFull, StorageReadOnly
from appliance.parcel.backup.checking import check_backups
from appliance.parcel.backup.keys import fingerprint
from appliance.parcel.backup.place import listed
from appliance.parcel.backup.writing import (
    newest_backup,
    require_not_behind,
)
from appliance.parcel.errors import (
    BackupBusy,
    BackupDamaged,
    BackupForeign,
    BackupForged,
    BackupRolledBack,
    NoBackup,
    RestoreRefused,
)
from appliance.vault.durable import write_atomic
from appliance.vault.errors import StorageFailed
from tests.unit.parcel.material import (
    CANARY,
    KEYS,
    OTHER_KEYS,
    VAULT,
    Desk,
    furnished,
    tree,
)


class Stopped(Exception):
    """What a person does who closes the window."""


def test_a_restored_folder_is_what_it_was(desk: Desk, tmp_path: Path) -> None:
    desk.restore(tmp_path / "new")
    assert tree(tmp_path / "new") == tree(desk.data)


def test_an_earlier_backup_is_what_the_folder_was_then(desk: Desk, tmp_path: Path) -> None:
    desk.restore(tmp_path / "new", number=1)
    gone = "collections/c1/files/d2.sealed"
    assert tree(tmp_path / "new") == {
        path: content for path, content in tree(desk.data).items() if path != gone
    }


def test_nothing_in_a_backup_is_in_the_clear_not_even_a_name(desk: Desk) -> None:
    for path in desk.files():
        content = path.read_bytes()
        assert CANARY not in content
        for word in (b"store.duckdb", b"d1.sealed", b"collections", b"{a vault}"):
            assert word not in content, path


def test_only_what_changed_is_written(desk: Desk) -> None:
    store = desk.data / "collections" / "c1" / "store.duckdb"
    content = bytearray(store.read_bytes())
    content[1_500_000] ^= 1
    store.write_bytes(content)
    before = {path: path.stat().st_mtime_ns for path in desk.files()}
    written = desk.back_up()
    assert written.written_chunks == 1
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_a_backup_of_nothing_new_writes_no_chunk(desk: Desk) -> None:
    written = desk.back_up()
    assert (written.written_chunks, written.manifest.number) == (0, 3)


def test_equal_content_is_kept_once(tmp_path: Path) -> None:
    desk = furnished(tmp_path)
    (desk.data / "twice").write_bytes(CANARY * 40)
    (desk.data / "thrice").write_bytes(CANARY * 40)
    assert desk.back_up().manifest.chunks == 5  # vault.json, three of the store, one for all


def test_a_backup_that_was_stopped_leaves_the_one_before_and_the_next_goes_on(desk: Desk) -> None:
    (desk.data / "new").write_bytes(os.urandom(3_000_000))

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise Stopped

    with pytest.raises(Stopped):
        desk.back_up(progress=stop)
    assert check_backups(desk.place, keys=KEYS).last == 2
    there = len(desk.files())
    written = desk.back_up()
    assert written.written_chunks < 3 + 1
    assert len(desk.files()) == there + written.written_chunks + 3
    assert check_backups(desk.place, keys=KEYS).last == 3


@pytest.mark.parametrize("call", [1, 2, 4, 7, 9, 11])
def test_a_backup_killed_at_any_moment_leaves_the_one_before(desk: Desk, call: int) -> None:
    """Dies in the call-th fsync: of a chunk, a folder, the table, the index or the manifest."""
    (desk.data / "new").write_bytes(os.urandom(1_500_000))
    child = os.fork()
    if child == 0:
        _die_in_call(call)
        desk.back_up()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or call > 10
    checked = check_backups(desk.place, keys=KEYS)
    assert checked.last >= 2
    assert desk.back_up().manifest.number == checked.last + 1
    assert check_backups(desk.place, keys=KEYS).last == checked.last + 1
    assert not list(desk.place.folder.rglob("*.part"))


def _die_in_call(call: int) -> None:
    real, calls = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor)

    vars(os)["fsync"] = fsync


def test_what_a_cut_backup_left_is_not_believed_unseen(desk: Desk) -> None:
    content = os.urandom(50_000)
    (desk.data / "new").write_bytes(content)
    planted = desk.place.chunk(KEYS.name_of(content))
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_bytes(os.urandom(50_085))
    written = desk.back_up()
    assert written.written_chunks == 1
    check_backups(desk.place, keys=KEYS)


def test_a_full_disk_is_said_and_the_backup_before_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.data / "new").write_bytes(os.urandom(3_000_000))
    real = os.write

    def write(descriptor: int, content: bytes) -> int:
        if len(content) > 1_000_000:
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(StorageFull, match="medium") as told:
            desk.back_up()
        assert "backup clear" in told.value.next_step
    assert check_backups(desk.place, keys=KEYS).last == 2
    assert desk.back_up().manifest.number == 3


def test_a_share_that_cannot_sync_a_folder_takes_backups_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    (desk.data / "new").write_bytes(os.urandom(1_500_000))
    monkeypatch.setattr(os, "fsync", fsync)
    assert desk.back_up().manifest.number == 3
    assert check_backups(desk.place, keys=KEYS).last == 3
    with pytest.raises(StorageFailed):  # the data folder is no medium
        write_atomic(desk.data / "new", b"x")


def test_a_folder_that_may_not_be_written_to_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as read_only:
        read_only.setattr(os, "ftruncate", refuse)
        with pytest.raises(StorageReadOnly, match="folder of backups"):
            desk.back_up()
    assert check_backups(desk.place, keys=KEYS).last == 2


def test_two_at_once_are_not(desk: Desk) -> None:
    with desk.place.writing(), pytest.raises(BackupBusy):
        desk.back_up()
    desk.back_up()


def test_another_vaults_backups_are_not_added_to(desk: Desk) -> None:
    with pytest.raises(BackupForeign):
        newest_backup(desk.place, KEYS, "cd" * 16)
    with pytest.raises(BackupForged):
        newest_backup(desk.place, OTHER_KEYS, VAULT)


def test_a_folder_put_back_to_an_older_state_is_refused(desk: Desk) -> None:
    for kind in ("manifest", "table", "index"):
        desk.place.part(2, kind).unlink()
    newest = newest_backup(desk.place, KEYS, VAULT)
    with pytest.raises(BackupRolledBack):
        require_not_behind(newest, 2)
    require_not_behind(newest, 1)
    require_not_behind(newest, None)


def test_a_backup_taken_out_of_the_middle_is_noticed(desk: Desk) -> None:
    desk.back_up()
    desk.place.part(2, "manifest").unlink()
    with pytest.raises(BackupDamaged):
        check_backups(desk.place, keys=KEYS)
    assert [bool(entry.problem) for entry in listed(desk.place)] == [False, True]


def test_a_backup_of_another_history_does_not_fit_into_the_chain(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = furnished(tmp_path / "other")
    other.back_up()
    other.back_up()
    for kind in ("manifest", "table", "index"):
        other.place.part(2, kind).replace(desk.place.part(2, kind))
    with pytest.raises(BackupForged):
        check_backups(desk.place, keys=KEYS)


def test_without_a_key_the_fingerprint_says_who_signed(desk: Desk) -> None:
    signed_by = fingerprint(KEYS.public)
    checked = check_backups(desk.place, wanted=signed_by)
    assert (checked.fingerprint, checked.opened) == (signed_by, False)
    with pytest.raises(BackupForged):
        check_backups(desk.place, wanted=fingerprint(OTHER_KEYS.public))
    with pytest.raises(BackupForged):
        check_backups(desk.place, keys=OTHER_KEYS)


def test_the_wrong_key_restores_nothing(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BackupForged):
        desk.restore(tmp_path / "new", keys=OTHER_KEYS)
    assert tree(tmp_path / "new") == {}


def test_a_folder_without_backups_says_so(tmp_path: Path) -> None:
    desk = furnished(tmp_path)
    for call in (desk.place.numbers, lambda: listed(desk.place)):
        with pytest.raises(NoBackup):
            call()


@pytest.mark.parametrize("name", ["vault.json", "anything", "spill/left", "restoring"])
def test_nothing_is_restored_over_anything(desk: Desk, tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"kept")
    with pytest.raises(RestoreRefused):
        desk.restore(tmp_path / "new")
    assert path.read_bytes() == b"kept"


def test_a_restore_that_was_cut_short_is_no_vault_and_begins_anew(
    desk: Desk, tmp_path: Path
) -> None:
    damaged = max(desk.files(), key=lambda path: path.stat().st_size)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1])
    with pytest.raises(BackupDamaged):
        desk.restore(tmp_path / "new")
    assert not (tmp_path / "new" / "vault.json").exists()
    damaged.write_bytes(content)
    (tmp_path / "new" / "stray").write_bytes(b"of the first attempt")
    desk.restore(tmp_path / "new")
    assert tree(tmp_path / "new") == tree(desk.data)


def test_a_damaged_chunk_is_mended_for_every_backup_by_rechecking(
    desk: Desk, tmp_path: Path
) -> None:
    damaged = max(desk.files(), key=lambda path: path.stat().st_size)
    content = bytearray(damaged.read_bytes())
    content[1_000] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(BackupDamaged):
        check_backups(desk.place)
    desk.back_up()
    with pytest.raises(BackupDamaged):
        check_backups(desk.place)
    assert desk.back_up(recheck=True).written_chunks == 1
    check_backups(desk.place, keys=KEYS)
    desk.restore(tmp_path / "new", number=1)


def test_a_damaged_table_is_no_end_of_a_folder(desk: Desk) -> None:
    desk.place.part(2, "table").write_bytes(b"")
    with pytest.raises(BackupDamaged):
        desk.back_up()
    assert desk.back_up(recheck=True).written_chunks == 0  # each was opened, none written anew
    assert check_backups(desk.place, keys=KEYS, number=3).last == 3


def test_a_damaged_manifest_says_to_begin_another_folder(desk: Desk, tmp_path: Path) -> None:
    desk.place.part(2, "manifest").write_bytes(b"{}")
    with pytest.raises(BackupDamaged) as told:
        desk.back_up(recheck=True)
    assert "new folder" in told.value.next_step
    desk.restore(tmp_path / "new", number=1)


def test_a_pipe_in_place_of_a_chunk_is_not_waited_on(desk: Desk) -> None:
    path = max(desk.files(), key=lambda path: path.stat().st_size)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BackupDamaged):
        check_backups(desk.place, keys=KEYS)
