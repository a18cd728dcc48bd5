"""The files below what a person named, and their bytes, bounded.

Rules kept here: nothing on a path's account is raised while walking: what is left out is said with
why; a link inside a folder is not followed; reading never blocks on a pipe or a device and never
takes in more than the limit.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CloisterError


class FileUnreadable(CloisterError):
    code = "file_unreadable"
    hint = "Check that the file still exists and that you may read it."


class FileTooLarge(CloisterError):
    code = "file_too_large"
    hint = "Split the document, or ask IT to raise `file_limit_mb`."


class FolderUnreadable(CloisterError):
    code = "folder_unreadable"
    hint = "Ask for the right to read it, then add the folder again."


class LinkLeftOut(CloisterError):
    """Links may lead anywhere; only one that a person names is followed."""

    code = "link_left_out"
    hint = "If it is to be imported, add what it leads to by its own name."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was found and is not taken in, and why."""

    path: Path
    error: CloisterError


def as_text(name: str) -> str:
    """A file's name with what is not text replaced: names are bytes, and need not be UTF-8."""
    try:
        return os.fsencode(name).decode("utf-8", "replace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return name.encode("utf-8", "replace").decode("utf-8")


def walk(paths: Sequence[Path]) -> Iterator[Path | LeftOut]:
    """Every regular file below `paths`, each once, in a stable order, and what is left out with
    why: folders that cannot be read, links. Hidden files and folders are passed over; a path that
    is named itself is taken as it is. Raises nothing on a path's account."""
    seen: set[Path] = set()
    for given in paths:
        for found in _from(given):
            path = found if isinstance(found, Path) else found.path
            if path not in seen:
                seen.add(path)
                yield found


def _from(given: Path) -> Iterator[Path | LeftOut]:
    try:
        path = Path(os.path.expanduser(given)).absolute()  # noqa: PTH111 - that one may raise
        nameable = b"\0" not in os.fsencode(path)
    except (OSError, ValueError):
        nameable = False
    if not nameable:
        yield LeftOut(given, FileUnreadable("This name cannot be one of a file."))
    elif os.path.isdir(path):  # noqa: PTH112 - that one raises where it may not look
        yield from _below(path)
    else:
        yield path


def _below(folder: Path) -> Iterator[Path | LeftOut]:
    """Files of a folder before those of the folders in it; depth costs no recursion."""
    waiting = [folder]
    while waiting:
        parent = waiting.pop()
        try:
            with os.scandir(parent) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            why = FolderUnreadable(f"The folder cannot be read: {_reason(error)}.")
            yield LeftOut(parent, why)
            continue
        folders = []
        for entry in found:
            path = Path(entry.path)
            if entry.name.startswith("."):
                continue
            kind = _kind(entry)
            if kind == stat.S_IFLNK:
                yield LeftOut(path, LinkLeftOut("It is a link; links in folders are left out."))
            elif kind == stat.S_IFDIR:
                folders.append(path)
            else:
                yield path
        waiting += reversed(folders)


def _kind(entry: os.DirEntry[str]) -> int:
    """0 where it cannot be told; reading it will say why."""
    try:
        if entry.is_symlink():
            return stat.S_IFLNK
        return stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else stat.S_IFREG
    except OSError:
        return 0


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def read_bounded(path: Path, limit: int) -> bytes:
    """The file's bytes. Raises FileUnreadable or FileTooLarge; never blocks on a pipe or device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileUnreadable("It is not a regular file.")
            if status.st_size > limit:
                raise FileTooLarge(
                    f"The file has {status.st_size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} fit."
                )
            untrusted = file.read(limit + 1)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read: {_reason(error)}.") from error
    if len(untrusted) > limit:
        raise FileTooLarge(f"The file has grown past {limit / 1e6:,.0f} MB while it was read.")
    return untrusted
