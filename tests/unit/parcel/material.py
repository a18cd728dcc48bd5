"""A small data folder that is no vault, and backups of it: files are all that backups see."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.parcel.backup.keys import BackupKeys
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.restoring import conclude, opened_backup, restore_files
from appliance.parcel.backup.snapshot import Snapshot, lying_still
from appliance.parcel.backup.writing import (
    About,
    Chunks,
    Progress,
    Written,
    newest_backup,
    write_backup,
)

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
VAULT = "ab" * 16
KEYS = BackupKeys.of(bytes(range(32)))
OTHER_KEYS = BackupKeys.of(bytes(range(1, 33)))
ABOUT = About(VAULT, NOON, b"{}")
CANARY = b"the patient in bed nine"


@dataclass(frozen=True, slots=True)
class Desk:
    """A data folder, and the folder that its backups lie in."""

    data: Path
    place: Place

    def back_up(
        self,
        keys: BackupKeys = KEYS,
        *,
        recheck: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Written:
        with self.place.writing(), closing(self.snapshot()) as taken:
            newest = newest_backup(self.place, keys, VAULT)
            chunks = Chunks(self.place, keys, newest, recheck=recheck)
            return write_backup(taken, chunks, ABOUT, newest, progress=progress)

    def snapshot(self, wanted: Callable[[str], bool] = lambda path: True) -> Snapshot:
        found, left_out = lying_still(self.data, wanted)
        return Snapshot(found, left_out, 7, "cd" * 32)

    def restore(self, target: Path, number: int | None = None, keys: BackupKeys = KEYS) -> None:
        target.mkdir(exist_ok=True)
        signed = self.place.manifest(number or self.place.numbers()[-1])
        opened = opened_backup(self.place, keys, signed)
        restore_files(opened, target)
        conclude(opened, target)

    def files(self) -> list[Path]:
        """Every file of the backups but the lock."""
        found = (path for path in self.place.folder.rglob("*") if path.is_file())
        return sorted(path for path in found if path.name != "lock")


def furnished(folder: Path) -> Desk:
    data = folder / "data"
    (data / "collections" / "c1" / "files").mkdir(parents=True)
    (data / "vault.json").write_bytes(b"{a vault}")
    (data / "collections" / "c1" / "store.duckdb").write_bytes(os.urandom(2_500_000))
    (data / "collections" / "c1" / "files" / "d1.sealed").write_bytes(CANARY * 40)
    (data / "empty").write_bytes(b"")
    return Desk(data, Place(folder / "stick" / "cloister-backup"))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its path, but for what a restore itself leaves."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }
