"""The ring of focus round what has no edge of its own: pages that scroll, texts, tables.

Rules kept here: focus can be seen wherever it is (WCAG 2.2, 2.4.7); the ring lies over what it
marks, moves nothing and takes no click. A text that is as tall as its lines is marked below and on
the right instead, because a ring would run through its letters.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QListView,
    QScrollArea,
    QTableView,
    QTextBrowser,
    QWidget,
)

from gui.style.tokens import current

_WIDE = 2


class Ring(QWidget):
    def __init__(self, marked: QWidget, *, under: bool) -> None:
        super().__init__(marked)
        self.setObjectName("ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._under = under
        marked.installEventFilter(self)
        self._fit(marked)
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self._fit(watched)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._under:
            colour, area = QColor(current().accent), self.rect()
            painter.fillRect(area.adjusted(0, area.height() - _WIDE, 0, 0), colour)
            painter.fillRect(area.adjusted(area.width() - _WIDE, 0, 0, 0), colour)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current().accent), _WIDE))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)
        painter.end()

    def _fit(self, marked: QWidget) -> None:
        self.setGeometry(marked.rect())
        self.raise_()


class RingBearer(QObject):
    """One of an application: puts the ring where the focus goes."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._ring: Ring | None = None
        application.focusChanged.connect(self._move)

    def _move(self, _: QWidget | None, now: QWidget | None) -> None:
        if self._ring is not None and shiboken6.isValid(self._ring):
            self._ring.hide()
            self._ring.deleteLater()
        self._ring = None
        if now is None:
            return
        if isinstance(now, QTextBrowser):
            self._ring = Ring(now, under=now.objectName() != "paper")
        elif isinstance(now, (QScrollArea, QTableView)) or _without_choice(now):
            self._ring = Ring(now, under=False)


def _without_choice(now: QWidget) -> bool:
    """A list nothing can be chosen from draws no mark of its own."""
    none = QListView.SelectionMode.NoSelection
    return isinstance(now, QListView) and now.selectionMode() == none


def bear(application: QApplication) -> None:
    """From now on; once is enough."""
    if application.findChild(RingBearer) is None:
        RingBearer(application)
