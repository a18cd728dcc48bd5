"""Asking at a desk, and what the log has of it."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.app import Appliance
from appliance.values import Answered, LogRecord, Opened

QUESTION = "How many visitors does the quernstone protocol allow?"


def asked(anna: Appliance, text: str = QUESTION, **more: object) -> tuple[str, int]:
    """The conversation and the record of the answer."""
    events = list(anna.ask(text, **more))  # type: ignore[arg-type]
    opened, answered = events[0], events[-1]
    assert isinstance(opened, Opened)
    assert isinstance(answered, Answered), answered
    return opened.conversation, answered.record


def of(records: Sequence[LogRecord], action: str) -> list[LogRecord]:
    return [record for record in records if record.action == action]


def detail(record: LogRecord, name: str) -> str:
    return dict(record.fields)[f"details.{name}"]
