"""Where there is no room for the side and the rest, one stands in place of the other.

Rules kept here: nothing is cut: with text at 200 %, or on a scaled display, the side makes way and
comes back by its button or key; whoever hid it while there was room finds it hidden.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from gui.controls.buttons import GlyphButton
from gui.style.scale import px

ROOM = 900
"""Below this width, at 100 %, the side and the rest do not stand beside each other."""


class Folding(QObject):
    def __init__(self, window: QWidget, side: QWidget, rest: QWidget, button: GlyphButton) -> None:
        super().__init__(window)
        self._window, self._side, self._rest, self._button = window, side, rest, button
        self._hidden = False
        self._over = False
        window.installEventFilter(self)
        self._lay()

    @property
    def narrow(self) -> bool:
        return self._window.width() < px(ROOM)

    def toggle(self) -> None:
        if self.narrow:
            self._over = not self._over
        else:
            self._hidden = not self._hidden
        self._lay()

    def show_side(self) -> None:
        self._over, self._hidden = True, False
        self._lay()

    def make_way(self) -> None:
        """Something was chosen on the side: what was chosen is shown."""
        self._over = False
        self._lay()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.StyleChange, QEvent.Type.Show):
            self._lay()
        return super().eventFilter(watched, event)

    def _lay(self) -> None:
        self._side.setVisible(self._over if self.narrow else not self._hidden)
        self._rest.setVisible(not (self.narrow and self._over))
