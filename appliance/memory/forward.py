"""A store of an earlier version, a person's or a collection's, brought forward to this one.

Rules kept here: it is one transaction that only adds tables, so that a kill leaves the store as it
was or as it is to be, and what was there is never rewritten; a store of a later version is refused,
because what this one writes into it might mislead.
"""

from __future__ import annotations

from typing import Final

from appliance.errors import StoreTampered
from appliance.memory import schema
from appliance.memory.errors import StoreDamaged
from appliance.memory.store import Store

NEWER: Final = "Install the version of Cloister that wrote them, or a newer one."


def is_current(store: Store) -> bool:
    """Whether a person's store is of this version and not an earlier one. Raises StoreTampered for
    a later one, StoreDamaged."""
    version = _version(store, "A person's store")
    if version > schema.PERSON_VERSION:
        raise StoreTampered(
            "Your conversations have a form this version does not know.", hint=NEWER
        )
    return version == schema.PERSON_VERSION


def is_current_collection(store: Store) -> bool:
    """The same of a collection's store."""
    version = _version(store, "A collection's store")
    if version > schema.COLLECTION_VERSION:
        raise StoreTampered(
            "A collection's documents have a form this version does not know.", hint=NEWER
        )
    return version == schema.COLLECTION_VERSION


def bring_forward(store: Store) -> None:
    """Durable on return. Raises StorageFull, StorageReadOnly: nothing was changed."""
    _add(store, schema.PERSON_SINCE)


def bring_collection_forward(store: Store) -> None:
    """Durable on return. Raises StorageFull, StorageReadOnly: nothing was changed."""
    _add(store, schema.COLLECTION_SINCE)


def _version(store: Store, whose: str) -> int:
    """1 where the store does not say. Raises StoreDamaged."""
    named = store.read(
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_catalog = 'store' AND table_name = 'form'"
    )
    if named == [(0,)]:
        return 1
    rows = store.read("SELECT version FROM form")
    version = rows[0][0] if len(rows) == 1 else None
    if not isinstance(version, int):
        raise StoreDamaged(f"{whose} does not say which version it is of.")
    return version


def _add(store: Store, statements: tuple[str, ...]) -> None:
    with store.transaction() as transaction:
        for statement in statements:
            transaction.execute(statement)
