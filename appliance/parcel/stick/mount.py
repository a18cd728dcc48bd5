"""The parcel on a mounted stick: its metadata, and its files copied in, from where it stopped.

Rules kept here: nothing is read beyond the length that signed metadata states, or a fixed bound
before there is any; no link is followed; a copied file has its name only when its hash is right; a
part that was copied before is taken over only together with the rest of it, under the one hash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from appliance.parcel.errors import NoParcel, ParcelDamaged, ParcelInterrupted
from appliance.parcel.reading import NotOrdinary, opened, pieces, read_bounded
from appliance.parcel.stick.contents import Item, ParcelFile
from appliance.vault.durable import storage_error, sync_folder
from appliance.vault.errors import StorageFailed

NAME = "cloister-parcel"
METADATA = "metadata"
TARGETS = "targets"
_UNFINISHED = ".unfinished"

Progress: TypeAlias = Callable[[int], None]
"""Called with the bytes that were taken in; what it raises ends the copying and comes out."""


class OwnDiskFailed(StorageFailed):
    """This machine's disk, not the stick: putting that in again is no help."""


@dataclass(frozen=True, slots=True)
class Mount:
    """`folder` holds `metadata/` and `targets/`."""

    folder: Path

    @staticmethod
    def below(folder: Path) -> Mount:
        """In the folder a person names, or that folder itself. Raises NoParcel."""
        try:
            for place in (folder, folder / NAME):
                if (place / METADATA / "timestamp.json").is_file():
                    return Mount(place)
        except OSError as error:
            raise NoParcel(f"{folder} cannot be read: {error.strerror}.") from error
        raise NoParcel(f"There is no parcel in {folder}.")

    def read(self, name: str, limit: int) -> bytes | None:
        """A metadata file. None where there is none. Raises ParcelDamaged, ParcelInterrupted."""
        try:
            return read_bounded(self.folder / METADATA / name, limit)
        except FileNotFoundError:
            if not self.folder.is_dir():
                raise ParcelInterrupted("The stick is not there any more.") from None
            return None
        except NotOrdinary:
            raise ParcelDamaged(f"{name} of the parcel is longer than it may be.") from None
        except StorageFailed:
            raise ParcelInterrupted(f"{name} of the parcel cannot be read.") from None

    def has(self, item: Item) -> bool:
        """Whether every file lies there in its length; nothing is read."""
        return all(self._length(file) == file.size for file in item.files)

    def _length(self, file: ParcelFile) -> int:
        try:
            return (self.folder / TARGETS / file.stored).lstat().st_size
        except OSError:
            return -1

    def fetch(self, item: Item, into: Path, progress: Progress = lambda count: None) -> None:
        """Copies the item's files below `into` (made if need be), each durable and checked.

        Raises ParcelDamaged (what was copied of that file is then gone), ParcelInterrupted (the
        stick went away: what was copied stays), StorageFull, StorageReadOnly, and what `progress`
        raises."""
        folders = {into}
        _sweep(into, item)
        for file in item.files:
            target = into.joinpath(*file.path.split("/"))
            with _own_disk():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folders.add(target.parent)
            self._fetch(file, target, progress)
        with _own_disk():
            for folder in folders:
                sync_folder(folder)

    def _fetch(self, file: ParcelFile, target: Path, progress: Progress) -> None:
        if target.exists() and _is(target, file):
            progress(file.size)
            return
        unfinished = target.with_name(f"{target.name}{_UNFINISHED}")
        digest, done = _taken(unfinished, file)
        progress(done)
        try:
            self._append(file, unfinished, digest, done, progress)
            if done and digest.hexdigest() != file.sha256:  # what was there was of another parcel
                progress(-file.size)
                with _own_disk():
                    unfinished.unlink()
                digest = hashlib.sha256()
                self._append(file, unfinished, digest, 0, progress)
        except OwnDiskFailed:
            raise
        except (FileNotFoundError, StorageFailed):
            raise ParcelInterrupted(f"{file.path} of the parcel could not be read on.") from None
        except NotOrdinary:
            raise ParcelDamaged(f"{file.path} of the parcel is no ordinary file.") from None
        with _own_disk():
            if digest.hexdigest() != file.sha256:
                unfinished.unlink()
                raise ParcelDamaged(f"{file.path} of the parcel is not what its origin signed.")
            unfinished.replace(target)

    def _append(
        self, file: ParcelFile, unfinished: Path, digest: hashlib._Hash, done: int,
        progress: Progress,
    ) -> None:  # fmt: skip
        with opened(self.folder / TARGETS / file.stored) as (source, size):
            if size > file.size:
                raise NotOrdinary(file.path)
            if size < file.size:
                raise FileNotFoundError(file.path)  # it was not copied onto the stick whole
            os.lseek(source, done, os.SEEK_SET)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            with _own_disk():
                written = os.open(unfinished, flags, 0o600)
            try:
                for piece in pieces(source, file.size - done, file.path):
                    digest.update(piece)
                    _write(written, piece)
                    done += len(piece)
                    progress(len(piece))
                with _own_disk():
                    os.fsync(written)
            finally:
                os.close(written)
        if done < file.size:
            raise FileNotFoundError(file.path)


def _sweep(into: Path, item: Item) -> None:
    """What an earlier parcel left there and this one does not hold."""
    wanted = {into.joinpath(*file.path.split("/")) for file in item.files}
    wanted |= {path.with_name(f"{path.name}{_UNFINISHED}") for path in wanted}
    with _own_disk():
        for path in into.rglob("*"):
            if path not in wanted and not path.is_dir():
                path.unlink()


def _taken(unfinished: Path, file: ParcelFile) -> tuple[hashlib._Hash, int]:
    """What was copied before: its digest so far, and how much."""
    digest = hashlib.sha256()
    try:
        with opened(unfinished) as (descriptor, size):
            if size <= file.size:
                for piece in pieces(descriptor, size, file.path):
                    digest.update(piece)
                return digest, size
    except FileNotFoundError:
        return digest, 0
    except NotOrdinary:
        pass
    with _own_disk():
        unfinished.unlink()
    return hashlib.sha256(), 0


def _is(path: Path, file: ParcelFile) -> bool:
    digest = hashlib.sha256()
    with opened(path) as (descriptor, size):
        for piece in pieces(descriptor, size, file.path):
            digest.update(piece)
    return (size, digest.hexdigest()) == (file.size, file.sha256)


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    with _own_disk():
        while view:
            view = view[os.write(descriptor, view) :]


@contextmanager
def _own_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = storage_error(error, "the parcel was not taken in")
        raise (
            OwnDiskFailed(found.sentence) if isinstance(found, StorageFailed) else found
        ) from error
