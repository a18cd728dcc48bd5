"""The journal file: where an append becomes durable by one write and one fdatasync.

Rules kept here: the kernel locks the file for one process (flock(2)); a write that came up short or
failed is never repeated, and neither is a failed fdatasync, since what it dropped is gone (the
caller closes the log instead); the end in memory moves only after both. The file is filled with
zeros ahead of its end, so that an append changes no metadata and its fdatasync need not wait for
the file system's own journal.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from appliance.audit.errors import LogTampered
from appliance.errors import AlreadyRunning
from appliance.vault.sealed import write_atomic

FILE = "journal"

EXTENT = 512 * 1024
"""Bytes of zeros written ahead at once."""

_LARGE = 64 * 1024


class Journal:
    """The open, locked journal. Not safe for several threads; the log's lock covers it."""

    def __init__(self, folder: Path) -> None:
        """Raises LogTampered where there is none, AlreadyRunning where another process has it."""
        self._path = folder / FILE
        self._descriptor = _locked(self._path)
        self._filled = os.fstat(self._descriptor).st_size
        self.end = self._filled

    def read(self) -> bytes:
        """The whole file."""
        return self.read_at(0, os.fstat(self._descriptor).st_size)

    def read_at(self, offset: int, length: int) -> bytes:
        parts: list[bytes] = []
        while length:
            part = os.pread(self._descriptor, length, offset)
            if not part:
                break
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def append(self, frame: bytes) -> int:
        """Writes the frame at the end, durable on return; returns where it begins.

        Raises OSError; the journal must then not be written again."""
        offset = self.end
        if offset + len(frame) > self._filled and len(frame) < _LARGE:
            self._fill(offset + len(frame) + EXTENT)
        self._write(frame, offset)
        os.fdatasync(self._descriptor)
        self.end = offset + len(frame)
        self._filled = max(self._filled, self.end)
        return offset

    def repair(self, offset: int, torn: int, frame: bytes) -> None:
        """Puts `frame`, and zeros behind it, over a torn tail of `torn` bytes at `offset`.

        A crash in between leaves a torn tail again."""
        self._write(frame.ljust(torn, b"\x00"), offset)
        os.fsync(self._descriptor)
        self.end = offset + len(frame)
        self._filled = max(self._filled, self.end, offset + torn)

    def erase(self, offset: int, length: int) -> None:
        """Overwrites a payload with zeros in place, durable on return."""
        self._write(b"\x00" * length, offset)
        os.fdatasync(self._descriptor)

    def replace(self, content: bytes) -> None:
        """A new journal in place of this one, durable and locked on return."""
        write_atomic(self._path, content)
        before = self._descriptor
        self._descriptor = _locked(self._path)
        self.end = self._filled = len(content)
        os.close(before)

    def close(self) -> None:
        os.close(self._descriptor)

    def _fill(self, end: int) -> None:
        self._write(b"\x00" * (end - self._filled), self._filled)
        os.fsync(self._descriptor)
        self._filled = end

    def _write(self, content: bytes, offset: int) -> None:
        written = os.pwrite(self._descriptor, content, offset)
        if written != len(content):
            raise OSError(errno.ENOSPC, f"only {written} of {len(content)} bytes were written")


def _locked(path: Path) -> int:
    """Opens and locks; tries again where the file was replaced between the two."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise LogTampered("The log's journal is missing (the file `journal`).") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine, there = os.fstat(descriptor), path.stat()
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning("Another program has the compliance log open.") from None
        except BaseException:
            os.close(descriptor)
            raise
        if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
            return descriptor
        os.close(descriptor)
