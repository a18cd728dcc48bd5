"""Store files made whole: empty ones, and copies under another key.

Rules kept here: a new store has its name only once it is whole and on the disk; a copy counts once
the log holds its hash, and what it is copied from is only read; each carries its identity,
authenticated under its own key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.memory import evidence
from appliance.memory.database import attach
from appliance.memory.database import storage_error as database_error
from appliance.memory.identity import Identity, write_identity
from appliance.vault.durable import sync_folder
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


def copy_store(old: Place, new: Place, spill: Path, identity: Identity) -> evidence.Digest:
    """Makes `new`, durable on return, and gives its digest.

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
    return evidence.digest_of(new.path)


def remove(path: Path) -> None:
    """Removes a file that does not count, with its write-ahead log."""
    for leftover in (path, evidence.wal_of(path)):
        leftover.unlink(missing_ok=True)
