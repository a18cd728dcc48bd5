"""A person's conversations at log-in: opened against what the log holds, or refused and said.

Rules kept here: a store that is not what the log recorded takes nothing else with it; a kiosk's
account has no store, since its visitors must leave no trace; only conversations that are kept can
be put in order.
"""

from __future__ import annotations

from pathlib import Path

from appliance.errors import CloisterError, StoreTampered
from appliance.ledger import Ledger
from appliance.memory import EphemeralHistory, History
from appliance.refused import RefusedHistory
from appliance.values import Role
from appliance.vault import Session


def conversations(
    path: Path, spill: Path, session: Session, ledger: Ledger
) -> History | RefusedHistory | EphemeralHistory:
    """The person's conversations; in their place, if they are not what the log recorded, what says
    so when they are asked for."""
    if Role.KIOSK in session.person.roles:
        return EphemeralHistory()
    try:
        return _verified(path, spill, session, ledger)
    except StoreTampered as error:
        ledger.refused(f"person/{session.person.id}", error)
        return RefusedHistory(error)


def _verified(path: Path, spill: Path, session: Session, ledger: Ledger) -> History:
    person = session.person.id
    key = session.person_key("history")
    mark = ledger.log.latest_store(f"person/{person}")
    if mark is None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return History.create(path, key, spill=spill, person=person, on_mark=ledger.mark)
    return History.open(
        path,
        key,
        spill=spill,
        person=person,
        mark=mark,
        on_mark=ledger.mark,
        earlier=ledger.log.store_marks,
    )


class NotKept(CloisterError):
    code = "conversations_not_kept"
    hint = "Nothing that is asked here is kept."


def kept(history: object) -> History:
    """The person's conversations, to be put in order. Raises what they were refused with, NotKept
    where none are kept."""
    if isinstance(history, History):
        return history
    if isinstance(history, RefusedHistory):
        raise history.error
    raise NotKept("There are no conversations to put in order.")
