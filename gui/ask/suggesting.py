"""Questions to begin with, out of the collections that would be asked.

Rules kept here: what is suggested comes from what is picked, and is asked there; they are a
courtesy: that there are none is no news.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from appliance.values import Collection
from gui.ask.scope import Scope
from gui.ask.welcome import ASKED_FOR, SUGGESTED, Welcome
from gui.desk import Desk
from gui.worker import Lane

_LOOKED_AT = 4
"""Collections whose headings are read for it, at most."""
_PAUSE_MS = 250
"""So that what somebody waits for is read first."""


class Suggesting(QObject):
    def __init__(self, desk: Desk, welcome: Welcome, scope: Scope) -> None:
        super().__init__(welcome)
        self._desk, self._welcome, self._scope = desk, welcome, scope
        self._filled: tuple[str, ...] = ()
        self._serial = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._read)
        scope.changed.connect(self._pause.start)

    def know(self, collections: tuple[Collection, ...]) -> None:
        """What there is to ask."""
        self._filled = tuple(one.id for one in collections if one.documents)
        self._pause.start()

    def forget(self) -> None:
        self._filled = ()
        self._pause.stop()
        self._serial += 1
        self._welcome.suggest(())

    # --- inside ---------------------------------------------------------------------------

    def _read(self) -> None:
        picked = self._scope.chosen() or self._filled
        wanted = [one for one in self._filled if one in picked][:_LOOKED_AT]
        self._serial += 1
        serial, product = self._serial, self._desk.appliance

        def work() -> tuple[str, ...]:
            found: list[str] = []
            for collection in wanted:
                found += product.suggestions(collection, ASKED_FOR)
                if len(found) >= SUGGESTED:
                    break
            return tuple(found)

        def done(found: tuple[str, ...]) -> None:
            if serial == self._serial:
                self._welcome.suggest(found)

        if wanted:
            self._desk.worker.run(self, Lane.READ, work, done, lambda _: done(()))
        else:
            done(())
