"""Saying what is wrong with a store whose files are not the recorded ones.

Rules kept here: the file is opened for reading alone, under its key, so every block of it is
authentic or refused; whatever is found, the store is not used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import CloisterError, StoreTampered
from appliance.memory.database import attach
from appliance.memory.errors import StoreDamaged, StoreRolledBack, StoreSwapped, WrongStoreKey
from appliance.memory.evidence import generation_error
from appliance.memory.identity import Identity, read_identity
from appliance.values import StoreMark


def require_generation(found: int, mark: StoreMark | None) -> None:
    """Raises StoreRolledBack unless the mark allows the generation found."""
    if mark is None and found > 1:
        raise StoreRolledBack("A store was written to, but the log knows nothing of it.")
    if mark is not None:
        error = generation_error(found, mark)
        if error is not None:
            raise error


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store lies, what opens it, and which store it must be."""

    path: Path
    spill: Path
    database_key: bytes = field(repr=False)
    tag_key: bytes = field(repr=False)
    identity: Identity


def diagnose(place: Place, mark: StoreMark, fallback: StoreDamaged) -> StoreTampered:
    """The most telling error for a file that is not the recorded one."""
    try:
        connection = attach(place.path, place.database_key, place.spill, read_only=True)
    except WrongStoreKey:
        return StoreSwapped("A store's file was replaced by one that has another key.")
    except CloisterError:
        return fallback
    try:
        found = read_identity(connection, place.identity, place.tag_key)
        require_generation(found.generation, mark)
    except StoreTampered as error:
        return error
    finally:
        connection.close()
    return fallback
