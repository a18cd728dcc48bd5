"""The size of text, 100 % to 200 %, and what grows with it.

Rules kept here: the size in force is read off the application's font, so that nothing has to be
told; a thing with a fixed size says so once (`fix`) and is fitted anew when text grows; edges and
marks of focus stay as thin as they are, and a control with the focus takes the same room as one
without.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QTableView,
    QWidget,
)

TEXT = 14
"""Pixels of plain text at 100 %."""
SIZES = (1.0, 1.25, 1.5, 1.75, 2.0)
LARGE = 1.5
SMALL = 700
"""A screen narrower than this, at 100 %: 1280 pixels scaled to 200 % are 640."""

_FIXED = "fixed_at_100"
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_LENGTH = re.compile(r"(-?\d+)px")
_GROWS = re.compile(r"\b(font-size|(?:min-|max-)?(?:width|height)|padding|border-radius): ([^;]*);")


def scale() -> float:
    """How large text is now, 1.0 for 100 %."""
    return QApplication.font().pixelSize() / TEXT if QApplication.font().pixelSize() > 0 else 1.0


def px(length: float) -> int:
    """A length given for 100 %, at the size in force."""
    return round(length * scale())


def tight() -> bool:
    """Whether things that stand beside each other go below each other: text is large, or the
    screen small."""
    screen = QApplication.primaryScreen()
    room = screen.availableGeometry().width() if screen is not None else SMALL
    return scale() >= LARGE or room / scale() < SMALL


def fix(
    widget: QWidget,
    width: int = 0,
    height: int = 0,
    *,
    least: int = 0,
    most: int = 0,
    rows: int = 0,
    icons: int = 0,
    half: bool = False,
) -> None:
    """A fixed width or height, or both, given for 100 %; they grow with text. least and
    most: of the width; rows: the height of a table's; icons: their size in a list, a table or a
    button; half: a quarter less where room is short."""
    widget.setProperty(_FIXED, (width, height, least, most, rows, icons, half))
    _fit(widget)


def refit(application: QApplication) -> None:
    """Text has another size: everything that was fixed is fitted anew."""
    for widget in application.allWidgets():
        if widget.property(_FIXED) is not None:
            _fit(widget)


def next_size(by: int) -> float:
    """The next larger or smaller of SIZES."""
    nearest = min(range(len(SIZES)), key=lambda at: abs(SIZES[at] - scale()))
    return SIZES[max(0, min(len(SIZES) - 1, nearest + by))]


def grown(sheet: str, size: float) -> str:
    """The style sheet with its text, heights and paddings at this size; its edges stay."""
    if size == 1.0:
        return sheet
    return _RULE.sub(lambda rule: _rule(rule[1], rule[2], size), sheet)


def _rule(selector: str, body: str, size: float) -> str:
    edge = 1 if ":focus" in selector else 0
    """A focused control's edge is one pixel thicker on each side, which the sheet takes off."""

    def declaration(found: re.Match[str]) -> str:
        if found[1] == "border-radius":  # Qt drops one above half the height: edges do not grow
            return _LENGTH.sub(
                lambda px_: f"{int(int(px_[1]) * size - 2 * (size - 1))}px", found[0]
            )
        less = {"padding": edge}.get(found[1], 2 * edge if found[1].endswith("height") else 0)
        lengths = _LENGTH.sub(
            lambda px_: f"{max(0, round((int(px_[1]) + less) * size) - less)}px", found[2]
        )
        return f"{found[1]}: {lengths};"

    return f"{selector}{{{_GROWS.sub(declaration, body)}}}"


def _fit(widget: QWidget) -> None:
    width, height, least, most, rows, icons, half = widget.property(_FIXED)
    if width:
        widget.setFixedWidth(round(px(width) * 3 / 4) if half and tight() else px(width))
    if height:
        widget.setFixedHeight(px(height))
    if least:
        widget.setMinimumWidth(px(least))
    if most:
        widget.setMaximumWidth(px(most))
    if rows and isinstance(widget, QTableView):
        widget.verticalHeader().setDefaultSectionSize(px(rows))
    if icons and isinstance(widget, (QAbstractItemView, QAbstractButton)):
        widget.setIconSize(QSize(px(icons), px(icons)))
