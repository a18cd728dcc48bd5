"""Making one backup: chunks that are not there yet, then the table, the index, the manifest.

Rules kept here: nothing of an earlier backup is changed or removed; the manifest is written last,
so a backup that was cut short does not count, and what it had written is taken over by the next
(authenticated first); a chunk that an earlier backup speaks of is taken over by name and size, or
read and checked where that is asked for; where the data changed meanwhile, the next attempt reads
only what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
from appliance.parcel.backup.snapshot import LyingStill, Snapshot, Source
from appliance.parcel.backup.table import CHUNK, MAXIMUM_CHUNKS, Row, encoded_table, row_of
from appliance.parcel.errors import (
    BackupDamaged,
    BackupForged,
    BackupRolledBack,
    BackupUnsettled,
    NoBackup,
)
from appliance.vault.errors import Tampered, TooLarge
from appliance.vault.primitives import random_bytes

_ANOTHER_FOLDER = "Begin a new folder for backups. Earlier ones in this one can still be restored."

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
    """A finished backup. written_size: bytes of the chunks that were not there before. refused: how
    many stores are not what the log recorded, and are in it as they lie there."""

    manifest: Manifest
    sha256: str
    fingerprint: str
    written_chunks: int
    written_size: int
    left_out: tuple[str, ...]
    refused: int = 0


def newest_backup(place: Place, keys: BackupKeys, vault: str) -> SignedManifest | None:
    """None in a folder without backups. Raises BackupForeign, BackupForged, BackupDamaged."""
    try:
        number = place.numbers()[-1]
    except NoBackup:
        return None
    try:
        signed = place.manifest(number)
    except BackupForged:
        raise
    except BackupDamaged as error:
        raise BackupDamaged(error.sentence, hint=_ANOTHER_FOLDER) from error
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
    snapshot: Snapshot,
    chunks: Chunks,
    about: About,
    newest: SignedManifest | None,
    *,
    progress: Progress = lambda done, total: None,
) -> Written:
    """Within `place.writing()`; durable on return. newest: as `newest_backup` gave it. chunks: the
    same for all attempts at one backup.

    Raises BackupUnsettled (the data changed meanwhile: take another snapshot), BackupDamaged,
    TooLarge, storage errors, and what `progress` raises; every earlier backup is then as it was."""
    files = _kept(snapshot, chunks, progress)
    needed = {name for _, read in files for name in read.names}
    rows = tuple(chunks.rows[name] for name in sorted(needed))
    numbers = {row.name: at for at, row in enumerate(rows)}
    entries = tuple(
        FileEntry(
            source.path, source.size, read.sha256, tuple(numbers[name] for name in read.names)
        )
        for source, read in files
    )
    manifest, sha256 = _concluded(
        chunks.place, snapshot, chunks.keys, about, newest, rows=rows, entries=entries
    )
    return Written(
        manifest,
        sha256,
        fingerprint(chunks.keys.public),
        chunks.written,
        chunks.written_size,
        snapshot.left_out,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """sha256 (hexadecimal): of a file. names: of its chunks, all of them in the folder."""

    sha256: str
    names: tuple[bytes, ...]


def _kept(snapshot: Snapshot, chunks: Chunks, progress: Progress) -> list[tuple[Source, _Read]]:
    """Goes on to the end where something changed: so the next attempt has little to read."""
    total, done = snapshot.size, 0
    files: list[tuple[Source, _Read]] = []
    unsettled: BackupUnsettled | None = None
    for source in snapshot.sources:
        try:
            files.append((source, chunks.take(source, partial(_tell, progress, done, total))))
        except BackupUnsettled as error:
            unsettled = error
        done += source.size
        progress(done, total)
    if unsettled is not None:
        raise unsettled
    return files


def _tell(progress: Progress, done: int, total: int, read: int) -> None:
    progress(done + read, total)


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


def _known(place: Place, newest: SignedManifest | None, *, recheck: bool) -> dict[bytes, Row]:
    """Chunks that the newest backup speaks of. Where its table is damaged, rechecking goes on
    without: what lies there is then opened, not believed."""
    if newest is None:
        return {}
    try:
        return {row.name: row for row in place.table(newest.manifest)}
    except BackupDamaged:
        if not recheck:
            raise
        return {}


class Chunks:
    """The chunks of the backup that is being made, each written once, and which files were read."""

    def __init__(
        self,
        place: Place,
        keys: BackupKeys,
        newest: SignedManifest | None,
        *,
        recheck: bool = False,
    ) -> None:
        """recheck: what an earlier backup speaks of is read again and mended. Raises BackupDamaged,
        storage errors."""
        self.place, self.keys = place, keys
        self._known, self._recheck = _known(place, newest, recheck=recheck), recheck
        self._read: dict[LyingStill, _Read] = {}
        self.rows: dict[bytes, Row] = {}
        self.written = 0
        self.written_size = 0

    def take(self, source: Source, progress: Callable[[int], None]) -> _Read:
        """Every chunk of the file is in the folder on return. One that lies still and was read by
        an earlier attempt is not read again. Raises BackupUnsettled."""
        if isinstance(source, LyingStill) and source in self._read:
            return self._read[source]
        whole, names, size = hashlib.sha256(), [], 0
        for content in _cut(source):
            whole.update(content)
            names.append(self.keep(content))
            size += len(content)
            progress(size)
        read = _Read(whole.hexdigest(), tuple(names))
        if isinstance(source, LyingStill):
            self._read[source] = read
        return read

    def keep(self, content: bytes) -> bytes:
        """The name of the chunk, which is in the folder on return."""
        name = self.keys.name_of(content)
        if name not in self.rows:
            self.rows[name] = self._there(name, content) or self._write(name, content)
        return name

    def _there(self, name: bytes, content: bytes) -> Row | None:
        row = self._known.get(name)
        if row is None:
            return self._left(name, content)
        if self.place.chunk_size(name) != row.size:
            return None
        if self._recheck:
            try:
                self.place.sealed_chunk(row)
            except BackupDamaged:
                return None
        return row

    def _left(self, name: bytes, content: bytes) -> Row | None:
        """One that a backup cut short has left, if it is what its name says."""
        untrusted = self.place.unknown_chunk(name)
        if untrusted is None:
            return None
        try:
            whole = self.keys.opened_chunk(name, untrusted) == content
        except Tampered:
            return None
        return row_of(name, untrusted) if whole else None

    def _write(self, name: bytes, content: bytes) -> Row:
        sealed = self.keys.sealed_chunk(name, content)
        self.place.write(self.place.chunk(name), sealed)
        self.written += 1
        self.written_size += len(sealed)
        return row_of(name, sealed)
