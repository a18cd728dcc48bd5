"""Dialogs that would stand out of the window: they scroll instead.

Rules kept here: with text at 200 % everything in a dialog can still be read and pressed; where
there is room nothing is changed.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDialog, QFrame, QLayout, QScrollArea, QVBoxLayout, QWidget

_AROUND = 24


def keep_in(dialog: QDialog) -> None:
    """To be called once the dialog's layout is set."""
    _Keeper(dialog)


class _Keeper(QObject):
    def __init__(self, dialog: QDialog) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._area: QScrollArea | None = None
        dialog.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show:
            layout = self._dialog.layout()
            if layout is not None:
                layout.invalidate()
                layout.activate()
            self._look()
        elif kind == QEvent.Type.LayoutRequest or (
            kind == QEvent.Type.Resize and self._dialog.height() > self._room()
        ):
            self._look()
        return False

    def _look(self) -> None:
        layout = self._dialog.layout()
        if self._area is not None or layout is None:
            return
        width, high = self._dialog.width(), self._dialog.height()
        need = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else -1
        need = max(need, layout.totalMinimumSize().height())
        room = self._room()
        if need > room:
            self._scroll(layout, room)
        elif high > room or high < need:
            self._dialog.resize(width, max(need, min(high, room)))

    def _room(self) -> int:
        parent = self._dialog.parentWidget()
        behind = parent.window() if parent is not None else self._dialog
        return max(320, behind.height() - _AROUND)

    def _scroll(self, layout: QLayout, room: int) -> None:
        ground = QWidget()
        ground.setObjectName("ground")
        ground.setLayout(layout)  # Qt takes it, with all that is in it
        self._area = area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self._dialog.accessibleName())
        area.setWidget(ground)
        had = self._dialog.focusWidget()
        whole = QVBoxLayout(self._dialog)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self._dialog.setMaximumHeight(room)
        self._dialog.resize(self._dialog.width(), room)
        if had is not None:
            had.setFocus()
