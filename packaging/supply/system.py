"""Libraries of the building system that a packaged program brings along: which package of the
system they are of.

Rules kept here: a file counts as a package's only if the one that package installed has the same
hash; where the system has no such list, nothing is said.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PLACES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu",
          "/lib/aarch64-linux-gnu", "/usr/lib")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Of Debian: the package, its version, and what it says of its licence."""

    package: str
    version: str
    notice: str


NONE = Origin("", "", "")


def origin(name: str, digest: str) -> Origin:
    """Of the library with this file name and SHA-256; NONE where no package has it."""
    query = shutil.which("dpkg-query")
    if query is None:
        return NONE
    for path in _same(name, digest):
        asked = (path, path.with_name(path.name).resolve())
        for one in (*asked, *(Path(str(p).removeprefix("/usr")) for p in asked)):
            said = _said(query, "-S", str(one)).partition(": ")[0]
            package = said.partition(":")[0].strip()
            if package:
                version = _said(query, "-W", "-f=${Version}", package).strip()
                return Origin(package, version, _notice(package))
    return NONE


def _same(name: str, digest: str) -> Iterator[Path]:
    for place in PLACES:
        path = Path(place, name)
        if path.is_file() and sha256(path.read_bytes()).hexdigest() == digest:
            yield path


def _said(query: str, *arguments: str) -> str:
    return subprocess.run([query, *arguments], capture_output=True, text=True, check=False).stdout


def _notice(package: str) -> str:
    path = Path("/usr/share/doc", package, "copyright")
    return path.read_text("utf-8", "replace") if path.is_file() else ""
