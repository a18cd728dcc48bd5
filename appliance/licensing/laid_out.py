"""Signed files that somebody laid into a folder: the managed one, or a stick with many of them.

Rules kept here: bounded in number and size; links and what is no file are passed over; nothing is
believed here.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from appliance.errors import CloisterError
from appliance.licensing.signed import LARGE, Kind, kind_of, limit_of

MOST_FILES = 20_000


def laid_out(folder: Path) -> tuple[bytes, ...]:
    """The files of licensing in a folder, not below it: a licence before what is verified under
    it, the rest by name. Empty where there is no such folder."""
    contents = [content for _, content in named_files(folder)]
    return tuple(sorted(contents, key=lambda content: list(Kind).index(kind_of(content))))


def named_files(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of the files of licensing in a folder, by name."""
    try:
        names = sorted(os.listdir(folder))[:MOST_FILES]  # noqa: PTH208  names are all that is wanted
    except OSError:
        return ()
    found = ((name, _content(folder / name)) for name in names)
    return tuple((name, content) for name, content in found if _is_ours(content))


def holds_too_many(folder: Path) -> bool:
    """Whether a folder has more entries than are looked at."""
    try:
        return len(os.listdir(folder)) > MOST_FILES  # noqa: PTH208  they are counted alone
    except OSError:
        return False


def _content(path: Path) -> bytes:
    """Empty for what cannot be read or is no ordinary file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(LARGE)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _is_ours(untrusted: bytes) -> bool:
    try:
        return len(untrusted) <= limit_of(kind_of(untrusted))
    except CloisterError:
        return False
