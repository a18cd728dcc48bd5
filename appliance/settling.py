"""What a crash cut off between "being done" and "done" gets its second record at the next login.

Rules kept here: a document that is being added, removed, retired or put back has a record before
and one after, and so has a conversation that is being deleted; which one comes after is told from
what the store holds.
So has a message to a model that is being tried. Looked at are the sessions since the last that was
closed, for a login can be cut off as well; and as far back as something waits for a member of its
collection, whoever logs in meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.ledger import Ledger
    from appliance.values import LogRecord

PIECE = 256  # records read at once, newest first
FARTHEST = 50_000  # records back that are looked at: what waits longer than that waits for good
VALUE, OLDEST = "unsettled", "oldest"
"""The log's value: one more than the number of the oldest record that waits, 0 for none."""
DELETING = "conversation.deleting"
KEEPING = ("document.retiring", "document.restoring")
BEGUN = ("document.adding", "document.removing", *KEEPING, DELETING, "model.trial.opened")
ENDS = {
    ("document.adding", True): "document.added",
    ("document.adding", False): "document.not_added",
    ("document.removing", True): "document.not_removed",
    ("document.removing", False): "document.removed",
    ("document.retiring", True): "document.retired",
    ("document.retiring", False): "document.not_retired",
    ("document.restoring", True): "document.not_restored",
    ("document.restoring", False): "document.restored",
    (DELETING, True): "conversation.not_deleted",
    (DELETING, False): "conversation.deleted",
}
"""Which record follows, by what was begun and whether the document is there, or is retired."""
TRIAL_ENDED = "model.trial.closed"


def unsettled(ledger: Ledger) -> tuple[LogRecord, ...]:
    """The records that say something is being done and have no other that says how it ended.
    Oldest first."""
    ended: set[str] = set()
    begun: list[LogRecord] = []
    oldest, closed = _waiting(ledger), False
    at = ledger.log.size
    last = max(at - FARTHEST, 0)
    while at > last:
        start = max(at - PIECE, last)
        for record in reversed(ledger.log.records(start, at - start)):
            closed = closed or record.action == "session.closed"
            if closed and (not oldest or record.seq < oldest - 1):
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


def conversations_of(person: str) -> str:
    """What stands for them among collections; no collection has such an id."""
    return f"person/{person}"


def settle(
    ledger: Ledger,
    begun: tuple[LogRecord, ...],
    documents: Mapping[str, Ids[str]],
    retired: Mapping[str, Ids[str]] = MappingProxyType({}),
) -> None:
    """Writes the missing records. documents: the ids of all that each open collection holds, and of
    the conversations of whoever logs in (`conversations_of`); what was begun in what is not open
    waits until it is, and the log remembers that. retired: the ids of those that are."""
    waits = []
    for record in begun:
        if record.action == "model.trial.opened":
            ledger.note(TRIAL_ENDED, object=record.object, outcome="failed", code="interrupted")
            continue
        collection = dict(record.fields).get("details.collection", "")
        place = conversations_of(record.person) if record.action == DELETING else collection
        if place in documents:
            held = retired.get(place, ()) if record.action in KEEPING else documents[place]
            there = record.object in held
            ledger.note(
                ENDS[record.action, there],
                object=record.object,
                outcome="recovered",
                details=(("collection", collection),) if collection else (),
            )
        else:
            waits.append(record.seq + 1)
    oldest = min(waits, default=0)
    if oldest != _waiting(ledger):
        ledger.log.note_value(VALUE, OLDEST, oldest)


def _waiting(ledger: Ledger) -> int:
    return ledger.log.latest_value(VALUE, OLDEST) or 0
