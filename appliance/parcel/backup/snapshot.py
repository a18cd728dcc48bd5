"""The data folder as it was at one moment, to be read while work goes on.

Rules kept here: every file is one of three kinds, each of which shows what it was at that moment or
raises: held in memory, held open (its name may since mean another file), or lying still (a file of
this product is replaced as a whole, so another inode, size or time says that it was). What lies
outside the data folder is not followed; what is derived or passing is left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from appliance.parcel.backup.index import plain_path
from appliance.parcel.errors import BackupUnsettled
from appliance.parcel.reading import NotOrdinary, opened, pieces


@dataclass(frozen=True, slots=True)
class Held:
    """A file whose bytes were read at that moment."""

    path: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        yield self.content


@dataclass(frozen=True, slots=True)
class HeldOpen:
    """A file that is never written to, only replaced: what was opened stays what it was. The
    descriptor is the snapshot's."""

    path: str
    size: int
    descriptor: int

    def pieces(self) -> Iterator[bytes]:
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        read = 0
        for piece in pieces(self.descriptor, self.size, self.path):
            read += len(piece)
            yield piece
        if read != self.size:
            raise BackupUnsettled(f"{self.path} became shorter while it was read.")


@dataclass(frozen=True, slots=True)
class LyingStill:
    """A file that must be the same when it is read."""

    path: str
    size: int
    location: Path
    mark: tuple[int, int]  # inode, time of change in nanoseconds

    def pieces(self) -> Iterator[bytes]:
        changed = BackupUnsettled("A file changed while it was read.")
        read = 0
        try:
            with opened(self.location) as (descriptor, _):
                for piece in pieces(descriptor, self.size, self.path):
                    read += len(piece)
                    yield piece
                state = os.fstat(descriptor)
        except (FileNotFoundError, NotOrdinary):
            raise changed from None
        if read != self.size or state.st_size != self.size or _mark(state) != self.mark:
            raise changed


Source: TypeAlias = Held | HeldOpen | LyingStill


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Close it when it has been read. left_out: paths of what is no ordinary file or has a name
    that no file of this product has. log_size and log_root: how far the log had come."""

    sources: tuple[Source, ...]
    left_out: tuple[str, ...]
    log_size: int
    log_root: str

    @property
    def size(self) -> int:
        return sum(source.size for source in self.sources)

    def close(self) -> None:
        for source in self.sources:
            if isinstance(source, HeldOpen):
                with suppress(OSError):
                    os.close(source.descriptor)


def held_open(path: str, location: Path) -> HeldOpen:
    """Raises FileNotFoundError, OSError."""
    descriptor = os.open(location, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    return HeldOpen(path, os.fstat(descriptor).st_size, descriptor)


def lying_still(
    data: Path, wanted: Callable[[str], bool]
) -> tuple[tuple[LyingStill, ...], tuple[str, ...]]:
    """Every ordinary file below `data` whose relative path is wanted, and the paths that are left
    out. A folder that is not wanted is not entered. Raises OSError."""
    found: list[LyingStill] = []
    left_out: list[str] = []
    folders = [(data, "")]
    while folders:
        folder, prefix = folders.pop()
        for entry in _entries(folder, root=data):
            path = f"{prefix}{entry.name}"
            if not wanted(path):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone between listing and looking: it was passing
            if not plain_path(path):
                left_out.append(path.encode("utf-8", "replace").decode())
            elif stat.S_ISDIR(state.st_mode):
                folders.append((Path(entry.path), f"{path}/"))
            elif stat.S_ISREG(state.st_mode):
                found.append(LyingStill(path, state.st_size, Path(entry.path), _mark(state)))
            else:
                left_out.append(path)
    return tuple(found), tuple(left_out)


def _entries(folder: Path, *, root: Path) -> list[os.DirEntry[str]]:
    """By name. A folder that went away since it was listed was passing."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        if folder == root:
            raise
        return []


def _mark(state: os.stat_result) -> tuple[int, int]:
    return state.st_ino, state.st_mtime_ns
