"""An ask as it comes from a screen: made into a question, answered, and completed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid4

from appliance import assistant
from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.refused import completed
from appliance.values import Event, Question


def asked(
    desk: Desk,
    text: str,
    stop: Cancellation,
    *,
    conversation: str,
    collections: Sequence[str],
    reason: str,
) -> Iterator[Event]:
    """The main path's events; the last says what was left out. Raises QuestionUnusable."""
    question = Question(
        id=uuid4().hex,
        text=text,
        person=desk.person,
        asked=desk.now(),
        collections=tuple(collections),
        conversation=conversation or uuid4().hex,
        reason=reason,
    )
    desk.require_usable(collections)
    for event in assistant.ask(question, desk.asking(), lambda: stop.cancelled):
        yield completed(event, desk.left_out(collections))
