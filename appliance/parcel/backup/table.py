"""Which sealed chunks a backup needs: a table that can be checked without any key.

Rules kept here: one row a chunk, each once, ascending by name, so one set of chunks has one table;
sizes are bounded before anything is read. Format: docs/formats/backup.md.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from appliance.parcel.errors import BackupDamaged

CHUNK = 1 << 20
"""Plaintext bytes in a chunk, the last of a file less."""

OVERHEAD = 85
"""Bytes that sealing adds (docs/formats/vault.md, "Sealed bytes")."""

MAXIMUM_CHUNKS = 1 << 24
_MAGIC = b"CLBT\x01"
_HEAD = struct.Struct(">5sI")
_ROW = struct.Struct(">32s32sI")


@dataclass(frozen=True, slots=True)
class Row:
    """name: keyed hash of the plaintext. sha256 and size are of the sealed chunk's file."""

    name: bytes
    sha256: bytes
    size: int


def row_of(name: bytes, sealed: bytes) -> Row:
    return Row(name, hashlib.sha256(sealed).digest(), len(sealed))


def encoded_table(rows: Iterable[Row]) -> bytes:
    ordered = sorted(rows, key=lambda row: row.name)
    body = b"".join(_ROW.pack(row.name, row.sha256, row.size) for row in ordered)
    return _HEAD.pack(_MAGIC, len(ordered)) + body


def table_size(count: int) -> int:
    return _HEAD.size + count * _ROW.size


def parsed_table(untrusted: bytes) -> tuple[Row, ...]:
    """Raises BackupDamaged for anything `encoded_table` cannot have made."""
    damaged = BackupDamaged("A backup's table of chunks is damaged.")
    if len(untrusted) < _HEAD.size:
        raise damaged
    magic, count = _HEAD.unpack_from(untrusted)
    if magic != _MAGIC or count > MAXIMUM_CHUNKS or len(untrusted) != table_size(count):
        raise damaged
    rows = tuple(Row(*fields) for fields in _ROW.iter_unpack(untrusted[_HEAD.size :]))
    for before, after in pairwise(rows):
        if before.name >= after.name:
            raise damaged
    if any(not OVERHEAD <= row.size <= CHUNK + OVERHEAD for row in rows):
        raise damaged
    return rows
