"""What a kiosk shows its visitors, how long it waits for them, and how it ended before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KioskView:
    """title: over the attract screen. collection: the id of the one that is asked. questions: those
    the institution approved to begin with. layouts: of the keyboard, the first one to begin with.
    idle_seconds: how long nobody may touch it before everything is wiped. kept: whether the policy
    has what visitors type sealed into the log. notices: what else the screen has to say: that it
    is an evaluation, that the air gap is not proved."""

    title: str
    collection: str
    questions: tuple[str, ...]
    layouts: tuple[str, ...]
    idle_seconds: int
    kept: bool = False
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KioskEnded:
    """How the kiosk before this one ended, as its watchdog saw it. code: "signal_9", "status_1",
    "hung"; empty where it did not see any. seconds: how long it had run. times: in a row."""

    code: str = ""
    seconds: int = 0
    times: int = 0
