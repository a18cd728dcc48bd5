"""Store files made whole: empty ones, settled ones, and copies under another key.

Rules kept here: a store's own file is only ever read; what is to replace it is made beside it,
whole and on the disk before it counts, and it counts once the log holds its hash. (DuckDB's
checkpoint writes into live metadata blocks in place: a process killed inside that write leaves a
file that does not open, so it never runs on the only copy.) Each file carries its identity,
authenticated under its own key.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.memory import evidence
from appliance.memory.database import attach
from appliance.memory.database import storage_error as database_error
from appliance.memory.errors import StoreFailed
from appliance.memory.identity import Identity, read_identity, write_identity
from appliance.vault.durable import storage_error, sync_folder
from appliance.vault.primitives import hkdf


@dataclass(frozen=True, slots=True)
class Place:
    """A store's file, what opens it, and what authenticates its identity."""

    path: Path
    database_key: bytes = field(repr=False)
    tag_key: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path, key: bytes) -> Place:
        """With the keys derived from the store's own (docs/formats/store.md)."""
        database = hkdf(key, "cloister/store/database/v1")
        return cls(path, database, hkdf(key, "cloister/store/identity/v1"))


def build_store(place: Place, spill: Path, identity: Identity, schema: Sequence[str]) -> None:
    """Makes an empty store with the schema's tables, durable on return.

    Raises StorageFull, StorageReadOnly; there is then no file of that name.
    """
    import duckdb  # late, see database.attach

    unfinished = place.path.with_name(place.path.name + ".new")
    remove(unfinished)
    connection = attach(unfinished, place.database_key, spill)
    try:
        for statement in schema:
            connection.execute(statement)
        write_identity(connection, identity, place.tag_key, fresh=True)
        connection.execute("CHECKPOINT store")
    except duckdb.Error as error:
        raise database_error(error, place.path) from None
    finally:
        connection.close()
    unfinished.rename(place.path)
    sync_folder(place.path.parent)


def settle_store(old: Place, spill: Path, identity: Identity) -> evidence.Digest:
    """Makes, at `evidence.next_of(old.path)`, the store with its write-ahead log taken over into
    the main file; durable on return. Gives the digest. The store may be open and read meanwhile,
    but not written.

    Raises StorageFull, StorageReadOnly, StoreFailed; no file is then left there.
    """
    new = Place(evidence.next_of(old.path), old.database_key, old.tag_key)
    try:
        _copy(old.path, new.path)
        _copy(evidence.wal_of(old.path), evidence.wal_of(new.path))
        _checkpoint(new, spill)
        evidence.wal_of(new.path).unlink(missing_ok=True)
        _require_settled(new, spill, identity)
        return _made_durable(new.path)
    except OSError as error:
        remove(new.path)
        raise storage_error(error, "a store's changes stay in its write-ahead log") from error
    except BaseException:
        remove(new.path)
        raise


def copy_store(old: Place, new: Place, spill: Path, identity: Identity) -> evidence.Digest:
    """Makes `new` out of the closed store `old`, durable on return, and gives its digest.

    Raises StorageFull, StorageReadOnly; no copy is then left.
    """
    import duckdb  # late, see database.attach

    remove(new.path)
    source = (old.path, old.database_key)
    connection = attach(new.path, new.database_key, spill, source=source)
    try:
        connection.execute("COPY FROM DATABASE source TO store")
        write_identity(connection, identity, new.tag_key)
        connection.execute("CHECKPOINT store")
    except duckdb.Error as error:
        connection.close()
        remove(new.path)
        raise database_error(error, new.path) from None
    finally:
        connection.close()
    return _made_durable(new.path)


def _copy(source: Path, target: Path) -> None:
    """Raises OSError."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)  # first, so that it is never anybody else's to read
    shutil.copyfile(source, target)


def _checkpoint(place: Place, spill: Path) -> None:
    import duckdb  # late, see database.attach

    connection = attach(place.path, place.database_key, spill)
    try:
        connection.execute("CHECKPOINT store")
    except duckdb.Error as error:
        raise database_error(error, place.path) from None
    finally:
        connection.close()


def _require_settled(place: Place, spill: Path, identity: Identity) -> None:
    """Raises StoreFailed unless the main file alone is at the store's generation."""
    connection = attach(place.path, place.database_key, spill)
    try:
        found = read_identity(connection, identity, place.tag_key)
    finally:
        connection.close()
    if found.generation != identity.generation:
        raise StoreFailed("The database did not take all changes over; the store is as it was.")


def _made_durable(path: Path) -> evidence.Digest:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)
    return evidence.digest_of(path)


def remove(path: Path) -> None:
    """Removes a file that does not count, with its write-ahead log."""
    for leftover in (path, evidence.wal_of(path)):
        leftover.unlink(missing_ok=True)
