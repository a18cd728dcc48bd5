"""A person's store of an earlier version, brought forward to this one.

Rules kept here: it is one transaction that only adds tables, so that a kill leaves the store as it
was or as it is to be, and what was asked is never rewritten; a store of a later version is refused,
because what this one writes into it might mislead.
"""

from __future__ import annotations

from appliance.errors import StoreTampered
from appliance.memory import schema
from appliance.memory.errors import StoreDamaged
from appliance.memory.store import Store


def is_current(store: Store) -> bool:
    """Whether the store is of this version and not an earlier one. Raises StoreTampered for a
    later one, StoreDamaged."""
    named = store.read(
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_catalog = 'store' AND table_name = 'form'"
    )
    if named == [(0,)]:
        return False
    rows = store.read("SELECT version FROM form")
    version = rows[0][0] if len(rows) == 1 else None
    if not isinstance(version, int):
        raise StoreDamaged("A person's store does not say which version it is of.")
    if version > schema.PERSON_VERSION:
        raise StoreTampered(
            "Your conversations have a form this version does not know.",
            hint="Install the version of Cloister that wrote them, or a newer one.",
        )
    return version == schema.PERSON_VERSION


def bring_forward(store: Store) -> None:
    """Durable on return. Raises StorageFull, StorageReadOnly: nothing was changed."""
    with store.transaction() as transaction:
        for statement in schema.PERSON_SINCE:
            transaction.execute(statement)
