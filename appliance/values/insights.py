"""How an installation is doing, in numbers that name nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Insights:
    """taken: when. since: when somebody logged in; what is counted counts from then.

    ended: asks by outcome. open: asks under way; waiting: calls of programs that wait for their
    turn. answer_seconds: of all answered asks together. tokens and token_seconds: what the language
    model wrote, and in how long, prompt and check included. memory: bytes that are held, of this
    process and of its children. indexes: collections by the state of their index ("whole",
    "growing" while it is built, "unread" before the first question, "refused" where the store is
    not what the log recorded). model: the language model, "" for none.
    """

    taken: datetime
    since: datetime
    version: str
    model: str
    ended: tuple[tuple[str, int], ...]
    open: int
    waiting: int
    answer_seconds: float
    tokens: int
    token_seconds: float
    memory: tuple[tuple[str, int], ...]
    documents: int
    passages: int
    indexes: tuple[tuple[str, int], ...]
    log_records: int
    free_bytes: int
    airgap_holds: bool

    @property
    def answers(self) -> int:
        return dict(self.ended).get("answered", 0)

    @property
    def seconds_an_answer(self) -> float:
        """On average; 0 where there was none."""
        return self.answer_seconds / self.answers if self.answers else 0.0

    @property
    def tokens_a_second(self) -> float:
        """On average; 0 where none was written."""
        return self.tokens / self.token_seconds if self.token_seconds else 0.0
