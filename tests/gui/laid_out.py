"""What on a screen has less room than its words need.

Rules kept here: only what is seen counts. Left out are the widgets that are made to end in an
ellipsis and have the whole in their tip (`ELIDED`), and what is scrolled to.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QFontMetrics, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

ELIDED = ("Elided", "Chip", "Suggestion")


def cut(screen: QWidget) -> list[str]:
    """One line a widget whose words do not fit, empty where all fit."""
    found = []
    for widget in screen.findChildren(QWidget):
        if not widget.isVisible() or type(widget).__name__ in ELIDED:
            continue
        wrong = _inside(widget)
        if isinstance(widget, QLabel | QAbstractButton) and widget.text():
            wrong = wrong or _beyond(widget)
            if wrong:
                found.append(f"{type(widget).__name__} “{widget.text()[:90]}”: {wrong}")
    return found


def shown(screen: QWidget) -> list[str]:
    """The words of every label and button that is seen."""
    return [
        widget.text()
        for widget in screen.findChildren(QWidget)
        if isinstance(widget, QLabel | QAbstractButton) and widget.isVisible() and widget.text()
    ]


def _inside(widget: QWidget) -> str:
    if isinstance(widget, QLabel):
        return _label(widget)
    if isinstance(widget, QToolButton) and not widget.icon().isNull():
        return ""  # its text is for screen readers
    if isinstance(widget, QAbstractButton) and widget.text():
        needed = widget.sizeHint()
        if isinstance(widget, QPushButton) and widget.property("kind") == "suggestion":
            return ""
        if widget.width() + 1 < needed.width():
            return f"{widget.width()} px wide, {needed.width()} needed"
    return ""


def _label(label: QLabel) -> str:
    if not label.text():
        return ""
    room = label.contentsRect()
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height() + 1:
            return f"{label.height()} px high, {needed} needed"
        widest = max(_wide(label, word) for word in _plain(label).split() or [""])
        return (
            f"“{_plain(label)}” has a word wider than its room" if widest > room.width() + 1 else ""
        )
    needed = max(_wide(label, line) for line in _plain(label).split("\n"))
    return f"{room.width()} px wide, {needed} needed" if needed > room.width() + 1 else ""


def _plain(label: QLabel) -> str:
    if not label.text().startswith("<"):
        return label.text()
    document = QTextDocument()
    document.setHtml(label.text())
    return document.toPlainText()


def _wide(label: QLabel, text: str) -> int:
    return QFontMetrics(label.font()).horizontalAdvance(text)


def _beyond(widget: QWidget) -> str:
    """Whether it stands out of what it stands on; what scrolls sideways ends the search."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above.parentWidget(), QAbstractScrollArea):
            scrolled = above.parentWidget()
            assert isinstance(scrolled, QAbstractScrollArea)
            if scrolled.horizontalScrollBar().maximum() > 0:
                return ""
        left = widget.mapTo(above, QPoint(0, 0)).x()
        if left < -1 or left + widget.width() > above.width() + 1:
            return f"stands out of {type(above).__name__}"
        if above.isWindow():
            return ""
        above = above.parentWidget()
    return ""
