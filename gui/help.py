"""F1: the keys, and what to do when something is not as it should be."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.text import counts


class Help(QDialog):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Help"))
        self.setAccessibleName(self.windowTitle())
        grid = QGridLayout()
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(9)
        grid.setColumnStretch(1, 1)
        for row, (keys, text) in enumerate(self._keys()):
            grid.addWidget(Words(counts.keys(keys), "mono"), row, 0)
            grid.addWidget(Words(text, wrap=True), row, 1)
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(14)
        layout.addWidget(Words(self.tr("Keys"), "heading"))
        layout.addLayout(grid)
        text = self.tr(
            "If something is not as it should be, run “cloister doctor” in a terminal and give "
            "its output to your IT department. It holds no document text."
        )
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addLayout(foot)
        self.setFixedWidth(560)
        self.resize(560, layout.totalHeightForWidth(560))

    def _keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Enter", self.tr("Ask the question")),
            ("Shift+Enter", self.tr("New line in the question")),
            ("Up", self.tr("In an empty field: change your last question")),
            ("Esc", self.tr("Stop the answer, close the page")),
            ("Ctrl+N", self.tr("New question")),
            ("Ctrl+K", self.tr("To the question field")),
            ("Ctrl+Shift+F", self.tr("Search your conversations")),
            ("F2, Menu", self.tr("Rename a conversation; pin, file, export it")),
            ("Ctrl+1, 2, 3, 4", self.tr("Ask, Library, Log, Administration")),
            ("Ctrl+L", self.tr("Lock at once")),
            ("Del", self.tr("Remove what is chosen, after a question")),
            ("Ctrl+Q", self.tr("Close Cloister")),
        )
