"""Files that are wholly old or wholly new, whatever happens in between.

Rules kept here: the new content is complete and on the disk before the name moves to it, and the
move is on the disk before the function returns; a failed write leaves the old file whole and no
temporary file; the file belongs to its owner alone (0600). What is written here is not encrypted
here: hand in sealed bytes, or bytes that are public by design.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import CloisterError, StorageFull, StorageReadOnly
from appliance.vault.errors import StorageFailed

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_SUCH_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})
"""What some shares answer to the sync of a folder (fsync(2), EINVAL)."""

_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{16}\.part")


def storage_error(error: OSError, doing: str) -> CloisterError:
    """The error to raise for an OSError at the edge; `doing` completes "… could not be …"."""
    if error.errno in _FULL:
        return StorageFull(f"The disk is full: {doing}.")
    if error.errno in _READ_ONLY:
        return StorageReadOnly(f"The system does not allow it: {doing}.")
    reason = os.strerror(error.errno) if error.errno else "input/output error"
    return StorageFailed(f"The disk gave an error ({reason}): {doing}.")


def write_atomic(path: Path, content: bytes | Iterable[bytes], *, medium: bool = False) -> None:
    """Replaces `path` with `content` (bytes, or pieces in order), durable on return.

    The folder must exist. medium: as for `sync_folder`. Raises StorageFull, StorageReadOnly or
    StorageFailed, and whatever the pieces raise; the old file is then untouched and no temporary
    file remains. After a crash a temporary file may remain; `remove_leftovers` at the next open
    takes it away.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    with _storage_errors(f"{path.name} was not saved, the old one is kept"):
        try:
            _write_new(temporary, (content,) if isinstance(content, bytes) else content)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # the first error is the one to report
                temporary.unlink()
            raise
        sync_folder(path.parent, medium=medium)


def is_leftover(name: str) -> bool:
    """Whether a file of this name is a temporary one of `write_atomic`."""
    return _LEFTOVER.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> int:
    """Removes temporary files a crash left in `folder` (not below it). Returns how many.

    Call it only while holding the folder's lock: a live writer's file looks the same."""
    removed = 0
    with _storage_errors("leftovers of a crash were not removed"):
        for entry in sorted(folder.iterdir()):
            if is_leftover(entry.name):
                entry.unlink(missing_ok=True)
                removed += 1
    return removed


def sync_folder(folder: Path, *, medium: bool = False) -> None:
    """Makes creations, renames and removals in `folder` durable (fsync(2), notes).

    medium: it is on a stick or a share. Where that has no such sync, when a name becomes durable is
    left to it; the content of each file is durable all the same."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not medium or error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(descriptor)


def _write_new(path: Path, pieces: Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storage_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error, doing) from error
