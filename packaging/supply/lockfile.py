"""The lock files: which package in which version, and the hashes of every file of it that may be
installed, on whatever platform.

Rules kept here: what is not locked with a hash is refused; a line that is not understood is an
error, never skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)(?: ; (.+?))? ?\\?$")
_HASHED = re.compile(r"    --hash=sha256:([0-9a-f]{64})(?: \\)?$")


@dataclass(frozen=True, slots=True)
class Locked:
    """marker: under which condition it is installed, "" for always (PEP 508)."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def plain(self) -> str:
        return plain(self.name)


class LockUnreadable(Exception):
    """The lock file says something that installs what nobody has checked."""


def read_lock(path: Path) -> tuple[Locked, ...]:
    """Raises LockUnreadable."""
    found: list[Locked] = []
    named: re.Match[str] | None = None
    hashes: list[str] = []
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), ""], 1):
        hashed = _HASHED.match(line)
        if hashed is not None and named is not None:
            hashes.append(hashed[1])
            continue
        if named is not None:
            found.append(_locked(path, named, hashes))
            named, hashes = None, []
        if not line.strip() or line.startswith("#"):
            continue
        named = _NAMED.match(line)
        if named is None:
            raise LockUnreadable(f"{path.name}, line {number}: {line[:80]}")
    return tuple(found)


def plain(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(path: Path, named: re.Match[str], hashes: list[str]) -> Locked:
    if not hashes:
        raise LockUnreadable(f"{path.name}: {named[1]} has no hash.")
    return Locked(named[1], named[2], named[3] or "", tuple(hashes))
