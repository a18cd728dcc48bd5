"""Which files a backup holds and out of which chunks each is made. Sealed, since paths and sizes
tell who works here and how much.

Rules kept here: a path is relative, has only plain names and stands once; reading bounds every
field; the chunks' numbers are those of the backup's table. Format: docs/formats/backup.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.parcel.backup.table import CHUNK, MAXIMUM_CHUNKS
from appliance.parcel.errors import BackupDamaged
from appliance.vault.canonical import Fields, Json, Malformed, canonical_json, read_json

FORMAT = "cloister-backup-index"
MAXIMUM_FILES = 4_000_000
MAXIMUM_INDEX = 1 << 30
_DEPTH = 32
_NAME = re.compile(r"[^/\x00-\x1f\x7f]{1,255}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """path: relative to the data folder, "/" between. sha256 (hexadecimal) and size are of the
    file as it was; chunks are numbers of rows in the table, in order."""

    path: str
    size: int
    sha256: str
    chunks: tuple[int, ...]


def plain_path(untrusted: str) -> bool:
    """Whether it stays below the folder it is put into, wherever that is."""
    names = untrusted.split("/")
    return len(names) <= _DEPTH and all(
        _NAME.fullmatch(name) and name not in (".", "..") and _encodable(name) for name in names
    )


def _encodable(name: str) -> bool:
    """Names that are no text reach Python as lone surrogates (PEP 383)."""
    return not any("\ud800" <= symbol <= "\udfff" for symbol in name)


def encoded_index(files: tuple[FileEntry, ...]) -> bytes:
    rows: list[Json] = [
        {
            "chunks": list(file.chunks),
            "path": file.path,
            "sha256": file.sha256,
            "size": file.size,
        }
        for file in sorted(files, key=lambda file: file.path)
    ]
    return canonical_json({"files": rows, "format": FORMAT, "version": 1})


def parsed_index(untrusted: bytes, chunks: int) -> tuple[FileEntry, ...]:
    """chunks: how many rows the table has. Raises BackupDamaged."""
    try:
        fields = Fields(read_json(untrusted)).only("files", "format", "version")
        fields.integer("version", 1, 1)
        files = tuple(_file(row, chunks) for row in fields.rows("files", MAXIMUM_FILES))
    except Malformed:
        raise BackupDamaged("A backup's index is damaged.") from None
    if fields.text("format") != FORMAT:
        raise BackupDamaged("A backup's index is damaged.")
    paths = [file.path for file in files]
    if paths != sorted(set(paths)):
        raise BackupDamaged("A backup's index names a file twice.")
    return files


def _file(row: Fields, chunks: int) -> FileEntry:
    row.only("chunks", "path", "sha256", "size")
    path, size, digest = row.text("path", 8_192), row.integer("size"), row.text("sha256", 64)
    numbers = row.untrusted["chunks"]
    if not plain_path(path) or not _HASH.fullmatch(digest) or not isinstance(numbers, list):
        raise Malformed("file")
    if len(numbers) != -(-size // CHUNK) or len(numbers) > MAXIMUM_CHUNKS:
        raise Malformed("chunks")
    found = tuple(
        number
        for number in numbers
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < chunks
    )
    if len(found) != len(numbers):
        raise Malformed("chunks")
    return FileEntry(path, size, digest, found)
