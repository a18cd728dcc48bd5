"""What would stand out of the window scrolls instead: dialogs, and the window itself.

Rules kept here: with text at 200 %, and on a display scaled to 640 x 360, everything can still be
read and pressed; where there is room nothing is changed.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

_AROUND = 24


def keep_in(dialog: QDialog) -> None:
    """To be called once the dialog's layout is set."""
    _Keeper(dialog)


class Room(QScrollArea):
    """Holds one widget, and scrolls it where there is less height than it needs at the least."""

    def __init__(self, held: QWidget, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        self.setWidget(held)


class Places(QStackedWidget):
    """Needs what the page that is shown needs, not what the tallest of all would."""

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        """The least height of the page that is shown."""
        page = self.currentWidget()
        layout = page.layout() if page is not None else None
        if layout is not None and layout.hasHeightForWidth():
            return layout.totalMinimumHeightForWidth(width)
        return page.minimumSizeHint().height() if page is not None else 0

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else super().minimumSizeHint()


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
        elif high > need and self._dialog.minimumWidth() == self._dialog.maximumWidth():
            self._dialog.resize(width, need)  # nobody can choose its size: no empty room in it

    def _room(self) -> int:
        parent = self._dialog.parentWidget()
        behind = parent.window() if parent is not None else self._dialog
        return max(320, behind.height() - _AROUND)

    def _scroll(self, layout: QLayout, room: int) -> None:
        had = self._dialog.focusWidget()
        ground = QWidget()
        ground.setObjectName("ground")
        ground.setLayout(layout)  # Qt takes it, with all that is in it
        self._area = area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self._dialog.accessibleName())
        area.setWidget(ground)
        whole = QVBoxLayout(self._dialog)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self._dialog.setMinimumHeight(0)  # what its layout wanted before
        self._dialog.setMaximumHeight(room)
        self._dialog.resize(self._dialog.width(), room)
        if had is not None:  # what was moved is shown again a turn later
            QTimer.singleShot(0, had, had.setFocus)
