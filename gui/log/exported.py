"""After an export: where the copy is, the public key, and how anyone verifies it."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.text import plain
from gui.text.view import PlainView


class Exported(QDialog):
    def __init__(self, parent: QWidget, folder: Path, key: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("The log was exported"))
        self.setAccessibleName(self.windowTitle())
        self._command = f"cloister log verify {quote(str(folder))} --key {quote(key)}"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(6)
        layout.addWidget(Words(self.tr("The log was exported"), "heading"))
        text = self.tr(
            "The copy verifies alone, on any computer, with the public key below. Hand the key "
            "over by another way than the copy."
        )
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addSpacing(8)
        for name, value in (
            (self.tr("Folder"), str(folder)),
            (self.tr("Public key"), key),
            (self.tr("To verify"), self._command),
        ):
            layout.addWidget(Words(name, "section"))
            view = PlainView(name)
            view.setObjectName("mono")
            view.setMinimumWidth(560)
            view.setPlainText(plain.shown(value, 4000))
            layout.addWidget(view)
            layout.addSpacing(6)
        copy = TextButton(self.tr("Copy the command"), glyph="copy", tone="muted")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._command))
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        layout.addSpacing(6)
        layout.addLayout(row)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
