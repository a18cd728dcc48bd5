"""Two things beside each other, and below each other where room is short."""

from __future__ import annotations

from PySide6.QtWidgets import QBoxLayout, QLayout, QWidget

from gui.style.scale import tight


class Pair(QBoxLayout):
    """first gets what room is left, or half where they are `even`. It is looked at anew each time
    it is laid out."""

    def __init__(
        self, first: QLayout | QWidget, second: QLayout | QWidget, gap: int = 8,
        *, even: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(QBoxLayout.Direction.LeftToRight)
        self.setSpacing(gap)
        for thing, share in ((first, 1), (second, int(even))):
            if isinstance(thing, QLayout):
                self.addLayout(thing, share)
            else:
                self.addWidget(thing, share)
        self._turn()

    def invalidate(self) -> None:
        self._turn()
        super().invalidate()

    def _turn(self) -> None:
        way = QBoxLayout.Direction
        wanted = way.TopToBottom if tight() else way.LeftToRight
        if self.direction() != wanted:
            self.setDirection(wanted)
