"""One encrypted DuckDB file, opened so that nothing of it can get out.

Rules kept here: spill encryption is on before anything else; the encryption extension comes from
the installed wheel, by path, signed, and no file is loaded whose signature this process has not
found good; the key is bound as a parameter and is in no text; once the file is attached, no other
file can be opened, no extension loaded and no setting changed; the main file is written by an
explicit checkpoint alone. DuckDB's own words never reach a sentence: they can hold values.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from appliance.errors import AlreadyRunning, CloisterError, StorageFull, StorageReadOnly
from appliance.memory.errors import (
    StoreDamaged,
    StoreEngineMissing,
    StoreFailed,
    WrongStoreKey,
)

if TYPE_CHECKING:
    import duckdb

Value: TypeAlias = object
Row: TypeAlias = tuple[Value, ...]
Config: TypeAlias = dict[str, str | bool | int | float | list[str]]
_File: TypeAlias = tuple[str, int, int, int, int, int]

STORAGE_VERSION: Final = "v1.5.0"
MEMORY_LIMIT: Final = "512MB"
THREADS: Final = 2

# Larger than any write-ahead log: DuckDB then never checkpoints on its own.
_NEVER: Final = "1024TB"
# Below this many free bytes a failed write is put down to the disk, whatever the words were.
_NEARLY_FULL: Final = 4 << 20

_FULL: Final = "The database was not written, the disk is full. What was saved before is safe."
_KNOWN: Final[tuple[tuple[tuple[str, ...], type[CloisterError], str], ...]] = (
    (("Wrong encryption key",), WrongStoreKey, "The key does not open this database."),
    (
        ("Could not set lock", "Conflicting lock"),
        AlreadyRunning,
        "Another program has this database open.",
    ),
    (("No space left", "File too large", "quota exceeded"), StorageFull, _FULL),
    (
        ("Read-only file system", "Permission denied", "not permitted"),
        StorageReadOnly,
        "The database was not written, the folder is read-only.",
    ),
)
"""What the system's words in DuckDB's message mean."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_connecting = threading.Lock()
_found_good: set[_File] = set()
"""The extension's file, once its signature was checked: DuckDB hashes all 21 MB of it each time,
which is 50 of the 60 ms that opening a store takes."""


def require_identifier(untrusted: str) -> str:
    """An id that may name a folder. Raises ValueError."""
    if not _IDENTIFIER.fullmatch(untrusted):
        raise ValueError("an id has 1 to 64 letters, digits, '-' and '_'")
    return untrusted


def extension_path() -> Path:
    """The encryption extension inside the installed wheel. Raises StoreEngineMissing."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = sorted(Path(place).glob("extensions/*/httpfs.duckdb_extension"))
        if found:
            return found[-1]
    raise StoreEngineMissing("The encryption extension of the database is not installed.")


def attach(
    path: Path,
    key: bytes,
    spill: Path,
    *,
    memory: str = MEMORY_LIMIT,
    source: tuple[Path, bytes] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Opens (or makes) the encrypted file at `path` and locks the connection down.

    `key` has 32 bytes. `source` is a second file and its key, attached as `source` for reading.
    Raises WrongStoreKey, StoreDamaged, AlreadyRunning, StorageFull, StorageReadOnly,
    StoreEngineMissing.
    """
    import duckdb  # late: 60 ms that only an unlocked window needs

    connection: duckdb.DuckDBPyConnection | None = None
    with _connecting:
        previous = os.umask(0o077)
        try:
            connection = _secured(_config(spill, memory))
            options = f"ENCRYPTION_KEY ?, STORAGE_VERSION '{STORAGE_VERSION}'"
            connection.execute(f"ATTACH {_quoted(path)} AS store ({options})", [_secret(key)])
            if source is not None:
                sql = f"ATTACH {_quoted(source[0])} AS source (ENCRYPTION_KEY ?, READ_ONLY)"
                connection.execute(sql, [_secret(source[1])])
            _lock_down(connection)
            return connection
        except duckdb.Error as error:
            failure = storage_error(error, path, opening=True)
            if connection is not None:
                connection.close()
            raise failure from None
        finally:
            os.umask(previous)


def _config(spill: Path, memory: str) -> Config:
    return {
        "temp_file_encryption": True,
        "temp_directory": str(spill),
        "memory_limit": memory,
        "threads": THREADS,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
    }


def _secured(config: Config) -> duckdb.DuckDBPyConnection:
    """A connection with the extension. Its signature is checked, unless this process has found this
    very file good before; the connection is locked down before anything else could be loaded."""
    import duckdb

    path = extension_path()
    file = _file_of(path)
    known = file in _found_good
    connection = duckdb.connect(":memory:", config={**config, "allow_unsigned_extensions": known})
    try:
        connection.execute(f"LOAD {_quoted(path)}")
        unchanged = _file_of(path) == file
    except (duckdb.Error, StoreEngineMissing):
        unchanged = False
    if not unchanged:
        connection.close()
        raise StoreEngineMissing("The encryption extension of the database did not load.")
    _found_good.add(file)
    connection.execute(f"SET wal_autocheckpoint = '{_NEVER}'")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    return connection


def _file_of(path: Path) -> _File:
    """What another file in its place, and a change to it, would not have. Raises
    StoreEngineMissing."""
    try:
        is_now = path.stat()
    except OSError:
        raise StoreEngineMissing("The encryption extension of the database is gone.") from None
    times = is_now.st_mtime_ns, is_now.st_ctime_ns
    return (str(path), is_now.st_dev, is_now.st_ino, is_now.st_size, *times)


def _lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("USE store")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def reader_of(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A second connection to the same database, for reading beside a writer."""
    cursor = connection.cursor()
    cursor.execute("USE store")
    return cursor


def _secret(key: bytes) -> str:
    """The form DuckDB takes a key in; given as bytes it would be printed in an error."""
    return base64.b64encode(key).decode()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def storage_error(error: Exception, path: Path, *, opening: bool = False) -> CloisterError:
    """The product's error for DuckDB's. Nothing of DuckDB's text is repeated."""
    text, name = str(error), type(error).__name__
    for words, kind, sentence in _KNOWN:
        if any(word in text for word in words):
            return kind(sentence)
    if name == "OutOfMemoryException":
        return StorageFull("The database ran out of memory and of room to spill to.")
    if name in ("IOException", "TransactionException") and _nearly_full(path):
        return StorageFull(_FULL)
    if opening or name in ("IOException", "SerializationException"):
        return StoreDamaged("The database is damaged or not one of Cloister's, and is not used.")
    return StoreFailed(f"The database refused the operation ({name}).")


def _nearly_full(path: Path) -> bool:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _NEARLY_FULL
