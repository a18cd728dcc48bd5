"""Walks through every screen and dialog that pictures are taken of, and looks at each widget.

What is found is a line of words: where, which widget, and what is wrong with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import shiboken6
from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QTableView,
    QTextEdit,
    QWidget,
)

from gui.controls.labels import Elided
from gui.controls.tick import Tick
from gui.shell import Shell
from gui.style.tokens import contrast
from gui.text.view import PlainView
from tests.screens.camera import Camera, Scene, dialogs
from tests.screens.tour import SCENES

Look = Callable[[QWidget], Iterator[str]]
CONTROLS = (
    QAbstractButton, QLineEdit, QTextEdit, QPlainTextEdit, QAbstractItemView, QProgressBar,
    QScrollArea, QComboBox, QAbstractSpinBox,
)  # fmt: skip


_LONGEST = 0.4
"""Seconds of a rest: nobody looks at what is shown meanwhile."""
_QUIET = 0.05
"""Seconds of quiet after which nothing more comes."""


class Walker(Camera):
    """A camera that looks closely instead of taking a picture."""

    def __init__(self, folder: Path, shell: Shell, look: Look, pause: float) -> None:
        super().__init__(folder, shell)
        self._pause = pause
        self._look = look
        self.found: list[str] = []
        self.seen: list[str] = []

    def rest(self, seconds: float = 0.0) -> None:
        """Nobody looks at a picture here: a rest ends when the window has come to rest."""
        if not seconds:
            super().rest(self._pause)
            return
        began = quiet = time.monotonic()

        def rested() -> bool:
            nonlocal quiet
            now = time.monotonic()
            if self._busy():
                quiet = now
            return now - quiet > _QUIET or now - began > min(seconds, _LONGEST)

        self.until(rested)

    def _busy(self) -> bool:
        """Whether a lane works for the window, or a timer of it is about to go off."""
        soon = int(_LONGEST * 1000)
        return bool(self._shell.worker._tasks) or any(
            timer.isActive() and timer.isSingleShot() and timer.remainingTime() < soon
            for timer in self._shell.findChildren(QTimer)
        )

    def take(self, name: str, widget: QWidget | None = None) -> None:
        self.rest()
        self._see(name, widget or self._shell)

    def still(self, name: str) -> None:
        self.until(lambda: any(one.isVisible() for one in dialogs()), 20)
        self.rest()
        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog) and window.isVisible():
                self._see(name, window)

    def _see(self, name: str, window: QWidget) -> None:
        """What is still so after a while counts: layouts settle, text is being written."""
        self.seen.append(name)
        found = list(self._look(window))
        if found:
            self.rest(0.4)
            again = set(self._look(window)) if shiboken6.isValid(window) else set()
            self.found += [f"{name}: {said}" for said in found if said in again]


def walk(shell: Shell, folder: Path, look: Look, pause: float = 0.03) -> Walker:
    """Through everything, with the appliance in memory of the scene. pause: seconds for layouts to
    settle before each look."""
    walker = Walker(folder, shell, look, pause)
    scene = Scene(memory=True, work=folder, pictures=folder)
    scene.token = 0.01
    for scenario in SCENES:
        scenario(walker, shell, scene)
    return walker


def inside(window: QWidget) -> Iterator[QWidget]:
    """What can be seen of a window, without what Qt made for itself."""
    for widget in window.findChildren(QWidget):
        if not shiboken6.isValid(widget) or not widget.isVisible() or widget.window() is not window:
            continue
        if isinstance(widget, (QAbstractSlider, QHeaderView)) or _of_qt(widget):
            continue
        yield widget


def named(widget: QWidget) -> str:
    said = widget.accessibleName()
    if not said and isinstance(widget, (QLabel, QAbstractButton)):
        said = widget.text()
    return f"{type(widget).__name__} {widget.objectName()} “{said[:60]}”"


# --- names, order, focus ------------------------------------------------------------------


def nameless(window: QWidget) -> Iterator[str]:
    """Controls a screen reader would have no name for; windows as well."""
    for widget in (window, *inside(window)):
        if isinstance(widget, CONTROLS) or widget.isWindow():
            interface = QAccessible.queryAccessibleInterface(widget)
            said = interface.text(QAccessible.Text.Name) if interface is not None else ""
            if not said.strip():
                yield f"no name: {named(widget)}"
            elif interface is not None and interface.role() == QAccessible.Role.NoRole:
                yield f"no role: {named(widget)}"


def unreached(window: QWidget) -> Iterator[str]:
    """What takes the focus, but not by Tab; and Tab that does not come round."""
    wanted = {
        widget
        for widget in inside(window)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isEnabled()
        and widget.focusProxy() is None
    }
    mouse_only = [
        widget
        for widget in inside(window)
        if isinstance(widget, CONTROLS)
        and widget.isEnabled()
        and widget.focusPolicy() is Qt.FocusPolicy.ClickFocus
        and not _in_group(widget)
    ]
    yield from (f"only by mouse: {named(widget)}" for widget in mouse_only)
    reached = _tabbed(window, len(wanted) + 4)
    for widget in wanted - reached:
        if not _in_group(widget) and not (
            isinstance(widget, QAbstractScrollArea) and widget.focusWidget() in reached
        ):
            yield f"not by Tab: {named(widget)}"


def unseen_focus(seen: set[str]) -> Look:
    """Focus that changes too little of what is drawn. seen: kinds that were looked at before."""

    def look(window: QWidget) -> Iterator[str]:
        for widget in list(inside(window)):
            if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not widget.isEnabled():
                continue
            kind = f"{type(widget).__name__}{widget.objectName()}{widget.property('kind')}"
            if kind in seen or widget.focusProxy() is not None or widget.width() < 8:
                continue
            changed = _changed(window, widget)
            around = 2 * (widget.width() + widget.height())
            if changed >= min(around / 2, 160):
                seen.add(kind)
            else:
                yield f"focus not seen ({changed} of {around} pixels): {named(widget)}"

    return look


def _tabbed(window: QWidget, most: int) -> set[QWidget]:
    """Everything Tab comes to, once round."""
    reached: set[QWidget] = set()
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    if QApplication.focusWidget() is None:
        window.setFocus(Qt.FocusReason.OtherFocusReason)
    first = None
    for _ in range(3 * most):
        before = QApplication.focusWidget()
        QTest.keyClick(before or window, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is None:
            break
        reached.add(now)
        if first is None:
            first = now
        elif now is first and len(reached) > 1 and before is not first:
            break
    return reached


def _changed(window: QWidget, widget: QWidget) -> int:
    """Pixels that differ by 3:1 and more with the focus and without."""
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    had = QApplication.focusWidget()
    _bring_into_view(widget)
    area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-24, -24, 24, 24)
    area = area.intersected(window.rect())
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    if isinstance(widget, QAbstractItemView) and not widget.currentIndex().isValid():
        QTest.keyClick(widget, Qt.Key.Key_Down)
    with_ = window.grab(area).toImage()
    widget.clearFocus()
    without = window.grab(area).toImage()
    if had is not None and shiboken6.isValid(had):
        had.setFocus()
    return _different(without, with_)


def _bring_into_view(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()


def _different(one: QImage, other: QImage) -> int:
    known: dict[tuple[int, int], bool] = {}
    count = 0
    for y in range(min(one.height(), other.height())):
        for x in range(min(one.width(), other.width())):
            pair = one.pixel(x, y), other.pixel(x, y)
            if pair[0] != pair[1]:
                if pair not in known:
                    names = (f"#{value & 0xFFFFFF:06X}" for value in pair)
                    known[pair] = contrast(*names) >= 3
                count += known[pair]
    return count


# --- room ---------------------------------------------------------------------------------


def crowded(width: int, height: int) -> Look:
    """Text that is cut, widgets that lie on each other or stand out of what holds them."""

    def look(window: QWidget) -> Iterator[str]:
        if isinstance(window, QFileDialog):
            return
        if window.width() > width or window.height() > height:
            yield f"larger than the screen, {window.size().toTuple()}: {named(window)}"
        for widget in inside(window):
            said = _cut(widget)
            if said:
                yield f"{said}: {named(widget)}"
            yield from _outside(widget)
            yield from _overlaps(widget)

    return look


def _outside(widget: QWidget) -> Iterator[str]:
    parent = widget.parentWidget()
    if parent is None or isinstance(
        parent, (QAbstractItemView, QLineEdit, QComboBox, QAbstractSpinBox)
    ):
        return
    if _scrolled(parent):
        if widget.width() > parent.width() + 1 and not _scrolls_sideways(parent):
            yield f"wider than its view by {widget.width() - parent.width()}: {named(widget)}"
    elif not parent.rect().adjusted(-1, -1, 1, 1).contains(widget.geometry()):
        yield f"stands out of {named(parent)}: {named(widget)}"


def _cut(widget: QWidget) -> str:
    if isinstance(widget, PlainView):
        return _below(widget, int(widget.document().size().height()))
    if isinstance(widget, (Elided, QLineEdit, QComboBox)):
        return _below(widget, widget.fontMetrics().height())
    if isinstance(widget, QTableView):
        return _cut_heading(widget)
    return _cut_words(widget) if isinstance(widget, (QLabel, QAbstractButton)) else ""


def _cut_words(widget: QLabel | QAbstractButton) -> str:
    if not widget.text():
        return ""
    if isinstance(widget, QLabel) and widget.wordWrap():
        return _below(widget, widget.heightForWidth(widget.width()))
    need = widget.sizeHint().width() - 8 if isinstance(widget, Tick) else 0
    need = need or widget.minimumSizeHint().width()
    if need > widget.width() + 1:
        return f"cut by {need - widget.width()} at the side"
    return _below(widget, widget.minimumSizeHint().height() - 3)


def _below(widget: QWidget, need: int) -> str:
    return f"cut by {need - widget.height()} below" if need > widget.height() + 1 else ""


def _cut_heading(table: QTableView) -> str:
    head = table.horizontalHeader()
    for column in range(head.count()):
        title = str(table.model().headerData(column, Qt.Orientation.Horizontal) or "")
        need = head.fontMetrics().horizontalAdvance(title)
        if not head.isSectionHidden(column) and head.sectionSize(column) < need:
            return f"heading “{title}” cut by {need - head.sectionSize(column)}"
    return ""


def _overlaps(widget: QWidget) -> Iterator[str]:
    parent = widget.parentWidget()
    if parent is None or not _told(widget):
        return
    for other in parent.children():
        if (
            isinstance(other, QWidget)
            and other is not widget
            and other.isVisible()
            and _told(other)
            and id(other) > id(widget)
            and not _of_qt(other)
        ):
            shared = widget.geometry().intersected(other.geometry())
            if shared.width() > 1 and shared.height() > 1:
                yield f"on each other: {named(widget)} and {named(other)}"


def _told(widget: QWidget) -> bool:
    return isinstance(widget, (*CONTROLS, QLabel, Elided, QFrame))


def _scrolled(parent: QWidget) -> bool:
    holder = parent.parentWidget()
    return isinstance(holder, QAbstractScrollArea) and holder.viewport() is parent


def _scrolls_sideways(viewport: QWidget) -> bool:
    holder = viewport.parentWidget()
    off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    return isinstance(holder, QAbstractScrollArea) and holder.horizontalScrollBarPolicy() is not off


def _in_group(widget: QWidget) -> bool:
    """Of buttons of which one is chosen the arrow keys reach the others."""
    return isinstance(widget, QAbstractButton) and widget.group() is not None


def _of_qt(widget: QWidget) -> bool:
    if widget.objectName().startswith(("qt_", "ring")) or type(widget).__name__ in (
        "QSplitterHandle", "QTableCornerButton", "QComboBoxPrivateContainer", "QWidgetLineControl",
    ):  # fmt: skip
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(
            parent, (QLineEdit, QAbstractItemView, QComboBox, QAbstractSpinBox, QFileDialog)
        ):
            return True
        parent = parent.parentWidget()
    return False
