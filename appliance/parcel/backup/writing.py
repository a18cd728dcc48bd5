"""Making one backup: chunks that are not there yet, then the table, the index, the manifest.

Rules kept here: nothing of an earlier backup is changed or removed; the manifest is written last,
so a backup that was cut short does not count, and what it had written is taken over by the next
(authenticated first); a chunk that an earlier backup speaks of is taken over by name and size, or
read and checked where that is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from appliance.parcel.backup.index import (
    MAXIMUM_FILES,
    MAXIMUM_INDEX,
    FileEntry,
    encoded_index,
)
from appliance.parcel.backup.keys import BackupKeys, fingerprint
from appliance.parcel.backup.manifest import Manifest, SignedManifest, manifest_bytes
from appliance.parcel.backup.place import (
    Place,
    previous_of,
    require_vault,
)
from appliance.parcel.backup.snapshot import Snapshot, Source
from appliance.parcel.backup.table import CHUNK, MAXIMUM_CHUNKS, Row, encoded_table, row_of
from appliance.parcel.errors import BackupDamaged, BackupForged, BackupRolledBack, NoBackup
from appliance.vault.errors import Tampered, TooLarge
from appliance.vault.primitives import random_bytes

Progress: TypeAlias = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what it raises ends the work there and comes out."""


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says beside what was read."""

    vault: str
    created: datetime
    recovery: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A finished backup. written_size: bytes of the chunks that were not there before."""

    manifest: Manifest
    sha256: str
    fingerprint: str
    written_chunks: int
    written_size: int
    left_out: tuple[str, ...]


def newest_backup(place: Place, keys: BackupKeys, vault: str) -> SignedManifest | None:
    """None in a folder without backups. Raises BackupForeign, BackupForged, BackupDamaged."""
    try:
        number = place.numbers()[-1]
    except NoBackup:
        return None
    signed = place.manifest(number)
    require_vault(signed, vault)
    require_signer_is(signed, keys)
    return signed


def require_signer_is(signed: SignedManifest, keys: BackupKeys) -> None:
    """Raises BackupForged."""
    if fingerprint(signed.signer) != fingerprint(keys.public):
        raise BackupForged(
            f"Backup {signed.manifest.number} is signed by somebody who is not of this vault."
        )


def require_not_behind(newest: SignedManifest | None, known: int | None) -> None:
    """known: the newest number the log holds of this folder. Raises BackupRolledBack."""
    number = newest.manifest.number if newest is not None else 0
    if known is not None and number < known:
        raise BackupRolledBack(
            f"The newest backup in this folder is {number}, but {known} was made here."
        )


def write_backup(
    place: Place,
    snapshot: Snapshot,
    keys: BackupKeys,
    about: About,
    newest: SignedManifest | None,
    *,
    recheck: bool = False,
    progress: Progress = lambda done, total: None,
) -> Written:
    """Within `place.writing()`; durable on return. newest: as `newest_backup` gave it.

    Raises BackupUnsettled (the data changed meanwhile: take another snapshot), BackupDamaged,
    TooLarge, storage errors, and what `progress` raises; every earlier backup is then as it was."""
    known = {row.name: row for row in place.table(newest.manifest)} if newest is not None else {}
    chunks = _Chunks(place, keys, known, recheck)
    files = _kept(snapshot, chunks, progress)
    rows = tuple(sorted(chunks.rows.values(), key=lambda row: row.name))
    numbers = {row.name: at for at, row in enumerate(rows)}
    entries = tuple(
        FileEntry(source.path, source.size, digest, tuple(numbers[name] for name in names))
        for source, digest, names in files
    )
    manifest, sha256 = _concluded(place, snapshot, keys, about, newest, rows=rows, entries=entries)
    return Written(
        manifest,
        sha256,
        fingerprint(keys.public),
        chunks.written,
        chunks.written_size,
        snapshot.left_out,
    )


