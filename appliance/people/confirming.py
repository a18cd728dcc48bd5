"""Whether it is still the person who logged in: proof that ages.

Rules kept here: logging in with a passphrase or the recovery code is proof, what the system's key
store keeps is none; proof is good for five minutes of time that also runs while the machine sleeps;
what exports or administers demands it fresh.
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.people.errors import ConfirmFirst

CONFIRMED_SECONDS = 300.0


class Confirmation:
    """`ticking` gives seconds that never go back (appliance.clock.ticking)."""

    def __init__(self, ticking: Callable[[], float], *, proved: bool = True) -> None:
        self._ticking = ticking
        self._proved: float | None = ticking() if proved else None

    def renew(self) -> None:
        """The passphrase was typed and opened."""
        self._proved = self._ticking()

    def require_fresh(self) -> None:
        """Raises ConfirmFirst."""
        if self._proved is None or self._ticking() - self._proved > CONFIRMED_SECONDS:
            raise ConfirmFirst("This needs your passphrase again.")
