"""The ask that runs, and how it is remembered once it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.values import Answer, Answered, Cancelled, Failed, Outcome, Refused, Turn
from gui.ask.turn import TurnView


@dataclass(slots=True)
class RunningAsk:
    """What was asked, where it is shown, what it is asked instead of (a turn's record), and what it
    has told so far."""

    question: str
    asked: datetime
    conversation: str
    view: TurnView
    collections: tuple[str, ...]
    replaces: int = -1
    apart: str = ""
    written: bool = False
    ended: bool = False

    def remembered(self, event: Answered | Refused | Failed | Cancelled) -> Turn:
        """The turn as history would give it back, for paging."""
        outcome, answer, note = _ended(event)
        return Turn(
            self.question,
            self.asked,
            outcome,
            answer,
            note,
            event.record,
            self.replaces,
            self.collections,
        )


def _ended(event: Answered | Refused | Failed | Cancelled) -> tuple[Outcome, Answer | None, str]:
    match event:
        case Answered(answer):
            return Outcome.ANSWERED, answer, ""
        case Refused(_, _, sentence):
            return Outcome.REFUSED, None, sentence
        case Failed(_, sentence):
            return Outcome.FAILED, None, sentence
        case Cancelled():
            return Outcome.CANCELLED, None, ""
