"""The folder that backups lie in, and what may be read out of it.

Rules kept here: a chunk and a manifest are there whole or not at all (`write_atomic`), and a backup
counts from the moment its manifest is there, which is written last; what is read is untrusted until
a hash or a signature has spoken for it, and is bounded before that; one program writes at a time.
Layout: docs/formats/backup.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import AlreadyRunning, CloisterError, StorageFull, StorageReadOnly
from appliance.parcel.backup.manifest import (
    MAXIMUM_MANIFEST,
    NONE_BEFORE,
    Manifest,
    SignedManifest,
    parsed_manifest,
    table_bytes_of,
)
from appliance.parcel.backup.table import CHUNK, OVERHEAD, Row, parsed_table
from appliance.parcel.errors import (
    BackupBusy,
    BackupDamaged,
    BackupForeign,
    BackupForged,
    BackupTooNew,
    NoBackup,
)
from appliance.parcel.reading import NotOrdinary, read_bounded
from appliance.vault.durable import remove_leftovers, storage_error, sync_folder, write_atomic
from appliance.vault.errors import StorageFailed
from appliance.vault.folder_lock import lock_folder

NAME = "cloister-backup"
_MANIFEST = re.compile(r"([0-9]{8})\.manifest")


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` itself may be missing; nothing is made before something is written."""

    folder: Path

    @staticmethod
    def below(folder: Path) -> Place:
        """In the folder a person names: its own one in there, unless that is what they named."""
        return Place(folder if folder.name == NAME else folder / NAME)

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def chunk(self, name: bytes) -> Path:
        text = name.hex()
        return self.folder / "chunks" / text[:2] / text

    def part(self, number: int, kind: str) -> Path:
        return self.backups / f"{number:08}.{kind}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone, with the folders made and leftovers of a crash gone. Raises BackupBusy, storage
        errors."""
        try:
            with _medium("the folder of backups was not locked"):
                lock = lock_folder(self.folder)
        except AlreadyRunning:
            raise BackupBusy("Another program is writing to this folder of backups.") from None
        with lock:
            with _medium("the folder of backups was not made"):
                for folder in (self.backups, self.folder / "chunks"):
                    folder.mkdir(mode=0o700, exist_ok=True)
                for folder in (self.backups, *(self.folder / "chunks").iterdir()):
                    if folder.is_dir() and not folder.is_symlink():
                        remove_leftovers(folder)
            yield

    def write(self, path: Path, content: bytes) -> None:
        """Durable on return. Raises storage errors; then nothing of it is there."""
        with _medium("the backup was not written"):
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700)
                sync_folder(path.parent.parent, medium=True)
            write_atomic(path, content, medium=True)

    # --- reading ---------------------------------------------------------------------------

    def numbers(self) -> tuple[int, ...]:
        """Of the backups whose manifests are there, oldest first. Raises NoBackup, storage
        errors."""
        try:
            names = [path.name for path in self.backups.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            raise NoBackup("There are no backups in this folder.") from None
        except OSError as error:
            raise storage_error(error, "the folder of backups was not read") from error
        matches = (_MANIFEST.fullmatch(name) for name in names)
        found = sorted(int(match[1]) for match in matches if match)
        if not found:
            raise NoBackup("There are no backups in this folder.")
        return tuple(found)

    def manifest(self, number: int) -> SignedManifest:
        """Signed by whoever it names. Raises NoBackup, BackupDamaged, BackupForged."""
        try:
            untrusted = read_bounded(self.part(number, "manifest"), MAXIMUM_MANIFEST)
        except FileNotFoundError:
            raise NoBackup(f"There is no backup {number} in this folder.") from None
        except NotOrdinary:
            raise BackupDamaged(f"The manifest of backup {number} is damaged.") from None
        return parsed_manifest(untrusted, number)

    def table(self, manifest: Manifest) -> tuple[Row, ...]:
        """Raises BackupDamaged."""
        untrusted = self._bound(
            self.part(manifest.number, "table"), table_bytes_of(manifest), manifest.table_sha256
        )
        rows = parsed_table(untrusted)
        if sum(row.size for row in rows) != manifest.sealed_size:
            raise BackupDamaged(f"The table of backup {manifest.number} is damaged.")
        return rows

    def sealed_index(self, manifest: Manifest) -> bytes:
        """Raises BackupDamaged."""
        return self._bound(
            self.part(manifest.number, "index"), manifest.index_size, manifest.index_sha256
        )

    def sealed_chunk(self, row: Row) -> bytes:
        """The chunk's file, which is the one that the row speaks of. Raises BackupDamaged."""
        return self._bound(self.chunk(row.name), row.size, row.sha256.hex())

    def unknown_chunk(self, name: bytes) -> bytes | None:
        """A chunk that no backup speaks of, left by one that was cut short; None without one."""
        try:
            return read_bounded(self.chunk(name), CHUNK + OVERHEAD)
        except (FileNotFoundError, NotOrdinary):
            return None

    def chunk_size(self, name: bytes) -> int | None:
        """What lies there now, read no further; None for nothing."""
        with suppress(OSError):
            return self.chunk(name).lstat().st_size
        return None

    def _bound(self, path: Path, size: int, sha256: str) -> bytes:
        try:
            content = read_bounded(path, size)
        except FileNotFoundError:
            raise BackupDamaged(f"A part of a backup is missing ({path.name[:16]}).") from None
        except NotOrdinary:
            raise BackupDamaged(f"A part of a backup is damaged ({path.name[:16]}).") from None
        except StorageFailed:
            raise BackupDamaged(f"A part of a backup cannot be read ({path.name[:16]}).") from None
        if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
            raise BackupDamaged(f"A part of a backup is damaged ({path.name[:16]}).")
        return content


