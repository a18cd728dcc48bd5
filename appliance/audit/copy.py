"""The files of a log or of a copy of it, as a checker finds them.

Rules kept here: everything read is untrusted, bounded before it is read and named in what is
raised; a file that is missing is an error with its name, never an empty one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.audit.errors import LogTampered, NoLog
from appliance.audit.note import MAX_NOTE
from appliance.audit.tiles import MAX_ENTRY, TILE_WIDTH, Tile

CHECKPOINT = "checkpoint"
EPOCHS = "epochs"
JOURNAL = "journal"
LINES = "leaves.jsonl"
_PRIVATE = ("keys.sealed", "head")
_MOST_EPOCHS = 1_000_000
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Copy:
    """What is read at once. journal is None in an exported copy, checkpoint where there is none
    yet. tiles: the files below `tile`, listed before the journal was read, so that the journal
    covers them all. All bytes are untrusted."""

    folder: Path
    tiles: tuple[str, ...]
    checkpoint: bytes | None
    epochs: tuple[bytes, ...]
    journal: bytes | None

    @property
    def live(self) -> bool:
        """Whether it is the log itself, and no export of it."""
        return self.journal is not None

    def changed(self) -> bool:
        """Whether the log was written since this was read."""
        try:
            return self.live and _journal(self.folder) != self.journal
        except FileNotFoundError:
            return False

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile or bundle that must be there."""
        limit = TILE_WIDTH * (MAX_ENTRY + 2) if tile.level < 0 else TILE_WIDTH * 32
        return read_bounded(self.folder, tile.path, limit)


def opened_copy(folder: Path) -> Copy:
    """Reads the small files of a copy, or of a log that may be written meanwhile (then again,
    until they belong together). Raises NoLog, LogTampered."""
    if not (folder / EPOCHS).is_dir() and not (folder / CHECKPOINT).exists():
        raise NoLog("There is no compliance log in this folder.")
    for _ in range(_ATTEMPTS):
        before = _count(folder)
        found = _read_copy(folder, before)
        if _count(folder) == before:
            return found
    raise LogTampered("The log changes too fast to be read as one.")


def _read_copy(folder: Path, count: int) -> Copy:
    tiles = tuple(files_below(folder, "tile"))
    checkpoint = None
    if (folder / CHECKPOINT).exists():
        checkpoint = read_bounded(folder, CHECKPOINT, MAX_NOTE)
    journal = _journal(folder) if (folder / JOURNAL).exists() else None
    if journal is None and any((folder / name).exists() for name in _PRIVATE):
        raise LogTampered("The log's journal is missing (the file `journal`).")
    notes = (read_bounded(folder, f"{EPOCHS}/{n}.note", MAX_NOTE) for n in range(count))
    return Copy(folder, tiles, checkpoint, tuple(notes), journal)


def _journal(folder: Path) -> bytes:
    with opened(folder, JOURNAL) as file:
        return file.read()


def _count(folder: Path) -> int:
    """How many epochs there are; one beyond a gap counts, so that the gap is found."""
    numbers = [
        int(entry.stem)
        for entry in (folder / EPOCHS).glob("*.note")
        if entry.stem.isascii() and entry.stem.isdecimal() and len(entry.stem) <= 9
    ]
    count = max(numbers, default=-1) + 1
    if count > _MOST_EPOCHS:
        raise LogTampered("The log has more key epochs than a log can have.")
    return count


def files_below(folder: Path, name: str) -> Iterator[str]:
    """Paths relative to `folder` of the files below `name`, in order. Raises LogTampered for a
    link, which could lead through all there is."""
    if (folder / name).is_symlink():
        raise LogTampered(f"{name} is a link.")
    for where, folders, files in os.walk(folder / name):
        folders.sort()
        for file in sorted(files):
            yield (Path(where) / file).relative_to(folder).as_posix()


def opened(folder: Path, name: str) -> BinaryIO:
    """A file to be read, and nothing that could keep its reader waiting (a pipe, a device). Raises
    LogTampered, OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
    file = os.fdopen(os.open(folder / name, flags), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise LogTampered(f"{name} is no ordinary file.")
    return file


def read_bounded(folder: Path, name: str, limit: int) -> bytes:
    """At most `limit` bytes. Raises LogTampered where the file is missing or larger."""
    try:
        with opened(folder, name) as file:
            untrusted = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise LogTampered(f"{name} is missing.") from None
    if len(untrusted) > limit:
        raise LogTampered(f"{name} is larger than it can be.")
    return untrusted
