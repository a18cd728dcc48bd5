"""What an empty place says: what belongs here, and how to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Glyph, Prose, Words
from gui.style.scale import fix


class Empty(QScrollArea):
    def __init__(
        self,
        glyph: str,
        title: str,
        text: str,
        *buttons: TextButton,
        tone: str = "accent",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title = Words(title, "heading")
        self._text = Prose(text, centred=True)
        self._said = text
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        fix(self._text, 440)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        ground = QWidget()
        ground.setObjectName("ground")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(title)
        layout = QVBoxLayout(ground)
        layout.setContentsMargins(24, 24, 24, 40)
        layout.setSpacing(10)
        layout.addStretch(1)
        layout.addWidget(Glyph(glyph, tone, 40), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(4)
        layout.addWidget(self._title)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._text)
        middle.addStretch(1)
        layout.addLayout(middle)
        layout.addSpacing(8)
        layout.addLayout(row)
        layout.addStretch(1)
        self.setWidget(ground)

    def say(self, title: str, text: str) -> None:
        self._title.setText(title)
        self.setAccessibleName(title)
        self._text.say(text)
        self._said = text

    @property
    def text(self) -> str:
        return self._said
