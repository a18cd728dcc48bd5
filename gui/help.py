"""F1: the keys, and what to do when something is not as it should be.

Rules kept here: the keys come out of the table of commands, so that what is told is what works.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.commands import listed, section_name
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.style.scale import fix, px


class Help(QDialog):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Help"))
        self.setAccessibleName(self.windowTitle())
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(14)
        layout.addWidget(Words(self.tr("Keys"), "heading"))
        layout.addWidget(self._keys(), 1)
        text = self.tr(
            "If something is not as it should be, run “cloister doctor” in a terminal and give "
            "its output to your IT department. It holds no document text."
        )
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addLayout(foot)
        fix(self, 540)
        self.setFixedHeight(min(px(620), parent.height() - 40))

    def _keys(self) -> QScrollArea:
        """What has keys, section by section; it scrolls by keyboard too."""
        ground = QWidget()
        ground.setObjectName("ground")
        grid = QGridLayout(ground)
        grid.setContentsMargins(12, 2, 14, 8)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        section = None
        for command in listed():
            if not command.told:
                continue
            if command.section is not section:
                section = command.section
                head = Words(section_name(section), "section")
                head.setContentsMargins(0, 8, 0, 0)
                grid.addWidget(head, grid.rowCount(), 0, 1, 2)
            row = grid.rowCount()
            grid.addWidget(Words(command.told, "mono"), row, 0)
            grid.addWidget(Words(command.title, wrap=True), row, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName(self.tr("Keys"))
        area.setWidget(ground)
        return area
