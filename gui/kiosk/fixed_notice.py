"""A notice of which nothing can be taken: elsewhere its words can be marked, copied and dragged."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from gui.controls.notice import Notice


class FixedNotice(Notice):
    def __init__(self) -> None:
        super().__init__()
        for words in self.findChildren(QLabel):
            words.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
