"""How an installation stands with its licence, for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeatView:
    """state: evaluation, active, grace, expired, revoked, unlicensed or clock-suspect. answers:
    whether new answers are given; everything else always is allowed. sentence and next_step: what
    to say, empty where there is nothing. until: when the state ends by itself. seat: the number of
    the licence's seats that this is, 0 for none; request: whether one waits to be approved."""

    state: str
    code: str
    answers: bool
    sentence: str = ""
    next_step: str = ""
    until: datetime | None = None
    institution: str = ""
    plan: str = ""
    seats: int = 0
    serial: int = 0
    features: tuple[str, ...] = ()
    ends: datetime | None = None
    seat: int = 0
    label: str = ""
    lease: datetime | None = None
    requested: bool = False
    revocations: int = 0
    tokens: int = 0
    tokens_used: int = 0
