"""Files with a secret: passphrases that are read, recovery codes that are written.

Rules kept here: a file that anybody else could read or swap is not read; a code is durable in a
file that only its owner can read, and none is ever overwritten that could still open something; a
file for a code is made before the code is, so that an empty one tells that a run was cut off
between the two.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CloisterError
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.names import file_tag
from appliance.provisioning.plan import FileNamed
from appliance.vault.durable import storage_error, sync_folder
from appliance.vault.passphrase import require_strong
from appliance.vault.recovery import looks_like_code, read_code

LONGEST = 4_096  # bytes of a file with a passphrase
SUFFIX = ".code"


class SecretUnusable(CloisterError):
    """A file that was to hold a secret does not, or not safely."""

    code = "secret_unusable"

    def at(self, line: int) -> Mistake:
        return Mistake(line, self.sentence, self.next_step)


def read_passphrase(named: FileNamed, name: str) -> str:
    """The first line of the file. name: of the person, whom the passphrase must not give away.
    Raises SecretUnusable."""
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(named.path, flags)
    except OSError as error:
        sentence = f"The file named here cannot be read: {error.strerror}."
        step = "Put the passphrase there, on one line, with mode 600 and no link."
        raise SecretUnusable(sentence, hint=step) from error
    try:
        require_private(os.fstat(descriptor))
        raw = os.read(descriptor, LONGEST + 1)
    finally:
        os.close(descriptor)
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(raw) > LONGEST or len(lines) != 1 or not lines[0]:
        raise SecretUnusable(
            "The file named here does not hold one line of text.",
            hint="Write the passphrase on its first line, and nothing else.",
        )
    try:
        require_strong(lines[0], name)
    except CloisterError as error:
        raise SecretUnusable(error.sentence, hint=error.next_step) from error
    return lines[0]


def require_private(about: os.stat_result) -> None:
    """Raises SecretUnusable for what is no file of this user's (or root's) alone."""
    if not stat.S_ISREG(about.st_mode):
        raise SecretUnusable("What is named here is no file.", hint="Name an ordinary file.")
    if about.st_uid not in (os.geteuid(), 0) or about.st_mode & 0o077:
        raise SecretUnusable(
            "Others can read or write the file named here.",
            hint="Run `chmod 600` on it, as its owner; a passphrase others have seen is none.",
        )


@dataclass(frozen=True, slots=True)
class Codes:
    """The folder that recovery codes are written to."""

    folder: Path

    def require_usable(self, data: Path) -> None:
        """Raises SecretUnusable. data: the data folder, which holds nothing in the clear."""
        try:
            about = self.folder.lstat()
        except OSError as error:
            sentence = f"The folder for codes cannot be looked at: {error.strerror}."
            raise SecretUnusable(sentence, hint="Make it, with mode 700.") from error
        if not stat.S_ISDIR(about.st_mode):
            raise SecretUnusable("This is no folder.", hint="Name one that is there, no link.")
        if about.st_uid not in (os.geteuid(), 0) or about.st_mode & 0o077:
            raise SecretUnusable(
                "Others can look into the folder for codes.", hint="Run `chmod 700` on it."
            )
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise SecretUnusable(
                "The folder for codes cannot be written.", hint="Make it writable for this user."
            )
        if self.folder.resolve().is_relative_to(data.resolve()):
            raise SecretUnusable(
                "The folder for codes is in the data folder, which holds nothing in the clear.",
                hint="Name another one, best on a stick that is kept in a safe.",
            )

    def file(self, name: str) -> Path:
        return self.folder / f"{file_tag(name)}{SUFFIX}"

    def holds(self, name: str) -> bool:
        """Whether there is a whole code for the person."""
        return any(True for _ in self._codes(name))

    def count(self) -> int:
        """How many files for codes there are, whosever."""
        try:
            return sum(name.endswith(SUFFIX) for name in os.listdir(self.folder))  # noqa: PTH208
        except OSError:
            return 0

    def cut_off(self, name: str) -> bool:
        """Whether a code was about to be written when a run ended."""
        return self.file(name).is_file() and not self.holds(name)

    def prepare(self, name: str) -> None:
        """Makes the file, empty; durable on return. Raises SecretUnusable where it holds a code,
        StorageFull, StorageReadOnly."""
        if self.holds(name):
            raise SecretUnusable("There is a code in the folder for codes already.", hint=KEPT)
        self._write(name, b"")

    def write(self, name: str, code: str, kind: str) -> None:
        """Durable on return. kind: RECOVERY or ENROLMENT. Raises StorageFull, StorageReadOnly."""
        self._write(name, f"{name}\n{kind}\n{code}\n".encode())

    def _codes(self, name: str) -> Iterator[str]:
        try:
            untrusted = self.file(name).read_bytes()[:LONGEST].decode("utf-8", "replace")
        except OSError:
            return
        for line in untrusted.splitlines()[1:]:
            if looks_like_code(line) and untrusted.endswith("\n"):
                try:
                    read_code(line)
                except CloisterError:
                    continue
                yield line

    def _write(self, name: str, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_TRUNC
        try:
            descriptor = os.open(self.file(name), flags, 0o600)
            try:
                left = memoryview(content)
                while left:
                    left = left[os.write(descriptor, left) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self.folder)
        except OSError as error:
            raise storage_error(error, "a recovery code was not written") from error


RECOVERY = "Recovery code: it opens what your passphrase opens. Keep it in a safe place."
ENROLMENT = "One-time code, good for 14 days: log in with it first (`cloister people enrol`)."
KEPT = "Keep it, and name an empty folder: it may open a vault that somebody still needs."
