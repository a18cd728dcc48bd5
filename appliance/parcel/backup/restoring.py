"""Putting a backup back into an empty folder.

Rules kept here: nothing is written over: the folder is empty, or holds what a restore that was cut
short has left, which is removed first; every byte is authenticated before it is kept; vault.json
comes last, so there is a vault only when everything else is there, or was named as lost to whoever
asked for what is left of a damaged backup.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import StorageFull
from appliance.parcel.backup.checking import file_content, opened_index
from appliance.parcel.backup.index import FileEntry
from appliance.parcel.backup.keys import BackupKeys
from appliance.parcel.backup.manifest import SignedManifest
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.table import Row
from appliance.parcel.backup.writing import Progress, require_signer_is
from appliance.parcel.errors import BackupDamaged, NoBackup, RestoreRefused
from appliance.parcel.reading import NotOrdinary, read_bounded
from appliance.vault.durable import storage_error, sync_folder, write_atomic

VAULT = "vault.json"
UNDER_WAY = "restoring"
"""A file of this name and content says that a restore began and did not end."""

_BEGUN = b"restoring\n"

_LOG = "audit/"
_NOTHING = frozenset({"lock", "spill"})
_SPARE = 64 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup whose signature and index are authentic."""

    place: Place
    keys: BackupKeys
    signed: SignedManifest
    rows: tuple[Row, ...]
    files: tuple[FileEntry, ...]


def opened_backup(place: Place, keys: BackupKeys, signed: SignedManifest) -> Opened:
    """Raises BackupForged, BackupDamaged."""
    require_signer_is(signed, keys)
    rows = place.table(signed.manifest)
    files = opened_index(keys, signed.manifest, rows, place.sealed_index(signed.manifest))
    if VAULT not in {file.path for file in files}:
        raise BackupDamaged("The backup holds no vault.")
    return Opened(place, keys, signed, rows, files)


def require_empty(target: Path) -> None:
    """Raises RestoreRefused, storage errors."""
    try:
        names = {path.name for path in target.iterdir()}
        spilled = any((target / "spill").iterdir()) if "spill" in names else False
    except OSError as error:
        raise storage_error(error, "the folder to restore into was not read") from error
    if VAULT in names:
        raise RestoreRefused("The folder to restore into holds a vault already.")
    if not _begun(target) and (names - _NOTHING or spilled):
        raise RestoreRefused("The folder to restore into is not empty.")


def _begun(target: Path) -> bool:
    """Somebody's own file of that name gives nothing beside it away to be removed."""
    try:
        return read_bounded(target / UNDER_WAY, len(_BEGUN)) == _BEGUN
    except (FileNotFoundError, NotOrdinary):
        return False


def restore_files(
    opened: Opened,
    target: Path,
    progress: Progress = lambda done, total: None,
    *,
    salvage: bool = False,
) -> tuple[str, ...]:
    """Everything but vault.json, durable on return. The caller holds the folder's lock.

    salvage: a file that is damaged is left out instead of ending the restore, and its path
    returned; vault.json and the log are never left out. Raises RestoreRefused, BackupDamaged,
    StorageFull, other storage errors, and what `progress` raises; what was restored until then is
    removed by the next restore into this folder."""
    require_empty(target)
    manifest = opened.signed.manifest
    if shutil.disk_usage(target).free < manifest.content_size + _SPARE:
        raise StorageFull(f"The backup takes {manifest.content_size / 1e9:.2f} GB on the disk.")
    write_atomic(target / UNDER_WAY, _BEGUN)
    _clear(target)
    done, lost = 0, []
    for file in opened.files:
        if file.path == VAULT:
            for _ in file_content(opened.place, opened.keys, opened.rows, file):
                pass  # it is written last; that it can be is known before the log goes on
        elif not _restored(opened, file, target, salvage=salvage):
            lost.append(file.path)
        done += file.size
        progress(done, manifest.content_size)
    try:
        for folder in _folders(opened.files):
            if (target / folder).is_dir():
                sync_folder(target / folder)
    except OSError as error:
        raise storage_error(error, "the backup was not restored") from error
    return tuple(lost)


def _restored(opened: Opened, file: FileEntry, target: Path, *, salvage: bool) -> bool:
    try:
        _write(opened, file, target)
    except BackupDamaged:
        if not salvage or file.path.startswith(_LOG):
            raise
        if not opened.place.backups.is_dir():
            raise NoBackup(
                "The folder of backups is not there any more.", hint="Put it back, then try again."
            ) from None
        return False
    return True


def conclude(opened: Opened, target: Path) -> None:
    """Puts vault.json into its place: from then on there is a vault. Durable on return."""
    (vault,) = (file for file in opened.files if file.path == VAULT)
    _write(opened, vault, target)
    try:
        (target / UNDER_WAY).unlink(missing_ok=True)
        sync_folder(target)
    except OSError as error:
        raise storage_error(error, "the restore was not concluded") from error


def _write(opened: Opened, file: FileEntry, target: Path) -> None:
    path = target.joinpath(*file.path.split("/"))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, "a folder was not restored") from error
    write_atomic(path, file_content(opened.place, opened.keys, opened.rows, file))


def _folders(files: Sequence[FileEntry]) -> list[str]:
    """Every folder that was made, deepest first, and the target itself."""
    found = {"."}
    for file in files:
        names = file.path.split("/")[:-1]
        found |= {"/".join(names[: depth + 1]) for depth in range(len(names))}
    return sorted(found, key=lambda name: -name.count("/"))


def _clear(target: Path) -> None:
    try:
        for path in target.iterdir():
            if path.name in {*_NOTHING, UNDER_WAY}:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise storage_error(error, "what an earlier restore left was not removed") from error
