"""What on a screen has less room than its words need.

Rules kept here: only what is seen counts. Titles, names and passages may end in an ellipsis, where
the tip has the whole; a text of the window's own may not, wherever it stands: on a label or a
button, in a box of choices, an empty field, a list, a table or its headings.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QTableView,
    QToolButton,
    QWidget,
)

from gui.controls.labels import Elided

ELIDED = ("Elided", "Chip", "Suggestion")
"""Made to end in an ellipsis, with the whole in their tip."""
_ROWS = 60


def cut(screen: QWidget, ours: Set[str] = frozenset()) -> list[str]:
    """One line a widget whose words do not fit, empty where all fit. ours: the window's own texts,
    which may not end in an ellipsis anywhere."""
    found = []
    for widget in screen.findChildren(QWidget):
        if not widget.isVisible():
            continue
        found += [f"{type(widget).__name__} {wrong}" for wrong in _ellipses(widget, ours)]
        if type(widget).__name__ in ELIDED:
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


def _ellipses(widget: QWidget, ours: Set[str]) -> Iterator[str]:
    if isinstance(widget, Elided):
        if widget.text() in ours and widget.sizeHint().width() > widget.width() + 2:
            yield f"“{widget.text()}” ends in an ellipsis"
    elif isinstance(widget, QComboBox):
        if widget.currentText() in ours and widget.sizeHint().width() > widget.width() + 1:
            yield f"“{widget.currentText()}”: {widget.width()} px wide"
    elif isinstance(widget, QLineEdit):
        words = "" if widget.text() else widget.placeholderText()
        room = widget.contentsRect().width()
        if _wide(widget, words) > room:
            yield f"“{words}”: {room} px wide, {_wide(widget, words)} needed"
    elif isinstance(widget, QTableView | QListView):
        yield from _cells(widget, ours)
        if isinstance(widget, QTableView):
            yield from _headings(widget)


def _cells(view: QAbstractItemView, ours: Set[str]) -> Iterator[str]:
    model = view.model()
    if model is None or view.visualRect(model.index(0, 0)).isEmpty():
        return
    columns = model.columnCount() if isinstance(view, QTableView) else 1
    for row in range(min(model.rowCount(), _ROWS)):
        for column in range(columns):
            index = model.index(row, column)
            text = index.data(Qt.ItemDataRole.DisplayRole)
            room = min(view.visualRect(index).width(), view.viewport().width())
            needed = view.sizeHintForIndex(index).width()
            if text in ours and 0 < room < needed:
                yield f"“{text}”: {room} px wide, {needed} needed"


def _headings(table: QTableView) -> Iterator[str]:
    head = table.horizontalHeader()
    for column in range(head.count()):
        title = str(table.model().headerData(column, Qt.Orientation.Horizontal) or "")
        needed = head.sectionSizeFromContents(column).width()
        if not head.isSectionHidden(column) and head.sectionSize(column) < needed:
            yield f"heading “{title}”: {head.sectionSize(column)} px wide, {needed} needed"


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


def _wide(widget: QWidget, text: str) -> int:
    return QFontMetrics(widget.font()).horizontalAdvance(text)


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
