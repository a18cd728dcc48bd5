"""Documents that are kept and no longer answered from.

Rules kept here: nothing of a retired document is rewritten, so that what was cited before can still
be opened and it can be put back as it was; since when it is retired is said once; a store of the
first version, for which there was no room to bring it forward, has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from appliance.errors import StorageFull, StorageReadOnly
from appliance.memory.catalogue import aware, count_documents, naive
from appliance.memory.errors import StoreDamaged
from appliance.memory.forward import bring_collection_forward, is_current_collection
from appliance.memory.store import Store, Transaction
from appliance.values import DocumentInfo


def brought_forward(store: Store) -> bool:
    """Whether the store can say what is retired, once that was tried. Raises StoreTampered for one
    of a later version."""
    if is_current_collection(store):
        return True
    with suppress(StorageFull, StorageReadOnly):  # it is read as it is
        bring_collection_forward(store)
        return True
    return False


def require_form(store: Store) -> None:
    """That the store can say what is retired. Raises StorageFull, StorageReadOnly."""
    if not is_current_collection(store):
        bring_collection_forward(store)


def retire(store: Store, document: str, since: datetime) -> None:
    """Durable on return. One that is retired stays as it is."""
    with store.transaction() as transaction:
        transaction.execute(
            "INSERT INTO retired VALUES (?, ?, '') ON CONFLICT DO NOTHING", [document, naive(since)]
        )


def retire_in(transaction: Transaction, document: str, since: datetime, successor: str) -> None:
    """As part of what makes the successor visible. One that is retired only gets the successor."""
    transaction.execute(
        "INSERT INTO retired VALUES (?, ?, ?) "
        "ON CONFLICT (document) DO UPDATE SET successor = excluded.successor",
        [document, naive(since), successor],
    )


def restore(store: Store, document: str) -> None:
    """Durable on return."""
    with store.transaction() as transaction:
        transaction.execute("DELETE FROM retired WHERE document = ?", [document])


def retired(store: Store) -> dict[str, tuple[datetime, str]]:
    """Since when, and what took its place ("" for nothing), by document."""
    return {
        str(document): (aware(since), str(successor))
        for document, since, successor in store.read(
            "SELECT document, since, successor FROM retired"
        )
    }


def marked(store: Store, documents: Sequence[DocumentInfo]) -> tuple[DocumentInfo, ...]:
    """The documents, each with whether it is retired."""
    gone = retired(store)
    return tuple(
        replace(info, retired=gone[info.id][0], successor=gone[info.id][1])
        if info.id in gone
        else info
        for info in documents
    )


def count_answering(store: Store) -> tuple[int, int]:
    """Documents that are answered from, and their passages."""
    documents, passages = count_documents(store)
    ((few, their),) = store.read(
        "SELECT count(*), coalesce(sum(d.passages), 0)::BIGINT FROM documents d "
        "JOIN retired r ON r.document = d.id WHERE d.ready"
    )
    if not (isinstance(few, int) and isinstance(their, int)):
        raise StoreDamaged("A store's row does not have its form.")
    return documents - few, passages - their