def _kept(
    snapshot: Snapshot, chunks: _Chunks, progress: Progress
) -> list[tuple[Source, str, list[bytes]]]:
    """Each file with its SHA-256 and the names of its chunks, all of them in the folder."""
    total, done = snapshot.size, 0
    files = []
    for source in snapshot.sources:
        whole, names = hashlib.sha256(), []
        for content in _cut(source):
            whole.update(content)
            names.append(chunks.keep(content))
            done += len(content)
            progress(done, total)
        files.append((source, whole.hexdigest(), names))
    return files


def _concluded(
    place: Place,
    snapshot: Snapshot,
    keys: BackupKeys,
    about: About,
    newest: SignedManifest | None,
    *,
    rows: tuple[Row, ...],
    entries: tuple[FileEntry, ...],
) -> tuple[Manifest, str]:
    """Table, index and, last, the manifest: from then on the backup counts."""
    number, previous = previous_of(newest)
    repository = newest.manifest.repository if newest is not None else random_bytes(16).hex()
    table = encoded_table(rows)
    index = keys.sealed_index(repository, number, encoded_index(entries))
    if (
        len(rows) > MAXIMUM_CHUNKS or len(entries) > MAXIMUM_FILES or len(index) > MAXIMUM_INDEX
    ):  # it could not be read again
        raise TooLarge("There is more to back up than one backup can hold.")
    manifest = Manifest(
        repository=repository,
        vault=about.vault,
        number=number,
        previous=previous,
        created=about.created,
        chunks=len(rows),
        table_sha256=hashlib.sha256(table).hexdigest(),
        index_size=len(index),
        index_sha256=hashlib.sha256(index).hexdigest(),
        files=len(entries),
        content_size=snapshot.size,
        sealed_size=sum(row.size for row in rows),
        log_size=snapshot.log_size,
        log_root=snapshot.log_root,
        recovery=about.recovery,
    )
    note = manifest_bytes(manifest, keys)
    for kind, content in (("table", table), ("index", index), ("manifest", note)):
        place.write(place.part(number, kind), content)
    return manifest, hashlib.sha256(note).hexdigest()


def _cut(source: Source) -> Iterator[bytes]:
    """Pieces of CHUNK bytes, the last less. At fixed places: what is encrypted never moves within
    its file, so cutting by content would find nothing more (docs/decisions/0020-backups.md)."""
    held = bytearray()
    for piece in source.pieces():
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


class _Chunks:
    """The chunks of the backup that is being made, each written once."""

    def __init__(
        self, place: Place, keys: BackupKeys, known: dict[bytes, Row], recheck: bool
    ) -> None:
        self._place, self._keys, self._known, self._recheck = place, keys, known, recheck
        self.rows: dict[bytes, Row] = {}
        self.written = 0
        self.written_size = 0

    def keep(self, content: bytes) -> bytes:
        """The name of the chunk, which is in the folder on return."""
        name = self._keys.name_of(content)
        if name not in self.rows:
            self.rows[name] = self._there(name, content) or self._write(name, content)
        return name

    def _there(self, name: bytes, content: bytes) -> Row | None:
        row = self._known.get(name)
        if row is None:
            return self._left(name, content)
        if self._place.chunk_size(name) != row.size:
            return None
        if self._recheck:
            try:
                self._place.sealed_chunk(row)
            except BackupDamaged:
                return None
        return row

    def _left(self, name: bytes, content: bytes) -> Row | None:
        """One that a backup cut short has left, if it is what its name says."""
        untrusted = self._place.unknown_chunk(name)
        if untrusted is None:
            return None
        try:
            whole = self._keys.opened_chunk(name, untrusted) == content
        except Tampered:
            return None
        return row_of(name, untrusted) if whole else None

    def _write(self, name: bytes, content: bytes) -> Row:
        sealed = self._keys.sealed_chunk(name, content)
        self._place.write(self._place.chunk(name), sealed)
        self.written += 1
        self.written_size += len(sealed)
        return row_of(name, sealed)
