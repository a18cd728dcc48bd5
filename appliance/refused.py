"""Stores that are not what the log recorded: kept shut and named, while everything else goes on.

Rules kept here: a store that was refused is never read or written in this session; whoever asks for
it gets the error it was refused with; whoever searches everything is told that it was left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NoReturn

from appliance.errors import StoreTampered
from appliance.values import Answered, Conversation, Event, Turn

NEXT_STEP: Final = (
    "Restore it from a backup and tell your security officer. Everything else can be used."
)


class RefusedHistory:
    """Stands where a person's conversations would be. Every use raises the error they were refused
    with; asking goes on without them, and says that the answer is logged but not kept."""

    def __init__(self, error: StoreTampered) -> None:
        sentence = f"Your conversations are not used. {error.sentence}"
        self.error = type(error)(sentence, hint=NEXT_STEP)

    def save(self, conversation: str, turn: Turn) -> None:
        del conversation, turn
        self._refuse()

    def conversations(self) -> tuple[Conversation, ...]:
        self._refuse()

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        del conversation
        self._refuse()

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        """None: an ask goes on without them, and says that it is not kept."""
        del conversation
        return ()

    def delete(self, conversation: str) -> None:
        del conversation
        self._refuse()

    def close(self) -> None:
        """Nothing is open."""

    def abandon(self) -> None:
        """Nothing is open."""

    def _refuse(self) -> NoReturn:
        raise self.error


def named(error: StoreTampered, title: str) -> StoreTampered:
    """The error, saying which collection it speaks of."""
    return type(error)(f"“{title}” is not used. {error.sentence}", hint=NEXT_STEP)


def completed(event: Event, left_out: str) -> Event:
    """An answer says what could not be searched for it."""
    if isinstance(event, Answered) and left_out:
        return replace(event, warning=f"{event.warning} {left_out}".strip())
    return event


def left_out(titles: tuple[str, ...]) -> str:
    """What is said beside an answer over everything that could be searched; empty for none."""
    if not titles:
        return ""
    listed = ", ".join(f"“{title}”" for title in titles)
    return f"Not searched, because what is stored is not what the log recorded: {listed}."
