"""Copying a bundle's files into the data folder, verified as they are copied.

Rules kept here: a file is read once; what was hashed is what was written, and what was written is
on the disk before the next file. A file that is not what it should be stops everything.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.bundles.manifest import BundleFile
from appliance.engine.errors import ModelDamaged
from appliance.engine.mlc.files import open_file

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to copy. sha256 and md5 in hex, either may be empty: then it is not known before."""

    path: str
    size: int
    sha256: str = ""
    md5: str = ""


def copy_verified(source: Path, target: Path, wanted: Wanted) -> BundleFile:
    """Copies `wanted.path` from folder to folder, durable on return. Raises ModelDamaged for what
    is not the file it should be (what was written of it stays), OSError for the target."""
    path = target / wanted.path
    path.parent.mkdir(mode=0o700, exist_ok=True)
    sha256, size = hashlib.sha256(), 0
    md5 = hashlib.md5(usedforsecurity=False)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open_file(source / wanted.path) as file:
            while piece := _read(file.fileno(), wanted.path):
                size += len(piece)
                if size > wanted.size:
                    break
                sha256.update(piece)
                if wanted.md5:
                    md5.update(piece)
                _write(descriptor, piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    right = wanted.sha256 in ("", sha256.hexdigest()) and wanted.md5 in ("", md5.hexdigest())
    if size != wanted.size or not right:
        raise ModelDamaged(f"{wanted.path} of the model is not the file it should be.")
    return BundleFile(wanted.path, size, sha256.hexdigest())


def _read(descriptor: int, name: str) -> bytes:
    try:
        return os.read(descriptor, _PIECE)
    except OSError as error:
        raise ModelDamaged(f"{name} of the model cannot be read.") from error


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]
