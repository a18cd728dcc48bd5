"""Files on a stick: untrusted, so they are opened without following links and read within bounds.

Rules kept here: only ordinary files are read, a pipe or a device is never waited on; nothing is
read beyond what the caller allows; an input/output error is an error of the medium, said as one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.vault.durable import storage_error

PIECE = 1 << 20


class NotOrdinary(Exception):
    """It is a link, a folder, a pipe or a device, or longer than allowed."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, int]]:
    """A descriptor and the size. Raises FileNotFoundError, NotOrdinary, storage errors."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise FileNotFoundError(path) from error
    except OSError as error:
        if path.is_symlink():
            raise NotOrdinary(path.name) from error
        raise storage_error(error, f"{path.name} was not read") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise NotOrdinary(path.name)
        yield descriptor, state.st_size
    finally:
        os.close(descriptor)


def pieces(descriptor: int, length: int, name: str) -> Iterator[bytes]:
    """Up to `length` bytes from where the descriptor stands; fewer where the file ends."""
    left = length
    while left > 0:
        try:
            piece = os.read(descriptor, min(PIECE, left))
        except OSError as error:
            raise storage_error(error, f"{name} was not read") from error
        if not piece:
            return
        left -= len(piece)
        yield piece


def read_bounded(path: Path, limit: int) -> bytes:
    """The whole file. Raises FileNotFoundError, NotOrdinary (also if it has more than `limit`
    bytes), storage errors."""
    with opened(path) as (descriptor, size):
        if size > limit:
            raise NotOrdinary(path.name)
        content = b"".join(pieces(descriptor, limit + 1, path.name))
    if len(content) > limit:
        raise NotOrdinary(path.name)
    return content
