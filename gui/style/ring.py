"""The ring of focus round what has no edge of its own: pages that scroll, texts, tables.

Rules kept here: focus can be seen wherever it is (WCAG 2.2, 2.4.7); the ring lies over what it
marks, moves nothing and takes no click. It has two lines, the accent and the ground, so that it is
seen on the white of a page as well, in every look. Round a text that is as tall as its lines it
stands outside, because it would run through the letters.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QListView,
    QPlainTextEdit,
    QScrollArea,
    QTableView,
    QTextBrowser,
    QWidget,
)

from gui.style.tokens import current

_WIDE = 2
_AWAY = (7, 4)
"""How far a ring stands off the letters of a text, beside and above it."""


class Ring(QWidget):
    """around: the ring lies on the parent of what it marks, just outside of it."""

    def __init__(self, marked: QWidget, *, around: bool) -> None:
        parent = marked.parentWidget() if around else None
        super().__init__(parent or marked)
        self.setObjectName("ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._around = parent
        marked.installEventFilter(self)
        self._fit(marked)
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.Resize, QEvent.Type.Move)
        if event.type() in kinds and isinstance(watched, QWidget):
            self._fit(watched)
        elif event.type() == QEvent.Type.Hide:
            self.hide()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for name, inset in ((current().ground, 3), (current().accent, 1)):
            painter.setPen(QPen(QColor(name), _WIDE))
            painter.drawRoundedRect(self.rect().adjusted(inset, inset, -inset, -inset), 5, 5)
        painter.end()

    def _fit(self, marked: QWidget) -> None:
        if self._around is None:
            self.setGeometry(marked.rect())
        else:
            beside, above = _AWAY
            wanted = marked.geometry().adjusted(-beside, -above, beside, above)
            self.setGeometry(wanted.intersected(self._around.rect()))
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
            self._ring = Ring(now, around=now.objectName() != "paper")
        elif isinstance(now, (QScrollArea, QTableView)) or _without_edge(now):
            self._ring = Ring(now, around=False)


def _without_edge(now: QWidget) -> bool:
    """A list nothing can be chosen from draws no mark of its own; nor does a text that is read."""
    none = QListView.SelectionMode.NoSelection
    if isinstance(now, QPlainTextEdit):
        return now.isReadOnly() and now.objectName() != "field"
    return isinstance(now, QListView) and now.selectionMode() == none


def bear(application: QApplication) -> None:
    """From now on; once is enough."""
    if application.findChild(RingBearer) is None:
        RingBearer(application)
