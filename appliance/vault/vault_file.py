"""<data>/vault.json on the disk.

Rules kept here: it is replaced as a whole (write_atomic), and no older version is kept beside it,
since an older version would bring back erased keys and replaced slots; what is read is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.vault.document import Document
from appliance.vault.durable import storage_error, write_atomic
from appliance.vault.encoding import MAXIMUM_FILE, UntrustedVault, read, written
from appliance.vault.errors import NoVault, TooLarge, VaultDamaged

NAME = "vault.json"


@dataclass(frozen=True, slots=True)
class FileMark:
    """Changes whenever the file is replaced."""

    inode: int
    modified: int
    size: int


def mark(folder: Path) -> FileMark:
    """Raises NoVault if there is none."""
    try:
        state = (folder / NAME).stat()
    except FileNotFoundError:
        raise NoVault("This folder holds no vault.") from None
    except OSError as error:
        raise storage_error(error, "vault.json was not read") from error
    return FileMark(state.st_ino, state.st_mtime_ns, state.st_size)


def load(folder: Path) -> UntrustedVault:
    """Raises NoVault, VaultDamaged, StorageReadOnly, StorageFailed."""
    try:
        with (folder / NAME).open("rb") as file:
            untrusted = file.read(MAXIMUM_FILE + 1)
    except FileNotFoundError:
        raise NoVault("This folder holds no vault.") from None
    except OSError as error:
        raise storage_error(error, "vault.json was not read") from error
    if len(untrusted) > MAXIMUM_FILE:
        raise VaultDamaged("vault.json is larger than any vault can be.")
    return read(untrusted)


def save(folder: Path, document: Document, vault_key: bytes) -> None:
    """Durable on return; wholly old or wholly new after a crash. Raises as write_atomic does."""
    content = written(document, vault_key)
    if len(content) > MAXIMUM_FILE:
        raise TooLarge("The vault has more people and collections than it can hold.")
    write_atomic(folder / NAME, content)
