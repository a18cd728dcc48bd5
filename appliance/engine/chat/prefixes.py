"""The computed system prompt, kept sealed on disk between two starts.

Rules kept here: it is derived data: missing, damaged or of another model means that it is computed
anew, never that something fails. What is read is authentic (vault/sealed.py) and bound to the
model and to the tokens it stands for; a file is wholly old or wholly new. Only what this model
uses is kept.

Layout: <folder>/<model's fingerprint>/<digest of the tokens>.sealed.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from appliance.engine.chat.messages import MAX_PREFIX
from appliance.errors import CloisterError
from appliance.vault.errors import SealedMissing
from appliance.vault.sealed import Context, read_sealed, write_sealed

KIND = "chat.prefix"
_HEX = re.compile(r"[0-9a-f]{1,128}")


class PrefixStore:
    """One folder of sealed prefixes, under one key. One thread at a time."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key
        self._notice = ""

    @property
    def notice(self) -> str:
        """What was found wrong, in a sentence; empty if nothing was."""
        return self._notice

    def read(self, fingerprint: str, digest: str) -> bytes | None:
        """The export; None where there is none that can be used, and the notice says why."""
        path = self._path(fingerprint, digest)
        try:
            return read_sealed(path, self._key, _context(fingerprint, digest), limit=MAX_PREFIX)
        except SealedMissing:
            return None
        except CloisterError as error:
            self.discard(fingerprint, digest, error.sentence)
            return None

    def discard(self, fingerprint: str, digest: str, why: str) -> None:
        """Removes one that was read and cannot be used."""
        self._notice = f"The prepared system prompt was not usable and is made anew. {why}"
        try:
            self._path(fingerprint, digest).unlink(missing_ok=True)
        except OSError as error:
            self._notice += f" It could not be removed ({error.strerror})."

    def write(self, fingerprint: str, digest: str, content: bytes) -> None:
        """Durable on return; what other models and other prompts left is then removed. A disk
        that is full or read-only is told in the notice."""
        path = self._path(fingerprint, digest)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_sealed(path, self._key, content, _context(fingerprint, digest))
            self._remove_others(path)
        except CloisterError as error:
            self._notice = f"The prepared system prompt is not kept. {error.sentence}"
        except OSError as error:
            self._notice = f"The prepared system prompt is not kept ({error.strerror})."

    def _remove_others(self, kept: Path) -> None:
        for path in kept.parent.iterdir():
            if path != kept:
                path.unlink(missing_ok=True)
        for folder in self._folder.iterdir():
            if folder != kept.parent and _HEX.fullmatch(folder.name):
                shutil.rmtree(folder)

    def _path(self, fingerprint: str, digest: str) -> Path:
        """Both come from the host, and packing.py has found them to be hexadecimal."""
        if not _HEX.fullmatch(fingerprint) or not _HEX.fullmatch(digest):
            raise ValueError("a fingerprint and a digest are hexadecimal")
        return self._folder / fingerprint / f"{digest}.sealed"


def _context(fingerprint: str, digest: str) -> Context:
    return Context(KIND, f"{fingerprint}/{digest}")
