"""A kiosk that keeps everything in memory, for the window's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from appliance.errors import CloisterError
from appliance.people import Idleness
from appliance.values import KioskEnded, KioskView
from tests.gui.driving import PASSPHRASE
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace, WrongPassphrase

if TYPE_CHECKING:
    from appliance.kiosk import Kiosk

ADMINISTRATOR = "Root Keeper"
QUESTIONS = (
    "When can apixaban be restarted after a high bleeding-risk procedure?",
    "When are blood cultures taken?",
    "How is parental leave requested?",
)


class Unfit(CloisterError):
    code = "kiosk_unfit"
    hint = "Make an account whose only role is kiosk."


@dataclass
class MemoryKiosk:
    """Counts what it is told. unfit: refuses to be opened to visitors."""

    appliance: MemoryAppliance
    view: KioskView
    unfit: bool = False
    ended: list[KioskEnded] = field(default_factory=list)
    wiped: int = 0
    left: int = 0

    def begin(self, ended: KioskEnded) -> KioskView:
        self.ended.append(ended)
        if self.unfit:
            raise Unfit("This account is not a kiosk's alone.")
        return self.view

    def idleness(self, seconds: float) -> Idleness:
        return Idleness(seconds, lambda: self.appliance.pace.ticks)

    def wipe(self) -> None:
        self.wiped += 1
        with self.appliance.remembered() as remembered:
            for conversation in self.appliance.conversations():
                remembered.forget(conversation.id)

    def leave(self, name: str, passphrase: str) -> None:
        if (name, passphrase) != (ADMINISTRATOR, PASSPHRASE):
            raise WrongPassphrase("That passphrase does not open this vault.")
        self.left += 1


class KioskAppliance(MemoryAppliance):
    def __init__(self, pace: Pace | None = None) -> None:
        super().__init__(pace)
        self.memory = MemoryKiosk(
            self, KioskView("Ask about Ward 4", "k1", QUESTIONS, ("en", "de", "es", "fr"), 90)
        )

    @property
    def kiosk(self) -> Kiosk:
        self._called()
        return cast("Kiosk", self.memory)
