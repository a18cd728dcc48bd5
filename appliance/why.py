"""Why an answer is what it is, for the person it was given to.

Rules kept here: a person sees the two records of their own asks and no others, whatever their role;
what is said of the decision is what the log says, not what is remembered of it; both records are
proved to be in the log as it is now before anything of them is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.asking import require_turn
from appliance.audit import LogTampered
from appliance.errors import CloisterError
from appliance.policy import Action
from appliance.values import Decided, LogRecord, Why

if TYPE_CHECKING:
    from appliance.desk import Desk

OBLIGED: Final = ("mode", "cite", "answer", "log", "redact")


class NoRecord(CloisterError):
    """The log holds no closing record of this person's by that number."""

    code = "no_record_of_yours"
    hint = "Open the conversation again. An auditor can look into the whole log."


def why(desk: Desk, conversation: str, turn: int) -> Why:
    """turn: its closing record. Raises NotAllowed, ConversationUnknown, TurnUnknown, NoRecord,
    LogTampered, LogUnwritable."""
    desk.require(Action.READ_HISTORY)
    asked = require_turn(desk, conversation, turn)
    closing = own_record(desk, turn)
    opening = opening_of(desk, closing)
    _, inclusion = desk.ledger.log.inclusions([opening.seq, turn])
    said, obliged = dict(closing.fields), dict(opening.fields)
    decided = _decided(opening)
    answer = asked.answer
    return Why(
        record=turn,
        opened=opening.seq,
        question=asked.question,
        asked=asked.asked,
        outcome=closing.outcome,
        mode=said.get("details.mode", ""),
        model=said.get("model", ""),
        evidence=answer.evidence if answer is not None else 0.0,
        threshold=answer.threshold if answer is not None else 0.0,
        allowed=obliged.get("verdict.allowed") == "true",
        policies=decided.policies,
        packs=decided.packs,
        pack_hash=decided.pack_hash,
        obligations=tuple(
            (name, obliged[f"details.{name}"]) for name in OBLIGED if f"details.{name}" in obliged
        ),
        grounds=asked.grounds,
        inclusion=inclusion,
    )


def own_record(desk: Desk, record: int) -> LogRecord:
    """The closing record of an ask of this person's. Raises NoRecord, LogTampered."""
    found = desk.ledger.log.records(record, 1) if record >= 0 else ()
    if not found or found[0].action != "ask.closed" or found[0].person != desk.person.id:
        raise NoRecord("The log holds no such record of yours.")
    return found[0]


def opening_of(desk: Desk, closing: LogRecord) -> LogRecord:
    """The record from before anything was shown. Raises LogTampered."""
    number = dict(closing.fields).get("details.opened", "")
    found = desk.ledger.log.records(int(number), 1) if number.isdecimal() else ()
    if not found or found[0].action != "ask.opened" or found[0].person != closing.person:
        raise LogTampered(f"Record {closing.seq} closes an ask that no record opened.")
    return found[0]


def decided(desk: Desk, record: int) -> Decided:
    """What the log says of the decision before the ask that `record` closed. Raises NoRecord,
    LogTampered."""
    return _decided(opening_of(desk, own_record(desk, record)))


def _decided(opening: LogRecord) -> Decided:
    said = dict(opening.fields)
    return Decided(
        opening.seq,
        _split(said.get("verdict.policies", "")),
        _split(said.get("verdict.packs", "")),
        said.get("verdict.pack_hash", ""),
    )


def _split(joined: str) -> tuple[str, ...]:
    return tuple(one for one in joined.split(", ") if one)
