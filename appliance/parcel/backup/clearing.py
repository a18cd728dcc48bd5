"""Taking old backups away, the oldest first.

Rules kept here: what stays is read and opened to its last chunk before anything goes; of each
backup that goes the manifest goes first, so what a kill leaves are whole backups without a gap
between them; chunks that no backup speaks of any more go last, also those that an earlier kill has
left.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from appliance.parcel.backup.checking import require_whole
from appliance.parcel.backup.keys import BackupKeys
from appliance.parcel.backup.manifest import SignedManifest
from appliance.parcel.backup.place import Place, require_follows
from appliance.parcel.backup.writing import Progress, require_signer_is
from appliance.vault.durable import storage_error, sync_folder

_PART = re.compile(r"([0-9]{8})\.(?:table|index)")
_FOLDER = re.compile(r"[0-9a-f]{2}")
_CHUNK = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Cleared:
    """gone: numbers of the backups that were taken away. first and last: of those that stay.
    chunks, size: what was removed of chunks, size in bytes."""

    gone: tuple[int, ...]
    first: int
    last: int
    chunks: int
    size: int


def clear_backups(
    place: Place,
    keys: BackupKeys,
    *,
    keep: int,
    progress: Progress = lambda done, total: None,
) -> Cleared:
    """Within `place.writing()`. keep: how many stay, the newest; at least one.

    Raises NoBackup, BackupDamaged or BackupForged (of what would stay: then nothing is gone),
    storage errors, and what `progress` raises."""
    if keep < 1:
        raise ValueError("one backup stays at least")
    numbers = place.numbers()
    staying = tuple(place.manifest(number) for number in numbers[-keep:])
    for before, after in pairwise(staying):
        require_follows(after, before)
    require_signer_is(staying[-1], keys)
    require_whole(place, staying, keys=keys, progress=progress)
    needed = {row.name for one in staying for row in place.table(one.manifest)}
    gone = numbers[:-keep]
    try:
        _remove_backups(place, gone, staying)
        chunks, size = _remove_chunks(place, needed)
    except OSError as error:
        raise storage_error(error, "not all of the old backups were taken away") from error
    return Cleared(gone, numbers[-len(staying)], numbers[-1], chunks, size)


def _remove_backups(
    place: Place, gone: Collection[int], staying: Collection[SignedManifest]
) -> None:
    for number in sorted(gone):
        place.part(number, "manifest").unlink()
        sync_folder(place.backups, medium=True)
    stay = {one.manifest.number for one in staying}
    for path in place.backups.iterdir():
        match = _PART.fullmatch(path.name)
        if match and int(match[1]) not in stay:
            path.unlink()
    sync_folder(place.backups, medium=True)


def _remove_chunks(place: Place, needed: Collection[bytes]) -> tuple[int, int]:
    chunks = size = 0
    for path in _chunk_files(place.folder / "chunks"):
        if bytes.fromhex(path.name) not in needed:
            size += path.lstat().st_size
            path.unlink()
            chunks += 1
    return chunks, size


def _chunk_files(folder: Path) -> Iterator[Path]:
    """What is named and placed as a chunk is; no link leads elsewhere."""
    for below in sorted(folder.iterdir()):
        if _FOLDER.fullmatch(below.name) and below.is_dir() and not below.is_symlink():
            for path in sorted(below.iterdir()):
                if _CHUNK.fullmatch(path.name) and path.name.startswith(below.name):
                    yield path
