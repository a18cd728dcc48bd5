"""An ask as it comes from a screen: made into a question, answered, and completed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

from appliance import assistant
from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.memory.errors import TurnUnknown
from appliance.refused import completed
from appliance.values import Event, Question, Turn


def asked(
    desk: Desk,
    text: str,
    stop: Cancellation,
    *,
    conversation: str,
    collections: Sequence[str],
    reason: str,
    replaces: int = -1,
) -> Iterator[Event]:
    """The main path's events; the last says what was left out. Raises QuestionUnusable,
    TurnUnknown."""
    if replaces >= 0:
        require_turn(desk, conversation, replaces)
    question = Question(
        id=uuid4().hex,
        text=text,
        person=desk.person,
        asked=desk.now(),
        collections=tuple(collections),
        conversation=conversation or uuid4().hex,
        reason=reason,
        replaces=replaces,
    )
    desk.require_usable(collections)
    parts = desk.asking()
    parts = replace(parts, finder=desk.attached.finder(question.conversation, parts.finder))
    for event in assistant.ask(question, parts, lambda: stop.cancelled):
        yield completed(event, desk.left_out(collections))


def require_turn(desk: Desk, conversation: str, turn: int) -> Turn:
    """The turn of that record in the conversation. Raises TurnUnknown, ConversationUnknown."""
    for one in desk.history.turns(conversation):
        if one.record == turn:
            return one
    raise TurnUnknown("There is no such answer in this conversation.")
