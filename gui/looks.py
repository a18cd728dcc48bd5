"""Light, dark, high contrast and the size of text, as a person changes them in the window.

Rules kept here: what was chosen is kept in the person's own settings, and holds only once the
product took it: a setting of the institution cannot be gone around. While nobody is logged in the
choice holds until the window closes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from gui.speaking import announce
from gui.style import theme
from gui.style.scale import next_size
from gui.text import counts
from gui.worker import Lane

if TYPE_CHECKING:
    from gui.shell import Shell


class Looks(QObject):
    """`changed` when everything stands there anew."""

    changed = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell

    def choose(self, look: str) -> None:
        """A name of `tokens.LOOKS`, or "system"."""
        self._keep("look", look, lambda: self.follower.choose(look))

    def resize(self, by: int) -> None:
        """Text a step larger or smaller; 0 for 100 %."""
        size = next_size(by) if by else 1.0
        said = self.tr("Text at {}").format(counts.percent(size))

        def put() -> None:
            theme.resize(self.application, size)
            announce(self._shell, said)

        self._keep("text_size", str(round(100 * size)), put)

    @property
    def application(self) -> QApplication:
        found = QApplication.instance()
        if not isinstance(found, QApplication):
            raise TypeError("there is no application")
        return found

    @property
    def follower(self) -> theme.Follower:
        return self.application.findChild(theme.Follower) or theme.Follower(self.application)

    def _keep(self, name: str, value: str, put: Callable[[], None]) -> None:
        def done(_: None) -> None:
            put()
            self.changed.emit()

        if self._shell.locked:
            done(None)
            return
        product = self._shell.appliance
        self._shell.worker.run(
            self,
            Lane.READ,
            lambda: product.change_setting(name, value),
            done,
            self._shell.complain,
        )
