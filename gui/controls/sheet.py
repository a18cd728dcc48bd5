"""A calm page with one thing to do, in the middle of the window: first run and log-in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.controls.labels import Glyph, Prose, Words
from gui.style.scale import fix

WIDTH = 460


class Sheet(QScrollArea):
    """Heading, explanation, then whatever is added to `body`."""

    def __init__(
        self, title: str, text: str, *, glyph: str = "arch", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(title)
        ground = QWidget()
        ground.setObjectName("ground")
        column = QWidget()
        fix(column, WIDTH)
        self.body = QVBoxLayout(column)
        self.body.setContentsMargins(0, 48, 0, 48)
        self.body.setSpacing(14)
        self.heading = Words(title, "display", wrap=True)
        self.explanation = Prose(text)
        self.body.addStretch(2)
        self.body.addWidget(Glyph(glyph, "accent", 44))
        self.body.addWidget(self.heading)
        self.body.addWidget(self.explanation)
        self.body.addSpacing(8)
        row = QHBoxLayout(ground)
        row.setContentsMargins(24, 0, 24, 0)
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)
        self.setWidget(ground)

    def close_body(self) -> None:
        """After the last thing was added: keeps the column a little above the middle."""
        self.body.addStretch(3)
