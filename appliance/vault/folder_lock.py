"""One program per data folder.

Rules kept here: the kernel holds the lock (flock(2)), so it ends with the process however that
ends; nobody removes the lock file but who holds it, and one that was removed in between is not
taken for the lock, or two programs could lock two files of one name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from appliance.errors import AlreadyRunning
from appliance.vault.durable import storage_error

LOCK_NAME = "lock"


class FolderLock:
    """A held lock. `close` releases it; so does the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def withdraw(self, folder: Path) -> None:
        """Releases it and takes the file away: of a folder that nothing was put into."""
        if self._descriptor >= 0:
            (folder / LOCK_NAME).unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def lock_folder(folder: Path) -> FolderLock:
    """Takes `<folder>/lock`, making the folder (0700) if need be, without waiting.

    Raises AlreadyRunning naming the process that holds it, StorageReadOnly, StorageFull. A child
    made by fork without exec shares the lock until it ends; one made by exec does not.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(folder / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise storage_error(error, "the data folder was not locked") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except BlockingIOError:
        untrusted_pid = os.pread(descriptor, 20, 0)
        os.close(descriptor)
        who = f" (process {int(untrusted_pid)})" if untrusted_pid.isdigit() else ""
        raise AlreadyRunning(f"Cloister is already open on this data folder{who}.") from None
    except OSError as error:
        os.close(descriptor)
        raise storage_error(error, "the data folder was not locked") from error
    if os.fstat(descriptor).st_nlink == 0:  # its holder has just withdrawn it
        os.close(descriptor)
        raise AlreadyRunning("Cloister was open on this data folder until this moment.")
    return FolderLock(descriptor)
