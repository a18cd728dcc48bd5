"""What a store's files must be, going by the newest mark in the log.

Rules kept here: files are hashed before a byte of them is parsed; whatever is not the recorded
main file, or does not begin with the recorded write-ahead log, is not used; there is no moment, a
checkpoint's included, at which a crash leaves files that no mark describes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from appliance.errors import CloisterError
from appliance.memory.errors import (
    StoreDamaged,
    StoreMissing,
    StoreRolledBack,
    StoreSwapped,
)
from appliance.values import StoreMark
from appliance.vault.durable import storage_error, sync_folder

EarlierMarks: TypeAlias = Callable[[], Iterable[StoreMark]]

_PIECE: Final = 1 << 20
# DuckDB's names for a write-ahead log set aside while it checkpoints in place, which it never may.
_ASIDE: Final = (".wal.checkpoint", ".wal.recovery")


@dataclass(frozen=True, slots=True)
class Digest:
    """size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


EMPTY: Final = Digest(0, hashlib.sha256().hexdigest())


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def asides_of(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + suffix) for suffix in _ASIDE)


def next_of(path: Path) -> Path:
    """Where the file waits that is to take the store's place (docs/formats/store.md)."""
    return path.with_name(path.name + ".next")


def take_over(path: Path) -> None:
    """Puts the waiting file in the store's place, durable on return. Raises StorageFull,
    StorageReadOnly, StorageFailed; `finish_replacing` then goes on at the next opening.

    The write-ahead log goes first: what it held is in the new file, and beside that file it would
    be read as newer."""
    try:
        wal_of(path).unlink(missing_ok=True)
        sync_folder(path.parent)
        next_of(path).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, "a store's new file was not taken over") from error


def finish_replacing(path: Path, mark: StoreMark) -> None:
    """What a crash left waiting is taken over if it is the file the log records; if not, it never
    counted and is removed. Raises as `take_over`.

    A copy that was not settled yet is the same, to the byte, as the file that is still in place:
    that one, with its write-ahead log, is then the store."""
    waiting, recorded = next_of(path), Digest(mark.size, mark.sha256)
    if not waiting.exists():
        return
    counts = digest_of(path) != recorded and digest_of(waiting) == recorded
    try:
        wal_of(waiting).unlink(missing_ok=True)
        if not counts:
            waiting.unlink()
    except OSError as error:
        raise storage_error(error, "a leftover of a store was not removed") from error
    if counts:
        take_over(path)


@dataclass(frozen=True, slots=True)
class Files:
    """A store's files as they were found, the write-ahead log read to its end."""

    main: Digest
    wal: Tail


def digest_of(path: Path, length: int | None = None) -> Digest:
    """Of the file, or of its first `length` bytes. A missing file counts as empty."""
    tail = Tail(path)
    tail.advance(length)
    return tail.digest


class Tail:
    """The digest of a file that only grows, reading each byte once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._size = 0

    @property
    def digest(self) -> Digest:
        return Digest(self._size, self._hash.hexdigest())

    def advance(self, length: int | None = None) -> Digest:
        """Takes in what was appended (up to `length` bytes in all). Raises on a read error."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self.digest
        except OSError as error:
            raise storage_error(error, "a store was not read") from error
        try:
            self._take(descriptor, length)
        except OSError as error:
            raise storage_error(error, "a store was not read") from error
        finally:
            os.close(descriptor)
        return self.digest

    def _take(self, descriptor: int, length: int | None) -> None:
        while True:
            wanted = _PIECE if length is None else min(_PIECE, length - self._size)
            piece = os.pread(descriptor, wanted, self._size) if wanted > 0 else b""
            if not piece:
                return
            self._hash.update(piece)
            self._size += len(piece)


def found_files(path: Path) -> Files:
    """The files of a store that no mark speaks of."""
    wal = Tail(wal_of(path))
    wal.advance()
    return Files(digest_of(path), wal)


def require_evidence(path: Path, mark: StoreMark, earlier: EarlierMarks) -> Files:
    """Raises unless the files are the marked ones; gives their digests.

    `earlier` gives every mark the log holds, of any store, and is asked only when the file is not
    the recorded one: to say whether it is an older state or another's. (Opening such a file to see
    would be wrong: DuckDB crashes on some that decrypt cleanly.)

    A write-ahead log may go on past the mark: one transaction was durable, its mark not yet.
    """
    if not path.exists():
        raise StoreMissing("A store that the log knows is not there.")
    main = digest_of(path)
    if main != Digest(mark.size, mark.sha256):
        raise _named(main, mark, earlier)
    for aside in asides_of(path):
        if aside.exists():
            raise StoreDamaged("A foreign file lies beside a store.")
    wal = _recorded_wal(path, mark)
    wal.advance()
    return Files(main, wal)


def _named(found: Digest, mark: StoreMark, earlier: EarlierMarks) -> CloisterError:
    """The most telling error for a main file that is not the recorded one."""
    known = [old for old in earlier() if (old.size, old.sha256) == (found.size, found.sha256)]
    if any(old.store_id == mark.store_id for old in known):
        return StoreRolledBack("A store was put back to an older state.")
    if known:
        return StoreSwapped("A store was replaced by that of another collection or person.")
    return StoreDamaged(
        "A store's file is not the one that the log recorded: it was damaged, changed or replaced."
    )


def _recorded_wal(path: Path, mark: StoreMark) -> Tail:
    """The write-ahead log, read as far as the mark recorded it."""
    wal = Tail(wal_of(path))
    held = wal.advance(mark.wal_size)
    if held.size < mark.wal_size:
        raise StoreRolledBack("A store's newest changes were cut off.")
    if mark.wal_size and held.sha256 != mark.wal_sha256:
        raise StoreDamaged("A store's newest changes are damaged.")
    return wal


def require_generation(found: int, mark: StoreMark | None) -> None:
    """Raises StoreRolledBack unless the mark allows the generation found. One more than marked is
    allowed: the transaction whose mark a crash kept out of the log."""
    if mark is None:
        if found > 1:
            raise StoreRolledBack("A store was written to, but the log knows nothing of it.")
    elif found < mark.generation:
        gone = mark.generation - found
        raise StoreRolledBack(f"A store was put back to an older state ({gone} changes are gone).")
    elif found > mark.generation + 1:
        raise StoreRolledBack("A store holds changes that the log does not know.")
