"""What a crash cut off between "being done" and "done" gets its second record at the next login.

Rules kept here: a document that is being added or removed has a record before and one after; which
one comes after is told from what the store holds. So has a message to a model that is being tried.
Only the session that was cut off is looked at.
"""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.ledger import Ledger
    from appliance.values import LogRecord

PIECE = 256  # records read at once, newest first
BEGUN = ("document.adding", "document.removing", "model.trial.opened")
ENDS = {
    ("document.adding", True): "document.added",
    ("document.adding", False): "document.not_added",
    ("document.removing", True): "document.not_removed",
    ("document.removing", False): "document.removed",
}
"""Which record follows, by what was begun and whether the document is there."""
TRIAL_ENDED = "model.trial.closed"


def unsettled(ledger: Ledger) -> tuple[LogRecord, ...]:
    """The records of the newest session that say something is being done and have no other that
    says how it ended; empty where that session was closed. Oldest first."""
    ended: set[str] = set()
    begun: list[LogRecord] = []
    at = ledger.log.size
    while at > 0:
        start = max(at - PIECE, 0)
        for record in reversed(ledger.log.records(start, at - start)):
            if record.action in ("session.opened", "session.closed"):
                return tuple(reversed(begun))
            if record.action in ENDS.values() or record.action == TRIAL_ENDED:
                ended.add(record.object)
            elif record.action in BEGUN and record.object not in ended:
                begun.append(record)
        at = start
    return tuple(reversed(begun))


def within(begun: tuple[LogRecord, ...]) -> frozenset[str]:
    """The collections in which something was begun."""
    found = (dict(record.fields).get("details.collection", "") for record in begun)
    return frozenset(collection for collection in found if collection)


def settle(ledger: Ledger, begun: tuple[LogRecord, ...], documents: Mapping[str, Ids[str]]) -> None:
    """Writes the missing records. documents: the ids of all that each open collection holds; what
    was begun in a collection that is not open waits until it is."""
    for record in begun:
        if record.action == "model.trial.opened":
            ledger.note(TRIAL_ENDED, object=record.object, outcome="failed", code="interrupted")
            continue
        collection = dict(record.fields).get("details.collection", "")
        if collection in documents:
            there = record.object in documents[collection]
            ledger.note(
                ENDS[record.action, there],
                object=record.object,
                outcome="recovered",
                details=(("collection", collection),),
            )
