"""The clipboard stays empty while a kiosk runs.

Rules kept here: whatever comes into it, from wherever, is cleared at once, in each of its modes; no
widget of the kiosk reads it.
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QClipboard, QGuiApplication


class EmptyClipboard(QObject):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._clearing = False
        self._clipboard = QGuiApplication.clipboard()
        self._clipboard.changed.connect(self._changed)
        self.clear()

    def clear(self) -> None:
        for mode in (
            QClipboard.Mode.Clipboard,
            QClipboard.Mode.Selection,
            QClipboard.Mode.FindBuffer,
        ):
            self._changed(mode)

    def _changed(self, mode: QClipboard.Mode) -> None:
        if not self._clearing and _supported(self._clipboard, mode):
            self._clearing = True
            self._clipboard.clear(mode)
            self._clearing = False


def _supported(clipboard: QClipboard, mode: QClipboard.Mode) -> bool:
    return (
        mode is QClipboard.Mode.Clipboard
        or (mode is QClipboard.Mode.Selection and clipboard.supportsSelection())
        or (mode is QClipboard.Mode.FindBuffer and clipboard.supportsFindBuffer())
    )
