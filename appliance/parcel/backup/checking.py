"""Whether backups are whole, without restoring anything.

Rules kept here: without keys every signature and hash is checked, with keys every chunk is opened
as well and held against its name; the first thing that is wrong is raised. Which key must have
signed is the caller's to say: a folder that was replaced as a whole is in order by its own account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from appliance.parcel.backup.index import FileEntry, parsed_index
from appliance.parcel.backup.keys import BackupKeys, fingerprint
from appliance.parcel.backup.manifest import Manifest, SignedManifest
from appliance.parcel.backup.place import Place, require_follows
from appliance.parcel.backup.table import OVERHEAD, Row
from appliance.parcel.backup.writing import Progress, require_signer_is
from appliance.parcel.errors import BackupDamaged, BackupForged, NoBackup
from appliance.vault.errors import Tampered


@dataclass(frozen=True, slots=True)
class Checked:
    """Backups first to last of a folder are whole. fingerprint: of the key that signed them.
    opened: whether the chunks were opened too, not only hashed."""

    first: int
    last: int
    chunks: int
    size: int
    fingerprint: str
    opened: bool
    newest: Manifest


def check_backups(
    place: Place,
    *,
    wanted: str = "",
    keys: BackupKeys | None = None,
    number: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Checked:
    """All backups of a folder, or one (and the chain up to the newest either way).

    wanted: the fingerprint of the key that must have signed. Raises NoBackup, BackupDamaged,
    BackupForged, storage errors, and what `progress` raises."""
    chain = checked_chain(place)
    signer = fingerprint(chain[-1].signer)
    if wanted and signer != wanted:
        raise BackupForged("These backups are signed with another key than the one given.")
    if keys is not None:
        require_signer_is(chain[-1], keys)
    picked = [one for one in chain if number in (None, one.manifest.number)]
    if not picked:
        raise NoBackup(f"There is no backup {number} in this folder.")
    chunks, size = require_whole(place, picked, keys=keys, progress=progress)
    return Checked(
        picked[0].manifest.number,
        picked[-1].manifest.number,
        chunks,
        size,
        signer,
        keys is not None,
        chain[-1].manifest,
    )


def require_whole(
    place: Place,
    picked: Sequence[SignedManifest],
    *,
    keys: BackupKeys | None = None,
    progress: Progress = lambda done, total: None,
) -> tuple[int, int]:
    """Reads all that these backups need; with keys opens it. How many chunks, and their bytes.
    Raises BackupDamaged, storage errors, and what `progress` raises."""
    tables = [place.table(one.manifest) for one in picked]
    rows = _once(tables)
    total, done = sum(row.size for row in rows), 0
    for row in rows:
        untrusted = place.sealed_chunk(row)
        if keys is not None:
            require_chunk(keys, row.name, untrusted)
        done += row.size
        progress(done, total)
    for one, table in zip(picked, tables, strict=True):
        sealed = place.sealed_index(one.manifest)
        if keys is not None:
            _require_files(keys, one.manifest, table, sealed)
    return len(rows), total


def checked_chain(place: Place) -> tuple[SignedManifest, ...]:
    """Every manifest there is, each signed and following the one before; oldest first."""
    chain = tuple(place.manifest(number) for number in place.numbers())
    for before, after in pairwise(chain):
        require_follows(after, before)
    return chain


def require_chunk(keys: BackupKeys, name: bytes, untrusted: bytes) -> bytes:
    """The chunk's content, which is the one its name says. Raises BackupDamaged."""
    try:
        content = keys.opened_chunk(name, untrusted)
    except Tampered:
        raise BackupDamaged("A chunk of a backup does not open.") from None
    if keys.name_of(content) != name:
        raise BackupDamaged("A chunk of a backup is not the one its name says.")
    return content


def opened_index(
    keys: BackupKeys, manifest: Manifest, rows: Sequence[Row], sealed: bytes
) -> tuple[FileEntry, ...]:
    """Raises BackupDamaged."""
    try:
        content = keys.opened_index(manifest.repository, manifest.number, sealed)
    except Tampered:
        raise BackupDamaged(f"The index of backup {manifest.number} does not open.") from None
    files = parsed_index(content, len(rows))
    if (len(files), sum(file.size for file in files)) != (manifest.files, manifest.content_size):
        raise BackupDamaged(f"The index of backup {manifest.number} is not the one it should be.")
    return files


def file_content(
    place: Place, keys: BackupKeys, rows: Sequence[Row], file: FileEntry
) -> Iterator[bytes]:
    """The file's bytes in pieces. That all of it is right is known when the iterator ends without
    raising. Raises BackupDamaged."""
    whole, size = hashlib.sha256(), 0
    for at in file.chunks:
        row = rows[at]
        content = require_chunk(keys, row.name, place.sealed_chunk(row))
        whole.update(content)
        size += len(content)
        yield content
    if size != file.size or whole.hexdigest() != file.sha256:
        raise BackupDamaged("A file of a backup is not what it was.")


def _require_files(
    keys: BackupKeys, manifest: Manifest, rows: Sequence[Row], sealed: bytes
) -> None:
    """Every chunk was held against its name before, so what is left is that each file's chunks are
    as long together as the file."""
    for file in opened_index(keys, manifest, rows, sealed):
        if sum(rows[at].size - OVERHEAD for at in file.chunks) != file.size:
            raise BackupDamaged(f"The index of backup {manifest.number} does not fit its chunks.")


def _once(tables: Iterable[Sequence[Row]]) -> tuple[Row, ...]:
    """Every row of the tables once, ascending."""
    found: dict[tuple[bytes, bytes], Row] = {}
    for table in tables:
        for row in table:
            found[row.name, row.sha256] = row
    return tuple(found[key] for key in sorted(found))
