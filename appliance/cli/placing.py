"""What a command writes outside the data folder: the file for the recovery code, the log's copy.

Rules kept here: it is made before the guard is on, so that the guard opens nothing but itself,
never the folder around it; if it is still empty when the command ends, however it ends, it is
taken away again. Only a process that may write to that folder can do that, so one is split off,
behind a guard of its own: no network either, and no folder but that one. It does nothing else, is
made before a passphrase is read and holds no secret.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.airgap import guard
from appliance.errors import StorageReadOnly, UsageError


def require_outside(path: Path, data: Path) -> Path:
    """The path, which is not below the data folder: nothing lies there in the clear. Raises
    UsageError."""
    if path.resolve().is_relative_to(data.resolve()):
        raise UsageError("What lies in the data folder is sealed.", hint="Name another place.")
    return path


@contextmanager
def new_file(path: Path) -> Iterator[int]:
    """A descriptor to write a new file with, which only its owner can read (0600). Raises
    UsageError where there is such a file, StorageReadOnly where it cannot be made."""
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
    except FileExistsError as error:
        raise UsageError(
            f"{path} exists already.", hint="Name a file that does not exist."
        ) from error
    except OSError as error:
        raise _not_made(path, error) from error
    try:
        with _taken_away(path.parent, lambda: _remove_empty_file(path)):
            yield descriptor
    finally:
        os.close(descriptor)


def write_durably(descriptor: int, content: bytes, what: str, hint: str) -> None:
    """Durable on return; on failure the file is left empty. Raises StorageReadOnly, saying that
    `what` could not be written."""
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, 0)
        raise StorageReadOnly(
            f"{what} could not be written: {error.strerror}.", hint=hint
        ) from error


@contextmanager
def empty_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, made where there is none. Raises UsageError where it holds
    something, StorageReadOnly where it cannot be made."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        _require_empty(path)
        yield path
        return
    except OSError as error:
        raise _not_made(path, error) from error
    with _taken_away(path.parent, path.rmdir):
        yield path


def _require_empty(path: Path) -> None:
    try:
        empty = not any(path.iterdir())
    except NotADirectoryError as error:
        raise UsageError(f"{path} is not a folder.", hint="Name a new folder.") from error
    except OSError as error:
        raise StorageReadOnly(
            f"{path} cannot be read: {error.strerror}.", hint="Name a new folder."
        ) from error
    if not empty:
        raise UsageError(f"{path} is not empty.", hint="Name a new or an empty folder.")


def _not_made(path: Path, error: OSError) -> StorageReadOnly:
    if isinstance(error, FileNotFoundError):
        return StorageReadOnly(
            f"There is no folder {path.parent}.", hint="Make it first, or name another place."
        )
    return StorageReadOnly(
        f"{path} cannot be made: {error.strerror}.",
        hint="Name a place where this user may write.",
    )


@contextmanager
def _taken_away(folder: Path, take_away: Callable[[], None]) -> Iterator[None]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(writing)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            guard.engage((folder,), screen=False, required=False)
            os.read(reading, 1)  # returns when the command ends, even if it is killed
            with suppress(OSError):
                take_away()
        finally:
            os._exit(0)
    os.close(reading)
    try:
        yield
    finally:
        with suppress(OSError):
            os.write(writing, b".")
        os.close(writing)
        os.waitpid(child, 0)


def _remove_empty_file(path: Path) -> None:
    if path.lstat().st_size == 0:
        path.unlink()
