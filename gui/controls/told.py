"""What is told once, with values that somebody may want elsewhere: read, copied, closed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.style.scale import fix
from gui.text import plain
from gui.text.view import PlainView

_WIDTH = 608


class Told(QDialog):
    """rows: names and values. copying: what the button that copies says, and what it copies."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        text: str,
        rows: tuple[tuple[str, str], ...],
        copying: tuple[str, str],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(6)
        layout.addWidget(Words(title, "heading"))
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addSpacing(8)
        for name, value in rows:
            layout.addWidget(Words(name, "section"))
            view = PlainView(name)
            view.setObjectName("mono")
            view.setPlainText(plain.shown(value, 4000))
            layout.addWidget(view)
            layout.addSpacing(6)
        layout.addSpacing(6)
        layout.addLayout(self._foot(*copying))
        fix(self, _WIDTH, half=True)
        keep_in(self)

    def _foot(self, says: str, copied: str) -> QHBoxLayout:
        copy = TextButton(says, glyph="copy", tone="muted")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(copied))
        close = TextButton(QCoreApplication.translate("Told", "Close"), kind="primary")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        return row
