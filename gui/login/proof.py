"""Fresh proof of who is here, asked for and then gone on with.

Rules kept here: whether proof is needed is the product's to say (`confirm_first`); what was typed
goes to the product and nowhere else; the act is repeated once it was right, and not otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from gui.desk import Desk
from gui.login.again import Again
from gui.worker import Lane


def prove(desk: Desk, parent: QWidget, then: Callable[[], None]) -> None:
    """Asks for the passphrase; `then` is called when the product took it."""
    again = Again(parent.window())

    def check(secret: str) -> None:
        with desk.appliance.people() as people:
            people.confirm(secret)

    def right(_: None) -> None:
        again.accept()
        then()

    again.typed.connect(
        lambda secret: desk.worker.run(again, Lane.READ, lambda: check(secret), right, again.failed)
    )
    again.open()


def proof_asked(
    desk: Desk, parent: QWidget, error: CloisterError, repeat: Callable[[], None]
) -> bool:
    """Whether the error was that proof is needed: then it is asked for, and `repeat` called."""
    if error.code != "confirm_first":
        return False
    prove(desk, parent, repeat)
    return True