@contextmanager
def _medium(doing: str) -> Iterator[None]:
    """What is full or may not be written to is the medium, not the data folder."""
    try:
        yield
    except OSError as error:
        raise _of_the_medium(storage_error(error, doing)) from error
    except (StorageFull, StorageReadOnly) as error:
        raise _of_the_medium(error) from error


def _of_the_medium(error: CloisterError) -> CloisterError:
    if isinstance(error, StorageFull):
        return StorageFull(
            "The medium that the backups lie on is full.",
            hint="Clear old backups (`cloister backup clear`) or use a larger one. Every backup "
            "before is as it was, and what was written now is taken over.",
        )
    if isinstance(error, StorageReadOnly):
        return StorageReadOnly(
            "The folder of backups may not be written to.",
            hint="Take the stick's write protection off, or name a folder that this user may "
            "write to.",
        )
    return error


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup as `list` shows it. problem: why it cannot be used; empty if its manifest is in
    order (which says nothing of its chunks: `verify` looks at those)."""

    number: int
    signed: SignedManifest | None
    problem: str = ""


def listed(place: Place) -> tuple[Listed, ...]:
    """Oldest first, each held against the one before it. Raises NoBackup, storage errors."""
    found: list[Listed] = []
    before: SignedManifest | None = None
    for number in place.numbers():
        try:
            signed = place.manifest(number)
            if before is not None:
                require_follows(signed, before)
        except (BackupDamaged, BackupTooNew) as error:
            found.append(Listed(number, None, error.sentence))
            continue
        found.append(Listed(number, signed))
        before = signed
    return tuple(found)


def require_follows(after: SignedManifest, before: SignedManifest) -> None:
    """Raises BackupForged unless `after` can come after `before` in one folder; where it comes
    right after it, it must name it by hash."""
    new, old = after.manifest, before.manifest
    if (new.repository, new.vault, after.signer) != (old.repository, old.vault, before.signer):
        raise BackupForged(f"Backup {new.number} is not of the same folder as backup {old.number}.")
    if new.number == old.number + 1 and new.previous != before.sha256:
        raise BackupForged(f"Backup {new.number} does not follow the backup {old.number} here.")
    if new.number != old.number + 1:
        raise BackupDamaged(f"Backups are missing between {old.number} and {new.number}.")


def require_vault(signed: SignedManifest, vault: str) -> None:
    """Raises BackupForeign."""
    if signed.manifest.vault != vault:
        raise BackupForeign("The backups in this folder are another vault's.")


def previous_of(newest: SignedManifest | None) -> tuple[int, str]:
    """The number and the predecessor's hash of the backup that comes next."""
    if newest is None:
        return 1, NONE_BEFORE
    return newest.manifest.number + 1, newest.sha256
